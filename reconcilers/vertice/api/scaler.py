"""The kind VerticeScaler: how many pods a workload has, by what is measured and by the clock.

After a change: `make generate`.
"""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from informers.meta.conditions import Condition
from informers.meta.crd import Column, Definition, Rule, map_list
from informers.meta.duration import Duration
from informers.meta.kinds import Kind
from informers.meta.microtime import Time
from informers.meta.object import Resource
from reconcilers.vertice.api import behavior, measured, prediction
from reconcilers.vertice.api.behavior import (
    MOST_REPLICAS,
    Behavior,
    Fallback,
    HourlyLimits,
    Replicas,
    ScheduleEntry,
)
from reconcilers.vertice.api.decision import (
    CurrentMetric,
    DecisionStatus,
    History,
    ScheduleStatus,
)
from reconcilers.vertice.api.lengths import timed
from reconcilers.vertice.api.measured import (
    GROUP_VERSION,
    MOST_METRICS,
    Metric,
    ObjectName,
    Prometheus,
)
from reconcilers.vertice.api.prediction import Prediction, PredictionStatus

VERTICE_SCALER: Final = Kind("vertice.io", "v1alpha1", "VerticeScaler", "verticescalers")
WORKLOADS: Final = ("Deployment", "StatefulSet", "ReplicaSet")
_APPS: Final = "apps/v1"
_KINDS: Final = ", ".join(repr(kind) for kind in WORKLOADS)


class Target(Struct, frozen=True, kw_only=True, rename="camel"):
    """The workload; only its scale is ever written."""

    api_version: Annotated[str, Meta(max_length=317, pattern=GROUP_VERSION)] | UnsetType = UNSET
    """Its group and version; apps/v1 for the three kinds of apps."""
    kind: Annotated[
        str,
        Meta(min_length=1, max_length=63, pattern=r"^[A-Z][A-Za-z0-9]*$", examples=["Deployment"]),
    ]
    """Deployment, StatefulSet, ReplicaSet, or any kind that has a scale."""
    name: Annotated[ObjectName, Meta(examples=["web"])]
    """Its name, in the namespace of the scaler."""

    @property
    def group_version(self) -> str:
        """The version in force."""
        return _APPS if self.api_version is UNSET else self.api_version

    @property
    def identity(self) -> tuple[str, str, str]:
        """What stays the same by whichever version of its group the workload is named."""
        return self.group_version.rpartition("/")[0], self.kind, self.name


class VerticeScalerSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which workload, between how many pods, and what decides."""

    target: Target
    """The workload; nothing else may scale it."""
    min_replicas: Replicas = 1
    """At least so many pods. None at all needs an external metric or a schedule to come back."""
    max_replicas: Annotated[int, Meta(ge=1, le=MOST_REPLICAS, examples=[20])]
    """At most so many."""
    metrics: Annotated[
        tuple[Metric, ...],
        Meta(
            max_length=MOST_METRICS,
            examples=[
                [
                    {"type": "cpu", "target": {"averageUtilization": 70}},
                    {
                        "type": "external",
                        "external": {
                            "query": 'sum(rate(http_requests_total{app="web"}[2m]))',
                            "target": "100",
                        },
                    },
                ]
            ],
        ),
    ] = ()
    """What is listened to; the metric that asks for most pods decides."""
    behavior: Behavior | UnsetType = UNSET
    """How fast the number may change. Without this block: up at each look, to the double or to 4 at
    most; down to what was the most that was asked for within 5 minutes, at once. With it, each
    direction has the defaults of its fields."""
    schedule: Annotated[tuple[ScheduleEntry, ...], Meta(max_length=64)] = ()
    """How many pods there are to be by the clock; the entry that began last is in force, and of
    two that begin at once the later one of the list."""
    prometheus: Annotated[
        Prometheus, Meta(examples=[{"address": "http://prometheus.monitoring:9090"}])
    ] = Prometheus()
    """Where external metrics are asked for."""
    prediction: Prediction | UnsetType = UNSET
    """What is foreseen of a metric, so that pods are there before they are needed; off without."""
    fallback: Fallback | UnsetType = UNSET
    """What metrics with `onMissing: fallback` ask for while they cannot be read."""
    cooldown: Annotated[Duration, Meta(examples=["5m"])] = Duration.parse("5m")
    """For how long no query may have been above its activation before the last pod goes, where
    minReplicas is 0. The window of scaleDown, 300 seconds by default, holds beside it."""
    limits: HourlyLimits = HourlyLimits()
    """How many pods may come and go within any hour."""
    pause: Literal["None", "Up", "Down", "Both"] = "None"
    """In which direction nothing is changed for now, though it is still decided and told."""
    preview: bool = False
    """Whether it is only told what would be done."""
    restore_replicas: bool = False
    """Whether the workload gets the number of pods back that it had, when the scaler is deleted."""


class VerticeScalerStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was seen, decided and done."""

    observed_generation: int | UnsetType = UNSET
    """The generation of the spec this status speaks of."""
    current_replicas: int | UnsetType = UNSET
    """How many pods there are."""
    desired_replicas: int | UnsetType = UNSET
    """How many there are to be."""
    current_metrics: Annotated[tuple[CurrentMetric, ...], Meta(max_length=16)] | UnsetType = UNSET
    """What was measured last."""
    last_scale_time: Time | UnsetType = UNSET
    """When the number was changed last."""
    schedule: ScheduleStatus | UnsetType = UNSET
    """What the clock says."""
    decision: DecisionStatus | UnsetType = UNSET
    """The last decision, step by step."""
    prediction: PredictionStatus | UnsetType = UNSET
    """What is foreseen, and how good that is."""
    history: History | UnsetType = UNSET
    """What the next decision continues from."""
    original_replicas: int | UnsetType = UNSET
    """How many pods there were before the first change."""
    selector: str | UnsetType = UNSET
    """Which pods are the workload's."""
    conditions: (
        Annotated[tuple[Condition, ...], Meta(extra_json_schema=map_list("type"))] | UnsetType
    ) = UNSET
    """Ready, AbleToScale, ScalingActive, ScalingLimited, ScaledToZero, and Paused."""


