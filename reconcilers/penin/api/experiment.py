"""The kind PeninExperiment: a change of one service, tried on some of its pods and judged.

After a change: `make generate`.
"""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from informers.meta.conditions import Condition
from informers.meta.crd import Column, Definition, Rule, map_list
from informers.meta.duration import Duration
from informers.meta.kinds import Kind
from informers.meta.object import Resource
from reconcilers.penin.api.evidence import (
    ArmStatus,
    EffectStatus,
    ExperimentState,
    ExperimentTimes,
    GuardMetric,
    Guards,
    SampleRatioStatus,
    WeightStatus,
)
from reconcilers.penin.api.operation import Image
from reconcilers.penin.api.partial import ConfigChange, SizeChange
from reconcilers.penin.api.spec import Service

MOST_TEXT: Final = 2048
"""Letters of a message in its status."""

PENIN_EXPERIMENT: Final = Kind("penin.ai", "v1alpha1", "PeninExperiment", "peninexperiments")
PROMOTE: Final = "penin.ai/promote"
"""The annotation by which a person promotes a challenger that won."""

READS: Final[dict[str, tuple[Service, ...]]] = {
    "budgetDailyUsd": ("omegaMeta", "acfaLeague"),
    "caosPlus": ("omegaMeta", "srOmegaInfinity"),
    "evolution": ("omegaMeta", "acfaLeague"),
    "sigmaGuard": ("sigmaGuard",),
}
"""Which services read which settings: others would be the same with them and without."""
_FIXED: Final = (
    "cluster",
    "service",
    "challenger",
    "weight",
    "primary",
    "guards",
    "alpha",
    "minimumSamples",
    "minimumDuration",
    "maximumDuration",
    "warmUp",
    "interval",
    "progressDeadline",
    "sampleRatioTolerance",
)

ExperimentPhase = Literal["Pending", "Starting", "WarmUp", "Running", "Finished"]
Verdict = Literal["Win", "Lose", "Inconclusive"]
_Ratio = Annotated[float, Meta(ge=0, le=1)]


class Challenger(Struct, frozen=True, kw_only=True, rename="camel"):
    """How the challenger differs from what the cluster runs: at least one of these."""

    version: (
        Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")]
        | UnsetType
    ) = UNSET
    """Another release of this service, from the cluster's registry."""
    image: Image | UnsetType = UNSET
    """A whole image name instead."""
    config: ConfigChange | UnsetType = UNSET
    """Other settings; only those that its service reads."""
    resources: SizeChange | UnsetType = UNSET
    """Other amounts of cores and memory."""


