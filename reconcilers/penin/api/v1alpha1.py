"""The kinds of penin.ai/v1alpha1.

Types say what a user may write and what comes back; docstrings become the CRD's descriptions and
the reference page. After a change: `make generate`.
"""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from informers.meta.conditions import Condition
from informers.meta.crd import Column, Definition, Rule, map_list
from informers.meta.kinds import Kind
from informers.meta.microtime import Time
from informers.meta.object import Resource
from reconcilers.penin.api.architecting import SelfArchitecting
from reconcilers.penin.api.operation import (
    Images,
    NetworkPolicy,
    Placement,
    Rollout,
    Secrets,
)
from reconcilers.penin.api.spec import (
    AutoScaling,
    Config,
    Observability,
    ServiceReplicas,
    ServiceResources,
    Storage,
)

PENIN_OMEGA_CLUSTER: Final = Kind(
    "penin.ai", "v1alpha1", "PeninOmegaCluster", "peninaomegaclusters"
)
"""The plural has an a more than the kind: that is how the specification prints it."""

_NOT_NEGATIVE: Final = (">= duration('0s')", "cannot be negative")
_LONG_ENOUGH: Final = (">= duration('1s')", "is a second at least, or nothing is ever in time")
_DURATIONS: Final = (
    ("rollout", "progressDeadline", *_LONG_ENOUGH),
    ("rollout", "soak", *_NOT_NEGATIVE),
    ("selfArchitecting", "settle", *_LONG_ENOUGH),
    ("selfArchitecting", "soak", *_NOT_NEGATIVE),
    ("selfArchitecting", "cooldown", *_NOT_NEGATIVE),
)

Phase = Literal["Pending", "Creating", "Running", "Updating", "Failed", "Terminating"]


class PeninOmegaClusterSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the user wants of a cluster; everything has a default."""

    version: Annotated[
        str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")
    ] = "0.9.0"
    """The release of PENIN-Ω, which is the tag of its images."""
    replicas: ServiceReplicas = ServiceReplicas()
    """How many pods each service has, unless autoScaling decides."""
    resources: ServiceResources = ServiceResources()
    """What the pods of each service may use."""
    config: Config = Config()
    """The settings of PENIN-Ω itself."""
    observability: Observability = Observability()
    """What can be seen of the services."""
    storage: Storage = Storage()
    """What the cluster keeps."""
    auto_scaling: AutoScaling = AutoScaling()
    """Lets the load decide how many pods services have."""
    images: Images = Images()
    """Where images come from."""
    secrets: Secrets = Secrets()
    """What the services must not read from the spec."""
    placement: Placement = Placement()
    """Where pods run."""
    network_policy: NetworkPolicy = NetworkPolicy()
    """Who may talk to the pods."""
    rollout: Rollout = Rollout()
    """How a change reaches the services."""
    self_architecting: SelfArchitecting = SelfArchitecting()
    """What PeninProposals may change, and how far."""
    deletion_protection: bool = False
    """Whether deleting the cluster is refused until this is false again."""


class ServiceStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was found of one service."""

    ready: bool
    """Whether all wanted pods are ready, of the revision that is wanted."""
    replicas: int
    """Pods wanted."""
    ready_replicas: int
    """Pods ready."""
    revision: str | UnsetType = UNSET
    """The revision of its settings that the service has, or is on its way to."""


class ServicesStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was found of each service."""

    omega_meta: ServiceStatus | UnsetType = UNSET
    """Ω-META."""
    sigma_guard: ServiceStatus | UnsetType = UNSET
    """Σ-Guard."""
    sr_omega_infinity: ServiceStatus | UnsetType = UNSET
    """SR-Ω∞."""
    acfa_league: ServiceStatus | UnsetType = UNSET
    """The ACFA League."""
    redis: ServiceStatus | UnsetType = UNSET
    """Redis, where the cluster has one."""


class MetricsStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the services measure of themselves; a figure that cannot be had is absent."""

    alpha: float | UnsetType = UNSET
    """The current α_t^Ω."""  # noqa: RUF001 - its name
    delta_linf: float | UnsetType = UNSET
    """The change in the L∞ score."""
    caos_plus: float | UnsetType = UNSET
    """The CAOS+ amplification."""
    sr_score: float | UnsetType = UNSET
    """The self-reflection score."""


class RolloutStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """How far a change has come."""

    revision: str | UnsetType = UNSET
    """The revision that all services have, or are to have."""
    good: str | UnsetType = UNSET
    """The last revision that all services were ready with: where a rollback goes."""
    failed: str | UnsetType = UNSET
    """A revision that got stuck and was rolled back; it is not tried again."""
    service: str | UnsetType = UNSET
    """The service that is being changed."""
    since: Time | UnsetType = UNSET
    """When its turn began; it has rollout.progressDeadline from then on."""


class Measured(Struct, frozen=True, kw_only=True, rename="camel"):
    """The part of a cluster's status that is measured, and written apart from the rest."""

    metrics: MetricsStatus | UnsetType = UNSET
    """What the services measure of themselves."""


class Found(Struct, frozen=True, kw_only=True, rename="camel"):
    """The part of a cluster's status that is found by looking at its children."""

    observed_generation: int | UnsetType = UNSET
    """The generation of the spec this status speaks of."""
    phase: Phase | UnsetType = UNSET
    """The state of the whole cluster."""
    services: ServicesStatus | UnsetType = UNSET
    """What was found of each service."""
    rollout: RolloutStatus | UnsetType = UNSET
    """How far a change has come."""
    ready_services: str | UnsetType = UNSET
    """How many of the services are ready, for the printed column."""
    conditions: (
        Annotated[tuple[Condition, ...], Meta(extra_json_schema=map_list("type"))] | UnsetType
    ) = UNSET
    """Ready, and what else there is to say."""
    last_update_time: Time | UnsetType = UNSET
    """When the operator last wrote this status."""


class PeninOmegaClusterStatus(Found, frozen=True, kw_only=True, rename="camel"):
    """What was found of a cluster."""

    metrics: MetricsStatus | UnsetType = UNSET
    """What the services measure of themselves."""


class PeninOmegaCluster(Resource, frozen=True, kw_only=True, rename="camel"):
    """One PENIN-Ω: four services, their cache, their ledger, and what makes them reachable."""

    definition: ClassVar[Definition] = Definition(
        kind=PENIN_OMEGA_CLUSTER,
        singular="peninomegacluster",
        short_names=("penin", "peninomegaclusters"),
        categories=("penin-omega",),
        columns=(
            Column(name="Phase", path=".status.phase", description="The state of the whole."),
            Column(name="Version", path=".spec.version", description="As wanted."),
            Column(name="Services", path=".status.readyServices", description="Ready of all."),
            Column(
                name="Ready",
                path='.status.conditions[?(@.type=="Ready")].status',
                description="Whether all services are healthy.",
            ),
            Column(
                name="Paused",
                path='.status.conditions[?(@.type=="Paused")].status',
                description="Whether people asked to leave it alone.",
                priority=1,
            ),
            Column(
                name="Message",
                path='.status.conditions[?(@.type=="Ready")].message',
                description="Why it is, or is not.",
                priority=1,
            ),
        ),
        rules=(
            Rule(
                rule="self.metadata.name.matches('^[a-z]([-a-z0-9]{0,43}[a-z0-9])?$')",
                message="the name becomes part of Service names: use at most 45 of a-z, 0-9 and "
                "'-', with a letter first and no '-' at the end",
            ),
            Rule(
                path="spec.autoScaling",
                rule="self.minReplicas <= self.maxReplicas",
                message="minReplicas is above maxReplicas",
                field_path=".minReplicas",
            ),
            *(
                Rule(
                    path=f"spec.{block}",
                    rule=f"duration(self.{name}) {limit}",
                    message=f"{name} {words}",
                    field_path=f".{name}",
                )
                for block, name, limit, words in _DURATIONS
            ),
            Rule(
                path="spec.selfArchitecting",
                rule="duration(self.mute.window) <= duration(self.history)",
                message="who is to be muted is known from proposals: keep their history as long",
                field_path=".history",
            ),
            Rule(
                path="spec.storage.wormLedger",
                rule="quantity(self.size).isGreaterThan(quantity('0'))",
                message="a ledger needs some room",
                field_path=".size",
            ),
        ),
    )

    spec: PeninOmegaClusterSpec = PeninOmegaClusterSpec()
    """What the user wants."""
    status: PeninOmegaClusterStatus = PeninOmegaClusterStatus()
    """What was found."""
