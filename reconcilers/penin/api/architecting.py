"""Who may change a PeninOmegaCluster beside its users, and how far: `spec.selfArchitecting`.

The block is the policy that every PeninProposal is held to. No proposal can change it, and nothing
that it does not allow is ever applied.
"""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field

from informers.meta.crd import map_list
from informers.meta.duration import Duration
from informers.meta.quantity import Quantity

_Set: Final = {"x-kubernetes-list-type": "set"}
FieldPattern = Annotated[
    str, Meta(min_length=1, max_length=128, pattern=r"^([a-zA-Z]+|\*)(\.([a-zA-Z]+|\*))*$")
]
Metric = Literal["alpha", "deltaLinf", "caosPlus", "srScore"]
Day = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
Mode = Literal["Automatic", "Supervised", "DryRun"]
TimeOfDay = Annotated[str, Meta(max_length=5, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Bound(Struct, frozen=True, kw_only=True, rename="camel"):
    """How far proposals may move a field."""

    field: Annotated[FieldPattern, Meta(examples=["replicas.sigmaGuard"])]
    """The field below spec, or several, as in replicas.*; the most exact bound counts."""
    min: Annotated[Quantity, Meta(examples=["1"])]
    """The least it may be; a number with a fraction is written as text, as in '0.5'."""
    max: Annotated[Quantity, Meta(examples=["5"])]
    """The most it may be."""
    step: Annotated[Quantity, Meta(examples=["1"])]
    """The most that one proposal may change it by, up or down."""


class FreezeWindow(Struct, frozen=True, kw_only=True, rename="camel"):
    """When nothing is to change, by the clock on the wall of a place."""

    days: Annotated[tuple[Day, ...], Meta(min_length=1, max_length=7, extra_json_schema=_Set)]
    """The days on which it begins."""
    from_: Annotated[TimeOfDay, Meta(examples=["18:00"])] = field(name="from")
    """When it begins."""
    to: Annotated[TimeOfDay, Meta(examples=["08:00"])]
    """When it ends; not after its beginning means on the next day."""
    zone: Annotated[str, Meta(min_length=1, max_length=64, examples=["Europe/Berlin"])] = "UTC"
    """The IANA name of the place; while one is unknown, nothing is applied."""


class Guard(Struct, frozen=True, kw_only=True, rename="camel"):
    """A figure of status.metrics that must not get worse while a change is on trial."""

    metric: Metric
    """Which one."""
    must_not: Literal["Fall", "Rise"] = "Fall"
    """What worse means."""
    absolute: Annotated[float, Meta(ge=0)] = 0.0
    """By how much it may get worse nonetheless."""
    relative: Annotated[float, Meta(ge=0, le=1)] = 0.05
    """The same as a share of the figure before the change; the larger of the two counts."""


class Mute(Struct, frozen=True, kw_only=True, rename="camel"):
    """When nobody listens any more to a proposer whose changes had to be taken back."""

    reverts: Annotated[int, Meta(ge=1, le=100)] = 3
    """After so many reverts."""
    window: Annotated[Duration, Meta(examples=["24h"])] = Duration.parse("24h")
    """Within so long; the proposer is heard again when they are that old."""


DEFAULT_FIELDS: Final = ("replicas.*", "resources.*", "config.*")
DEFAULT_BOUNDS: Final = (
    Bound(
        field="replicas.*",
        min=Quantity.parse("1"),
        max=Quantity.parse("5"),
        step=Quantity.parse("1"),
    ),
)


class SelfArchitecting(Struct, frozen=True, kw_only=True, rename="camel"):
    """What PeninProposals may change; no proposal can change this itself."""

    enabled: bool = False
    """Whether any is applied; switching it off takes back what is on trial."""
    mode: Mode = "Automatic"
    """Supervised: a person approves each one; DryRun: all is judged and nothing changed."""
    fields: Annotated[
        tuple[FieldPattern, ...],
        Meta(max_length=32, extra_json_schema=_Set, examples=[["replicas.*"]]),
    ] = DEFAULT_FIELDS
    """What may be changed: parts of replicas, resources and config, whatever else is named."""
    bounds: Annotated[
        tuple[Bound, ...], Meta(max_length=64, extra_json_schema=map_list("field"))
    ] = DEFAULT_BOUNDS
    """How far; a field without a bound cannot be changed."""
    max_per_day: Annotated[int, Meta(ge=1, le=100)] = 4
    """How many are applied within 24 hours."""
    cooldown: Annotated[Duration, Meta(examples=["30m"])] = Duration.parse("30m")
    """How long after the end of one the next is applied; doubled by each revert in a row."""
    mute: Mute = Mute()
    """When a proposer is not heard any more."""
    freeze_windows: Annotated[
        tuple[FreezeWindow, ...],
        Meta(max_length=16, extra_json_schema={"x-kubernetes-list-type": "atomic"}),
    ] = ()
    """When nothing is applied."""
    settle: Annotated[Duration, Meta(examples=["15m"])] = Duration.parse("15m")
    """How long the services may take to be ready after a change; longer takes it back."""
    soak: Annotated[Duration, Meta(examples=["10m"])] = Duration.parse("10m")
    """How long they then have to stay ready, and the guards to hold, before it is kept."""
    guards: Annotated[
        tuple[Guard, ...], Meta(max_length=4, extra_json_schema=map_list("metric"))
    ] = (Guard(metric="srScore"),)
    """The figures that must not get worse; that all services stay ready is always asked."""
    require_expected: bool = False
    """Whether a change is taken back as well if what its proposer expected does not come true."""
    history: Annotated[Duration, Meta(examples=["168h"])] = Duration.parse("168h")
    """How long ended proposals are kept, applied ones a day at least; the ledger keeps its own."""