def _group_of(scaler: str) -> str:
    """Return the rule that says the group of a target; of the core group, its version."""
    version = f"{scaler}.spec.target.apiVersion"
    return f"(has({version}) ? {version}.split('/')[0] : 'apps')"


RULES: Final = (
    *behavior.RULES,
    *measured.RULES,
    *prediction.RULES,
    Rule(
        rule="(self.spec.target.kind == oldSelf.spec.target.kind && "
        "self.spec.target.name == oldSelf.spec.target.name && "
        f"{_group_of('self')} == {_group_of('oldSelf')}) || "
        "!has(oldSelf.status) || !has(oldSelf.status.originalReplicas)",
        message="a scaler that has scaled its target keeps it, with all that it remembers of it: "
        "delete it and make another one",
        field_path=".spec.target",
    ),
    Rule(
        path="spec.target",
        rule=f"has(self.apiVersion) || self.kind in [{_KINDS}]",
        message="say the apiVersion of a kind that is not one of apps/v1",
        field_path=".kind",
    ),
    Rule(
        path="spec",
        rule="(has(self.metrics) && self.metrics.size() > 0) || "
        "(has(self.schedule) && self.schedule.size() > 0)",
        message="say metrics, schedule or both: nothing else decides anything",
    ),
    Rule(
        path="spec",
        rule="self.minReplicas > 0 || (has(self.schedule) && self.schedule.size() > 0) || "
        "(has(self.metrics) && self.metrics.exists(x, x.type == 'external'))",
        message="with no pods there is no cpu or memory to measure: "
        "minReplicas 0 needs an external metric or a schedule",
        field_path=".minReplicas",
    ),
    Rule(
        path="spec",
        rule="has(self.fallback) || !has(self.metrics) || "
        "!self.metrics.exists(x, x.onMissing == 'fallback')",
        message="a metric has onMissing fallback, so say the fallback",
        field_path=".fallback",
    ),
    *timed(
        "spec",
        "cooldown",
        "duration(self.cooldown) >= duration('0s')",
        message="a time cannot be negative",
    ),
)


class VerticeScaler(Resource, frozen=True, kw_only=True, rename="camel"):
    """How many pods a workload has, by what is measured of it and by the clock."""

    definition: ClassVar[Definition] = Definition(
        kind=VERTICE_SCALER,
        short_names=("vsc",),
        categories=("vertice",),
        columns=(
            Column(
                name="Target",
                path=".spec.target.name",
                description="The workload.",
            ),
            Column(name="Min", path=".spec.minReplicas", type="integer", description="At least."),
            Column(name="Max", path=".spec.maxReplicas", type="integer", description="At most."),
            Column(
                name="Current",
                path=".status.currentReplicas",
                type="integer",
                description="How many pods there are.",
            ),
            Column(
                name="Desired",
                path=".status.desiredReplicas",
                type="integer",
                description="How many there are to be, also where something holds that.",
            ),
            Column(
                name="Ready",
                path='.status.conditions[?(@.type=="Ready")].status',
                description="Whether the target can be scaled and all metrics can be read.",
            ),
            Column(
                name="Reason",
                path='.status.conditions[?(@.type=="Ready")].reason',
                description="The step that decided, what holds its decision, or what is wrong.",
            ),
            Column(
                name="Last Scale",
                path=".status.lastScaleTime",
                type="date",
                description="When the number was changed last.",
            ),
            Column(
                name="Message",
                path='.status.conditions[?(@.type=="Ready")].message',
                description="The same as a sentence.",
                priority=1,
            ),
        ),
        rules=RULES,
    )

    spec: VerticeScalerSpec
    """Which workload, and what decides."""
    status: VerticeScalerStatus = VerticeScalerStatus()
    """What was seen, decided and done."""
