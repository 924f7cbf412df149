"""What a PeninExperiment has found so far: the parts of its status.

Everything is bounded, however long an experiment runs and however many pods it reads: sums instead
of samples, at most so many pods of an arm, at most so many buckets. `state` is what the next
reading continues from; a manager that starts anew goes on with the same numbers.
"""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from informers.meta.crd import map_list
from informers.meta.microtime import MicroTime, Time

MOST_PODS: Final = 32
"""Pods of an arm that are read."""
MOST_BUCKETS: Final = 64
"""Buckets of a histogram that are kept."""

Track = Literal["champion", "challenger"]
Result = Literal["Passed", "Failed", "Undecided", "Missing"]
Limit = Literal["maximum", "margin"]
GuardMetric = Literal["errorRatio", "p99Latency", "restarts"]


class Sums(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is kept of the batches of one ratio; totals are less the shift for each sample."""

    batches: int = 0
    """Intervals in which there was something."""
    count: float = 0.0
    """Samples."""
    total: float = 0.0
    """The sum of their values."""
    shift: float = 0.0
    """The ratio of the first batch, so that a small spread far from zero is not lost."""
    squares: float = 0.0
    """The sum of the squares of the batches' totals."""
    products: float = 0.0
    """The sum of the products of the batches' totals and counts."""
    weights: float = 0.0
    """The sum of the squares of the batches' counts."""


Buckets = Annotated[tuple[float, ...], Meta(max_length=MOST_BUCKETS)]


class PodCounters(Struct, frozen=True, kw_only=True, rename="camel"):
    """The counters of a pod as they were read last."""

    at: float
    """Seconds of the measurement that had passed."""
    served: bool = True
    """Whether the others below are known."""
    restarts: float = 0.0
    """How often its containers had been started again."""
    requests: float | UnsetType = UNSET
    """Requests answered."""
    errors: float | UnsetType = UNSET
    """Those answered with a code of 500 or more."""
    count: float | UnsetType = UNSET
    """Samples of the primary metric's histogram."""
    total: float | UnsetType = UNSET
    """Their sum."""
    timed: float | UnsetType = UNSET
    """Requests whose duration is known."""
    buckets: Buckets = ()
    """Those in each bucket and all below it."""


class Durations(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is kept of the durations of requests: sums as of a ratio, for each bucket."""

    bounds: Buckets = ()
    """The upper bounds of the finite buckets, in seconds."""
    batches: int = 0
    """Intervals in which there were requests."""
    count: float = 0.0
    """All requests."""
    weights: float = 0.0
    """The sum of the squares of the batches' counts."""
    totals: Buckets = ()
    """Requests in each bucket and all below it."""
    squares: Buckets = ()
    """The sum of the squares of the batches' totals, for each bucket."""
    products: Buckets = ()
    """The sum of the products of the batches' totals and counts, for each bucket."""


class ArmState(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was added up of one arm."""

    pods: Annotated[dict[str, PodCounters], Meta(max_length=MOST_PODS)] = {}
    """The pods that were read last, by name."""
    pod_seconds: float = 0.0
    """For how long pods have been counted, all together: their share of the traffic to expect."""
    restarts: float = 0.0
    """Restarts of containers."""
    primary: Sums = Sums()
    """The primary metric."""
    errors: Sums = Sums()
    """Errors among requests."""
    durations: Durations = Durations()
    """How long requests took."""


class ExperimentState(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the next reading continues from; a person needs none of it."""

    elapsed: float = 0.0
    """Seconds of the present phase."""
    looked: MicroTime | UnsetType = UNSET
    """When that was counted up last."""
    read: float | UnsetType = UNSET
    """At which of these seconds the pods were read last."""
    champion: ArmState = ArmState()
    """The champion."""
    challenger: ArmState = ArmState()
    """The challenger."""
    split: Sums = Sums()
    """The challenger's requests among those of both."""


class ArmStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is known of one arm."""

    revision: str | UnsetType = UNSET
    """The hash of its settings, as on its Deployment."""
    image: str | UnsetType = UNSET
    """What its pods run."""
    replicas: int = 0
    """Pods wanted."""
    ready_replicas: int = 0
    """Pods ready."""
    read_pods: int | UnsetType = UNSET
    """Pods whose figures could be read the last time."""
    samples: int | UnsetType = UNSET
    """Samples of the primary metric."""
    batches: int | UnsetType = UNSET
    """Intervals in which there were any."""
    mean: float | UnsetType = UNSET
    """Their mean, or the ratio of successes."""
    lower: float | UnsetType = UNSET
    """The lower bound of the mean, valid whenever it is looked at."""
    upper: float | UnsetType = UNSET
    """The upper bound."""


class EffectStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """How much more the challenger has of the primary metric; a bound not known is absent."""

    estimate: float
    """The difference of the means."""
    lower: float | UnsetType = UNSET
    """The lower bound of the difference, valid whenever it is looked at."""
    upper: float | UnsetType = UNSET
    """The upper bound."""
    alpha: float
    """The part of spec.alpha that this comparison may err with; each limit has as much."""


class GuardStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """How one guard stands."""

    metric: GuardMetric
    """What it watches."""
    limit: Limit
    """Whether against a number or against the champion."""
    result: Result
    """Passed and Failed are shown, Undecided not yet; Missing has no data."""
    bound: float
    """What the challenger may reach at most."""
    value: float | UnsetType = UNSET
    """What it reaches."""
    champion: float | UnsetType = UNSET
    """What the champion reaches."""


class SampleRatioStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether the challenger gets its share of the requests."""

    expected: float
    """Its share of the pods, over time."""
    found: float
    """Its share of the requests."""
    chi_square: float
    """How far the two are apart, beyond what is tolerated."""
    threshold: float
    """From where on that is no chance, whenever it is looked at."""
    result: Result
    """Failed is a mismatch: the comparison means nothing then."""


class WeightStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """How requests are split."""

    reached: float
    """Per cent of the pods, and so of new connections, that are the challenger's."""
    sticky: bool = False
    """Whether one client stays with one arm."""


class ExperimentTimes(Struct, frozen=True, kw_only=True, rename="camel"):
    """When what began."""

    started: Time | UnsetType = UNSET
    """The challenger was asked for."""
    running: Time | UnsetType = UNSET
    """Measuring began."""
    finished: Time | UnsetType = UNSET
    """The verdict."""


Guards = Annotated[
    tuple[GuardStatus, ...],
    Meta(max_length=6, extra_json_schema=map_list("metric", "limit")),
]
