"""PeninProposal: somebody, mostly SR-Ω∞, proposes to change a PeninOmegaCluster.

The change is a typed part of the cluster's spec; what may never be changed has no place in it. Who
proposes is stamped at admission from what the API server knows, and everything below `spec` is
fixed from then on. After a change: `make generate`.
"""

from typing import Annotated, Any, ClassVar, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from informers.meta.conditions import Condition
from informers.meta.crd import Column, Definition, Rule, map_list
from informers.meta.duration import Duration
from informers.meta.kinds import Kind
from informers.meta.microtime import MicroTime
from informers.meta.object import Resource
from reconcilers.penin.api.architecting import Metric
from reconcilers.penin.api.partial import ConfigChange, SizeChange
from reconcilers.penin.api.spec import Replicas
from reconcilers.penin.api.v1alpha1 import MetricsStatus

PENIN_PROPOSAL: Final = Kind("penin.ai", "v1alpha1", "PeninProposal", "peninproposals")

ProposalPhase = Literal[
    "Pending",
    "AwaitingApproval",
    "Applied",
    "Rejected",
    "DryRun",
    "Kept",
    "Reverted",
    "Superseded",
    "Expired",
]


class ReplicasChange(Struct, frozen=True, kw_only=True, rename="camel"):
    """Other numbers of pods."""

    omega_meta: Replicas | UnsetType = UNSET
    """Pods of Ω-META."""
    sigma_guard: Replicas | UnsetType = UNSET
    """Pods of Σ-Guard."""
    sr_omega_infinity: Replicas | UnsetType = UNSET
    """Pods of SR-Ω∞."""
    acfa_league: Replicas | UnsetType = UNSET
    """Pods of the ACFA League."""


class ResourcesChange(Struct, frozen=True, kw_only=True, rename="camel"):
    """Other sizes of pods."""

    omega_meta: SizeChange | UnsetType = UNSET
    """Of Ω-META."""
    sigma_guard: SizeChange | UnsetType = UNSET
    """Of Σ-Guard."""
    sr_omega_infinity: SizeChange | UnsetType = UNSET
    """Of SR-Ω∞."""
    acfa_league: SizeChange | UnsetType = UNSET
    """Of the ACFA League."""


class Change(Struct, frozen=True, kw_only=True, rename="camel"):
    """Single fields of the cluster's spec and what they should be; all others stay."""

    replicas: Annotated[ReplicasChange, Meta(examples=[{"sigmaGuard": 3}])] | UnsetType = UNSET
    """Numbers of pods."""
    resources: ResourcesChange | UnsetType = UNSET
    """Sizes of pods."""
    config: ConfigChange | UnsetType = UNSET
    """Settings."""


class Expected(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the proposer says the change will do."""

    metric: Metric
    """A figure of status.metrics."""
    direction: Literal["Rise", "Fall"] = "Rise"
    """Where it will go."""
    by: Annotated[float, Meta(ge=0)] = 0.0
    """By how much at least."""


class Proposer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who proposes, as the API server knows them."""

    username: Annotated[str, Meta(max_length=512)] = ""
    """The name, as in system:serviceaccount:default:penin-dev-sr-omega-infinity."""
    uid: Annotated[str, Meta(max_length=128)] = ""
    """The uid, where the API server knows one."""


class PeninProposalSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is proposed; fixed from the moment it is."""

    cluster: Annotated[str, Meta(min_length=1, max_length=45, examples=["penin-dev"])]
    """The PeninOmegaCluster of this namespace that is to change."""
    change: Change
    """What is to change."""
    rationale: Annotated[str, Meta(max_length=4096)] = ""
    """Why, for the people who read the ledger."""
    expected: Expected | UnsetType = UNSET
    """What it will do."""
    ttl: Annotated[Duration, Meta(examples=["1h"])] = Duration.parse("1h")
    """How long it may wait until it is applied."""
    proposer: Proposer = Proposer()
    """Filled in at admission; leave it out."""


class FieldBefore(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a field was before the change, and whose."""

    field: str
    """The field below spec."""
    value: Any = None
    """What it was; absent if it was not there."""
    after: Any = None
    """What the change made of it."""
    owners: tuple[str, ...] = ()
    """Its field managers, as MANAGER/OPERATION."""


class LedgerReference(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where in the ledger a decision stands."""

    sequence: int
    """Its number."""
    hash: str
    """The SHA-256 of its bytes."""


class PeninProposalStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of a proposal."""

    observed_generation: int | UnsetType = UNSET
    """The generation of the spec this status speaks of."""
    phase: ProposalPhase | UnsetType = UNSET
    """How far it has come."""
    reason: str | UnsetType = UNSET
    """Why, in one word."""
    message: str | UnsetType = UNSET
    """Why, in a sentence."""
    before: (
        Annotated[tuple[FieldBefore, ...], Meta(max_length=64, extra_json_schema=map_list("field"))]
        | UnsetType
    ) = UNSET
    """Exactly the fields it touches, as they were: what a revert puts back."""
    baseline: MetricsStatus | UnsetType = UNSET
    """The figures before the change."""
    result: MetricsStatus | UnsetType = UNSET
    """The figures when it was judged."""
    applied_at: MicroTime | UnsetType = UNSET
    """When the cluster was changed."""
    settled_at: MicroTime | UnsetType = UNSET
    """Since when all services are ready with it."""
    settled_generation: int | UnsetType = UNSET
    """The generation of the cluster that they are ready with."""
    finished_at: MicroTime | UnsetType = UNSET
    """When all was done."""
    ledger: LedgerReference | UnsetType = UNSET
    """The last decision about it."""
    conditions: (
        Annotated[tuple[Condition, ...], Meta(extra_json_schema=map_list("type"))] | UnsetType
    ) = UNSET
    """Applied and Finished."""


class PeninProposal(Resource, frozen=True, kw_only=True, rename="camel"):
    """A change of a PeninOmegaCluster that is judged, tried, and kept or taken back."""

    definition: ClassVar[Definition] = Definition(
        kind=PENIN_PROPOSAL,
        short_names=("pprop",),
        categories=("penin-omega",),
        columns=(
            Column(name="Cluster", path=".spec.cluster", description="What is to change."),
            Column(name="Phase", path=".status.phase", description="How far it has come."),
            Column(name="Reason", path=".status.reason", description="Why."),
            Column(name="Proposer", path=".spec.proposer.username", description="Who proposes."),
            Column(
                name="Paused",
                path='.status.conditions[?(@.type=="Paused")].status',
                description="Whether people asked to leave it alone.",
                priority=1,
            ),
            Column(name="Message", path=".status.message", description="Why.", priority=1),
        ),
        rules=(
            Rule(
                path="spec",
                rule="self == oldSelf",
                message="a proposal cannot be changed: make another one",
            ),
            Rule(
                path="spec.change",
                rule="has(self.replicas) || has(self.resources) || has(self.config)",
                message="nothing would change: name at least one field",
            ),
        ),
    )

    spec: PeninProposalSpec
    """What is proposed."""
    status: PeninProposalStatus = PeninProposalStatus()
    """What became of it."""
