"""How a PeninOmegaCluster is run: images, secrets, placement, network, rollouts.

The blocks of `spec` that the specification leaves to us; those it prints are in `spec`.
"""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from informers.meta.duration import Duration

_Set: Final = {"x-kubernetes-list-type": "set"}
Name = Annotated[str, Meta(min_length=1, max_length=253)]
Image = Annotated[str, Meta(min_length=1, max_length=512)]


class ServiceImages(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whole image names, with tag or digest, for services apart from registry and version."""

    omega_meta: Image | UnsetType = UNSET
    """The image of Ω-META."""
    sigma_guard: Image | UnsetType = UNSET
    """The image of Σ-Guard."""
    sr_omega_infinity: Image | UnsetType = UNSET
    """The image of SR-Ω∞."""
    acfa_league: Image | UnsetType = UNSET
    """The image of the ACFA League."""
    redis: Image | UnsetType = UNSET
    """The image of Redis."""


class Images(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where images come from: REGISTRY/penin-SERVICE:VERSION unless a service has its own."""

    registry: Annotated[str, Meta(min_length=1, max_length=255)] = "ghcr.io/danielgonzagat"
    """Host and path before the images' names."""
    pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    """When a node asks the registry."""
    pull_secrets: Annotated[
        tuple[Name, ...], Meta(max_length=16, extra_json_schema=_Set, examples=[["registry"]])
    ] = ()
    """Secrets of the namespace that open the registry."""
    services: ServiceImages = ServiceImages()
    """Images of single services."""


class SecretKey(Struct, frozen=True, kw_only=True, rename="camel"):
    """One value of a Secret in the namespace of the cluster."""

    name: Name
    """The Secret."""
    key: Annotated[str, Meta(min_length=1, max_length=253)]
    """Its key."""


class Secrets(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the services must not read from the spec; a changed value restarts those that use it."""

    openai_api_key: SecretKey = SecretKey(name="penin-secrets", key="openai-api-key")
    """For Ω-META and the ACFA League, as OPENAI_API_KEY; without it they run, and cannot ask."""
    redis_password: SecretKey = SecretKey(name="penin-secrets", key="redis-password")
    """For Redis and all services, as REDIS_PASSWORD; without it one is made once and kept."""


class Placement(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where pods run and how many may be away at a time."""

    node_selector: Annotated[
        dict[str, Annotated[str, Meta(max_length=63)]], Meta(max_length=16)
    ] = {}
    """Labels that a node must have."""
    spread: bool = True
    """Whether the pods of a service are spread over nodes and zones as well as possible."""
    disruption_budgets: bool = True
    """Whether at most one pod of a service with several is drained at a time."""


class NetworkPolicy(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who may talk to the pods; enforced only where the network of the cluster does so."""

    enabled: bool = True
    """Whether only the cluster, its operator and monitoring may, and DNS and HTTPS lead outside."""
    monitoring_namespace: Annotated[str, Meta(max_length=63)] = "monitoring"
    """The namespace whose pods may read /metrics; empty lets those of all namespaces."""


class Rollout(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a change of version or settings reaches the services: one at a time, each when ready."""

    progress_deadline: Annotated[Duration, Meta(examples=["10m"])] = Duration.parse("10m")
    """How long one service may take before the rollout counts as stuck and stops."""
    soak: Annotated[Duration, Meta(examples=["30s"])] = Duration.parse("0s")
    """How long a service has to stay ready before the next one is changed."""
    rollback: bool = False
    """Whether a stuck rollout goes back to what ran before, until the spec changes again."""
    history: Annotated[int, Meta(ge=1, le=20)] = 3
    """How many earlier revisions are kept, to go back to."""
