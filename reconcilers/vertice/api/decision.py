"""What a VerticeScaler tells: what it saw, what it decided and in which steps, what it remembers.

A decision holds every number that the next step begins with, so it can be told as a sentence and
gone through again without a cluster. Docstrings become the CRD's descriptions.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from informers.meta.microtime import MicroTime, Time
from reconcilers.vertice.api.measured import MetricType

MOST_TEXT = 512
Text = Annotated[str, Meta(max_length=MOST_TEXT)]
Count = Annotated[int, Meta(ge=0)]
Reason = Literal[
    "AsMeasured",
    "WithinTolerance",
    "HeldByWindow",
    "LimitedByPolicy",
    "LimitedPerHour",
    "AtMinimum",
    "AtMaximum",
    "BySchedule",
    "ByFallback",
    "ByPrediction",
    "Activated",
    "ScaledToZero",
    "Idle",
    "ScalingDisabled",
    "MetricsMissing",
    "MetricsRecovering",
    "NoPodReady",
]


class CurrentMetric(Struct, frozen=True, kw_only=True, rename="camel"):
    """What one metric was found to be."""

    type: MetricType
    """As in the spec, whose order is kept."""
    name: Text | UnsetType = UNSET
    """Which one, of a custom or external metric."""
    current: Text | UnsetType = UNSET
    """What it is: per cent of what is requested, an amount per pod, or an amount."""
    target: Text
    """What is aimed at, in the same form."""
    error: Text | UnsetType = UNSET
    """Why it cannot be told what it is."""


class ProposalStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many pods one metric asks for."""

    metric: Text
    """Which, in words."""
    replicas: int | UnsetType = UNSET
    """How many; nothing if it says nothing."""
    ratio: float | UnsetType = UNSET
    """What was measured, as a share of what is aimed at."""
    note: Text | UnsetType = UNSET
    """Why it says nothing, or less than it would."""


class BoundsStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """Between how many pods there could be."""

    least: int
    """At least."""
    most: int
    """At most."""
    by: Text
    """What says so: the spec, or an entry of the schedule."""


class WindowStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was asked for within the windows, the moment's own included."""

    least: int
    """The least within the window of going up: it goes up no further."""
    most: int
    """The most within the window of going down: it goes down no further."""


class LimitsStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """How far a change could go at the moment."""

    policies: int | UnsetType = UNSET
    """To so many pods, by the policies of its direction."""
    hour: int | UnsetType = UNSET
    """To so many, by what the hour had left."""


class DecisionStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a number of pods came about, step by step."""

    at: MicroTime
    """When."""
    generation: int = 0
    """The generation of the spec it was decided by."""
    current: int
    """How many pods there were to be before."""
    proposals: Annotated[tuple[ProposalStatus, ...], Meta(max_length=32)] = ()
    """What each metric asks for, and the fallback where it is one of them."""
    asked: int | UnsetType = UNSET
    """What they ask for together: the most of them."""
    predicted: int | UnsetType = UNSET
    """To how many pods what is foreseen raised that; nothing if it did not."""
    bounds: BoundsStatus
    """Between how many pods there could be."""
    window: WindowStatus | UnsetType = UNSET
    """What was asked for lately."""
    stabilized: int | UnsetType = UNSET
    """What the windows left of it."""
    limits: LimitsStatus | UnsetType = UNSET
    """How far a change could go."""
    replicas: int
    """What came of it."""
    guard: Text | UnsetType = UNSET
    """What kept it from being done, if something did."""
    reason: Reason
    """The step that decided, in a word."""
    message: Text
    """The same as a sentence."""


class Asked(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many pods were asked for at a moment."""

    replicas: Count
    """So many."""
    at: MicroTime
    """When."""


class Changed(Struct, frozen=True, kw_only=True, rename="camel"):
    """By how many pods it was changed at a moment."""

    by: Count
    """So many, without a sign."""
    at: MicroTime
    """When."""


class MetricMemory(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is remembered of one metric."""

    failures: Count = 0
    """Looks in a row that failed."""
    failed_at: MicroTime | UnsetType = UNSET
    """The last one that failed, while that matters: until a window after it nothing goes down."""


class History(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was asked for and done, as far as it still counts; a restart goes on with it."""

    recommendations: Annotated[tuple[Asked, ...], Meta(max_length=64)] = ()
    """What was asked for, without what a later one has overtaken."""
    ups: Annotated[tuple[Changed, ...], Meta(max_length=64)] = ()
    """Changes to more pods."""
    downs: Annotated[tuple[Changed, ...], Meta(max_length=64)] = ()
    """Changes to fewer."""
    metrics: Annotated[tuple[MetricMemory, ...], Meta(max_length=16)] = ()
    """Of each metric, in the order of the spec."""
    active_at: MicroTime | UnsetType = UNSET
    """When something last asked for at least one pod, where there may be none."""
    zeroed: bool = False
    """Whether the scaler took the last pod, or was about to; it brings back only those."""


class ScheduleStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the clock says."""

    entry: Text | UnsetType = UNSET
    """The entry in force, as its cron expression; nothing if there is none."""
    since: Time | UnsetType = UNSET
    """When it began."""
    next: Time | UnsetType = UNSET
    """When this changes next."""
