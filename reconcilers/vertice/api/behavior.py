"""How fast a VerticeScaler may change a workload, and what keeps it from doing so.

The names are the printed ones; what they mean is what `autoscaling/v2` means by its own. Docstrings
become the CRD's descriptions. After a change: `make generate`.
"""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from informers.meta.crd import Rule

LONGEST_WINDOW: Final = 3600
LONGEST_PERIOD: Final = 1800
MOST_REPLICAS: Final = 1_000_000
MOST_POLICIES: Final = 8
Replicas = Annotated[int, Meta(ge=0, le=MOST_REPLICAS)]


class ScalingPolicy(Struct, frozen=True, kw_only=True, rename="camel"):
    """By how much the number of pods may change within a period."""

    type: Annotated[Literal["Pods", "Percent"], Meta(examples=["Pods"])]
    """Whether the value is a number of pods, or per cent of those there were when the period
    began."""
    value: Annotated[int, Meta(ge=1, le=MOST_REPLICAS, examples=[4])]
    """By how many pods, or by how many per cent, within a period."""
    period: Annotated[int, Meta(ge=1, le=LONGEST_PERIOD, examples=[60])]
    """How long the period is that ends now, in seconds."""


class ScalingRules(Struct, frozen=True, kw_only=True, rename="camel"):
    """One direction."""

    stabilization_window: Annotated[int, Meta(ge=0, le=LONGEST_WINDOW)] | UnsetType = UNSET
    """For how many seconds a look remembers how many pods were asked for. scaleUp goes at most to
    the smallest number within its window, 0 by default; scaleDown at most to the largest number
    within its own, 300 by default."""
    select_policy: Literal["Max", "Min", "Disabled"] = "Max"
    """Which of several policies counts: the one that allows most, least; or no change at all."""
    policies: Annotated[tuple[ScalingPolicy, ...], Meta(max_length=MOST_POLICIES)] = ()
    """How fast it may change. Default of scaleUp: in 15 seconds by 4 pods or by 100 %, whichever is
    more. Default of scaleDown: in 15 seconds by 100 %, so at once."""
    tolerance: Annotated[float, Meta(ge=0, le=1)] | UnsetType = UNSET
    """How far what is measured may be from its target without a change: 0.1 is a tenth."""


class Behavior(Struct, frozen=True, kw_only=True, rename="camel"):
    """How fast it may change in each direction."""

    scale_up: ScalingRules = ScalingRules()
    """To more pods."""
    scale_down: ScalingRules = ScalingRules()
    """To fewer."""


class ScheduleEntry(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many pods there are to be from a time of the clock on."""

    cron: Annotated[str, Meta(min_length=1, max_length=256, examples=["0 8 * * 1-5"])]
    """When it begins, as five fields: minute, hour, day, month, day of the week. Without an end it
    holds until any entry begins: `0 8 * * 1-5` alone then holds at night and on weekends, too."""
    replicas: Annotated[Replicas, Meta(examples=[10])]
    """How many pods that is."""
    mode: Literal["floor", "exact", "ceiling"] = "floor"
    """At least so many, so many whatever is measured, or at most so many."""
    end: (
        Annotated[str, Meta(min_length=1, max_length=256, examples=["0 20 * * 1-5"])] | UnsetType
    ) = UNSET
    """When it ends, in the same form; without it, when any entry of the list begins the next
    time."""
    time_zone: Annotated[str, Meta(min_length=1, max_length=64, examples=["Europe/Berlin"])] = "UTC"
    """The place whose clocks count, by its IANA name."""


class Fallback(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is asked for when a metric with `onMissing: fallback` cannot be read."""

    replicas: Annotated[Replicas, Meta(examples=[5])]
    """So many pods; never fewer than what metrics ask for that can be read."""
    failure_threshold: Annotated[int, Meta(ge=1, le=1000)] = 3
    """After so many looks in a row that failed."""


class HourlyLimits(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many pods may come and go within any hour, whoever asks for it."""

    up: Annotated[int, Meta(ge=1, le=MOST_REPLICAS)] | UnsetType = UNSET
    """Pods more; without it, no limit."""
    down: Annotated[int, Meta(ge=1, le=MOST_REPLICAS)] | UnsetType = UNSET
    """Pods fewer; without it, no limit."""


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        path="spec",
        rule="self.minReplicas <= self.maxReplicas",
        message="minReplicas is above maxReplicas",
        field_path=".minReplicas",
    ),
    Rule(
        path="spec",
        rule="!has(self.schedule) || self.schedule.all(x, x.replicas <= self.maxReplicas)",
        message="an entry asks for more pods than maxReplicas",
        field_path=".schedule",
    ),
    Rule(
        path="spec",
        rule="!has(self.schedule) || "
        "self.schedule.all(x, x.mode != 'ceiling' || x.replicas >= self.minReplicas)",
        message="a ceiling is below minReplicas; to go below it, say mode exact",
        field_path=".schedule",
    ),
    Rule(
        path="spec",
        rule="!has(self.fallback) || (self.fallback.replicas >= self.minReplicas && "
        "self.fallback.replicas <= self.maxReplicas)",
        message="the fallback is not between minReplicas and maxReplicas",
        field_path=".fallback.replicas",
    ),
)
