"""What a user may write into a PeninOmegaCluster, block by block.

Every block and every field may be left out, because people patch single leaves; the defaults are
in the CRD, so `kubectl get -o yaml` shows what is in force. Docstrings become the CRD's
descriptions and the reference page. After a change: `make generate`.
"""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field

from informers.meta.quantity import Quantity

Replicas = Annotated[int, Meta(ge=0, le=100)]
Service = Literal["omegaMeta", "sigmaGuard", "srOmegaInfinity", "acfaLeague"]
EVERY_SERVICE: Final[tuple[Service, ...]] = (
    "omegaMeta",
    "sigmaGuard",
    "srOmegaInfinity",
    "acfaLeague",
)


class ServiceReplicas(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many pods each service has; 0 stops a service on purpose."""

    omega_meta: Replicas = 1
    """Pods of Ω-META, the orchestrator."""
    sigma_guard: Replicas = 1
    """Pods of Σ-Guard, the security gates."""
    sr_omega_infinity: Replicas = 1
    """Pods of SR-Ω∞, the self-reflection."""
    acfa_league: Replicas = 1
    """Pods of the ACFA League, the evolution."""


class Resources(Struct, frozen=True, kw_only=True, rename="camel"):
    """What one pod may use; it is promised as much, so it is not evicted for others' sake."""

    cpu: Annotated[Quantity, Meta(examples=["500m"])] = Quantity.parse("250m")
    """Cores, both requested and the limit."""
    memory: Annotated[Quantity, Meta(examples=["512Mi"])] = Quantity.parse("256Mi")
    """Bytes, both requested and the limit."""


class ServiceResources(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the pods of each service may use."""

    omega_meta: Resources = Resources()
    """For a pod of Ω-META."""
    sigma_guard: Resources = Resources()
    """For a pod of Σ-Guard."""
    sr_omega_infinity: Resources = Resources()
    """For a pod of SR-Ω∞."""
    acfa_league: Resources = Resources()
    """For a pod of the ACFA League."""


class CaosPlus(Struct, frozen=True, kw_only=True, rename="camel"):
    """The CAOS+ amplification; read by Ω-META and SR-Ω∞."""

    max_boost: Annotated[float, Meta(ge=0, le=1)] = 0.05
    """The most that one step may amplify, as a ratio."""
    kappa: Annotated[float, Meta(ge=0)] = 20.0
    """How steep the amplification is; 0 does not amplify."""


class SigmaGuard(Struct, frozen=True, kw_only=True, rename="camel"):
    """The gates of Σ-Guard, the only service that reads them."""

    ece_threshold: Annotated[float, Meta(ge=0, le=1)] = 0.01
    """The largest expected calibration error that passes."""
    bias_threshold: Annotated[float, Meta(ge=1)] = 1.05
    """The largest ratio of bias that passes; 1 is none."""


class Evolution(Struct, frozen=True, kw_only=True, rename="camel"):
    """The evolution; read by Ω-META and the ACFA League."""

    seed: Annotated[int, Meta(ge=0, le=2**53)] = 12345
    """Makes random choices repeatable."""


class Config(Struct, frozen=True, kw_only=True, rename="camel"):
    """The settings of PENIN-Ω itself; a change restarts the services that read it, no others."""

    budget_daily_usd: Annotated[float, Meta(ge=0)] = 5.0
    """US dollars a day; counted and kept by Ω-META and the ACFA League, who spend them."""
    caos_plus: CaosPlus = CaosPlus()
    """The CAOS+ amplification."""
    sigma_guard: SigmaGuard = SigmaGuard()
    """The security gates."""
    evolution: Evolution = Evolution()
    """The evolution."""


class Logging(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the services log, as JSON on standard output."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least important lines that are written."""


class Observability(Struct, frozen=True, kw_only=True, rename="camel"):
    """What can be seen of the services."""

    metrics: bool = True
    """Whether pods are marked for Prometheus, and their figures shown in status.metrics."""
    service_monitor: bool = False
    """Whether a ServiceMonitor is made, for the Prometheus operator; needs metrics."""
    tracing: bool = True
    """Whether the services send traces; they do once tracingEndpoint says where to."""
    tracing_endpoint: Annotated[str, Meta(max_length=2048)] = ""
    """An OTLP endpoint, such as http://collector.monitoring:4317; empty sends nothing."""
    logging: Logging = Logging()
    """What the services log."""


class WormLedger(Struct, frozen=True, kw_only=True, rename="camel"):
    """The ledger that is only ever written to: every decision about this cluster, on a volume."""

    enabled: bool = False
    """Whether there is one; switching it off later keeps the volume."""
    storage_class: Annotated[str, Meta(max_length=253)] = ""
    """The StorageClass, only for a new ledger; empty takes the cluster's default."""
    size: Annotated[Quantity, Meta(examples=["10Gi"])] = Quantity.parse("10Gi")
    """How much it can hold; may grow where the StorageClass allows it, never shrink."""
    deletion_policy: Literal["Retain", "Delete"] = "Retain"
    """Whether the volume outlives the cluster."""


class Cache(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the services keep what they can compute again."""

    enabled: bool = True
    """Whether they cache at all."""
    type: Literal["redis", "memory"] = "memory"
    """redis: a Redis of the cluster's own; memory: each pod for itself."""
    resources: Resources = Resources()
    """For the pod of Redis; of three quarters of its memory it forgets what is used least."""


class Storage(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the cluster keeps."""

    worm_ledger: WormLedger = WormLedger()
    """The ledger."""
    cache: Cache = Cache()
    """The cache."""


class AutoScaling(Struct, frozen=True, kw_only=True, rename="camel"):
    """Lets HorizontalPodAutoscalers decide how many pods services have, instead of replicas."""

    enabled: bool = False
    """Whether they do."""
    min_replicas: Annotated[int, Meta(ge=1, le=100)] = 1
    """The fewest pods of each service."""
    max_replicas: Annotated[int, Meta(ge=1, le=1000)] = 10
    """The most pods of each service."""
    target_cpu: Annotated[int, Meta(ge=1, le=1000)] = field(name="targetCPU", default=70)
    """Per cent of the requested cores that are to be in use."""
    target_memory: Annotated[int, Meta(ge=1, le=1000)] = 80
    """Per cent of the requested memory that is to be in use."""
    services: Annotated[
        tuple[Service, ...], Meta(max_length=4, extra_json_schema={"x-kubernetes-list-type": "set"})
    ] = EVERY_SERVICE
    """Which services; all four unless said otherwise."""