class Primary(Struct, frozen=True, kw_only=True, rename="camel"):
    """The one metric that decides, once no guard objects."""

    type: Literal["successRatio", "gauge", "histogram"] = "successRatio"
    """Requests not answered with 5xx; the mean of a gauge; the mean of a histogram's samples."""
    metric: (
        Annotated[str, Meta(max_length=128, pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")] | UnsetType
    ) = UNSET
    """The gauge or histogram, without _sum and _count."""
    direction: Literal["Higher", "Lower"] = "Higher"
    """Which way is better."""
    minimum_effect: Annotated[float, Meta(gt=0, examples=[0.01])]
    """The smallest difference of the means that matters."""


class Guard(Struct, frozen=True, kw_only=True, rename="camel"):
    """What must not get worse, however good the primary metric is: a maximum, a margin or both."""

    metric: GuardMetric
    """5xx among requests; the 99th percentile of their duration in seconds; container restarts."""
    maximum: Annotated[float, Meta(ge=0)] | UnsetType = UNSET
    """What the challenger may reach; of restarts, all its pods together."""
    margin: Annotated[float, Meta(gt=0)] | UnsetType = UNSET
    """By how much it may be above the champion; of restarts, per pod."""


class PeninExperimentSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is tried, and by what it is judged; only promotion may be changed later."""

    cluster: Annotated[str, Meta(min_length=1, max_length=45)]
    """A PeninOmegaCluster of the namespace."""
    service: Service
    """The service that is tried; one experiment at a time."""
    challenger: Challenger
    """What is different."""
    weight: Annotated[int, Meta(ge=1, le=50)] = 20
    """Per cent of the pods that are to be the challenger's, as near as whole pods come."""
    primary: Primary
    """The metric that decides."""
    guards: Annotated[
        tuple[Guard, ...], Meta(max_length=3, extra_json_schema=map_list("metric"))
    ] = (Guard(metric="restarts", maximum=0.0),)
    """What comes first: one that fails is a defeat, one without data leaves it open."""
    alpha: Annotated[float, Meta(ge=0.0001, le=0.5)] = 0.05
    """How often a verdict of win or lose may be wrong where there is no difference."""
    minimum_samples: Annotated[int, Meta(ge=1, le=10**12)] = 1000
    """Samples of each arm before the primary metric decides anything."""
    minimum_duration: Annotated[Duration, Meta(examples=["1h"])] = Duration.parse("1h")
    """For how long a challenger is measured before it can win; a day sees all of a day's load."""
    maximum_duration: Annotated[Duration, Meta(examples=["24h"])] = Duration.parse("24h")
    """After how long of measuring the champion stays."""
    warm_up: Annotated[Duration, Meta(examples=["2m"])] = Duration.parse("2m")
    """How long the challenger is ready before measuring begins."""
    interval: Annotated[Duration, Meta(examples=["30s"])] = Duration.parse("30s")
    """How often pods are read; longer than what makes one reading depend on the one before."""
    progress_deadline: Annotated[Duration, Meta(examples=["10m"])] = Duration.parse("10m")
    """How long the challenger may take to become ready."""
    sample_ratio_tolerance: Annotated[int, Meta(ge=0, le=100)] = 10
    """Per cent by which the challenger's share of requests may miss its share of the pods."""
    promotion: Literal["Manual", "Automatic"] = "Manual"
    """Whether a challenger that wins goes into the cluster's spec by itself."""


class PeninExperimentStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """How far it is, and what came of it."""

    observed_generation: int | UnsetType = UNSET
    """The generation of the spec this status speaks of."""
    phase: ExperimentPhase | UnsetType = UNSET
    """Waiting, starting pods, warming them up, measuring, over."""
    verdict: Verdict | UnsetType = UNSET
    """What came of it; only Win is ever promoted."""
    reason: str | UnsetType = UNSET
    """Why, in one word: of the verdict, or of waiting."""
    message: Annotated[str, Meta(max_length=MOST_TEXT)] | UnsetType = UNSET
    """Why, in a sentence with the figures."""
    weight: WeightStatus | UnsetType = UNSET
    """How requests are split."""
    champion: ArmStatus | UnsetType = UNSET
    """What the cluster runs."""
    challenger: ArmStatus | UnsetType = UNSET
    """What is tried."""
    effect: EffectStatus | UnsetType = UNSET
    """The primary metric of both, compared."""
    guards: Guards | UnsetType = UNSET
    """The guards."""
    sample_ratio: SampleRatioStatus | UnsetType = UNSET
    """Whether the split works."""
    times: ExperimentTimes | UnsetType = UNSET
    """When what began."""
    state: ExperimentState | UnsetType = UNSET
    """What the next reading continues from."""
    conditions: (
        Annotated[tuple[Condition, ...], Meta(extra_json_schema=map_list("type"))] | UnsetType
    ) = UNSET
    """Complete, and Promoted."""


RULES: Final = (
    Rule(
        path="spec",
        rule=" && ".join(f"self.{name} == oldSelf.{name}" for name in _FIXED),
        message="an experiment stays as it began, but for promotion: make a new one",
    ),
    Rule(
        path="spec",
        rule="duration(self.minimumDuration) <= duration(self.maximumDuration)",
        message="minimumDuration is above maximumDuration",
        field_path=".minimumDuration",
    ),
    Rule(
        path="spec",
        rule="duration(self.interval) >= duration('1s')",
        message="pods are read once a second at most",
        field_path=".interval",
    ),
    Rule(
        path="spec",
        rule="duration(self.warmUp) >= duration('0s')",
        message="a time cannot be negative",
        field_path=".warmUp",
    ),
    Rule(
        path="spec.challenger",
        rule="has(self.version) || has(self.image) || has(self.config) || has(self.resources)",
        message="say how the challenger differs: version, image, config or resources",
    ),
    Rule(
        path="spec.challenger",
        rule="!(has(self.version) && has(self.image))",
        message="a version is the tag of an image: say one of the two",
        field_path=".version",
    ),
    *(
        Rule(
            path="spec",
            rule=f"!has(self.challenger.config) || !has(self.challenger.config.{name}) || "
            f"self.service in [{', '.join(repr(service) for service in services)}]",
            message=f"only {' and '.join(services)} read {name}",
            field_path=f".challenger.config.{name}",
        )
        for name, services in READS.items()
    ),
    Rule(
        path="spec.primary",
        rule="has(self.metric) == (self.type != 'successRatio')",
        message="a gauge or histogram is named by metric; a success ratio has no name",
    ),
    Rule(
        path="spec.primary",
        rule="self.type != 'successRatio' || "
        "(self.direction == 'Higher' && self.minimumEffect < 1.0)",
        message="of successes more are better, and the effect is a ratio below 1",
    ),
    Rule(
        path="spec.guards[]",
        rule="has(self.maximum) || has(self.margin)",
        message="a guard needs a maximum, a margin or both",
    ),
    Rule(
        path="spec.guards[]",
        rule="!has(self.maximum) || self.maximum > 0.0 || self.metric == 'restarts'",
        message="that something never happens cannot be shown: say how much may be",
        field_path=".maximum",
    ),
    Rule(
        path="spec.guards[]",
        rule="self.metric != 'errorRatio' || ((!has(self.maximum) || self.maximum < 1.0) && "
        "(!has(self.margin) || self.margin < 1.0))",
        message="of errors the limits are ratios below 1",
    ),
)


class PeninExperiment(Resource, frozen=True, kw_only=True, rename="camel"):
    """A change of one service, tried on some of its pods beside the champion, and judged."""

    definition: ClassVar[Definition] = Definition(
        kind=PENIN_EXPERIMENT,
        short_names=("pexp",),
        categories=("penin-omega",),
        columns=(
            Column(name="Cluster", path=".spec.cluster", description="Whose service is tried."),
            Column(name="Service", path=".spec.service", description="The service."),
            Column(name="Phase", path=".status.phase", description="How far it is."),
            Column(name="Verdict", path=".status.verdict", description="What came of it."),
            Column(
                name="Champion",
                path=".status.champion.mean",
                type="number",
                description="The champion's mean of the primary metric.",
            ),
            Column(
                name="Challenger",
                path=".status.challenger.mean",
                type="number",
                description="The challenger's.",
            ),
            Column(
                name="Paused",
                path='.status.conditions[?(@.type=="Paused")].status',
                description="Whether people asked to leave it alone.",
                priority=1,
            ),
            Column(name="Reason", path=".status.reason", description="Why.", priority=1),
            Column(name="Message", path=".status.message", description="Why.", priority=1),
        ),
        rules=RULES,
    )

    spec: PeninExperimentSpec
    """What is tried."""
    status: PeninExperimentStatus = PeninExperimentStatus()
    """What came of it."""
