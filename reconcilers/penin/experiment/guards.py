"""The guards of an experiment: each limit is a comparison of its own, passed, failed or open.

A limit is failed once the data show that the challenger is beyond it, and passed once they show
that it is within; in between it is undecided. For a margin over the champion that is a test of
non-inferiority. Restarts are counted, not estimated: they fail as soon as there are too many.

The 99th percentile of durations is judged as a share: a challenger whose percentile is at most q
answers at most one request in a hundred later than q. What the champion's own percentile is, is
not sure either: to fail, the challenger has to be beyond what that may be at most.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import attrs
from msgspec import UNSET

from reconcilers.penin.api.evidence import (
    ExperimentState,
    GuardMetric,
    GuardStatus,
    Limit,
    Result,
)
from reconcilers.penin.api.experiment import Guard
from reconcilers.penin.experiment.durations import SHARE, later, percentile, surely_above
from reconcilers.penin.experiment.sequence import Interval, mean, of_difference, of_ratio, shown


@attrs.frozen(kw_only=True)
class Check:
    """One limit of one guard."""

    metric: GuardMetric
    limit: Limit
    bound: float

    @property
    def is_estimated(self) -> bool:
        """Whether it may err; what is counted does not."""
        return self.metric != "restarts"


@attrs.frozen(kw_only=True)
class Pods:
    """How many pods each arm has."""

    champion: int
    challenger: int


def checks(guards: Sequence[Guard]) -> tuple[Check, ...]:
    """Return all limits; each that is estimated has its part of alpha."""
    return tuple(_checks(guards))


def _checks(guards: Sequence[Guard]) -> Iterator[Check]:
    for guard in guards:
        if guard.maximum is not UNSET:
            yield Check(metric=guard.metric, limit="maximum", bound=guard.maximum)
        if guard.margin is not UNSET:
            yield Check(metric=guard.metric, limit="margin", bound=guard.margin)


def judge(check: Check, state: ExperimentState, *, alpha: float, pods: Pods) -> GuardStatus:
    """Say how a limit stands; `alpha` is how often this one comparison may err."""
    return _JUDGES[check.metric](check, state, alpha, pods)


def _errors(check: Check, state: ExperimentState, alpha: float, _pods: Pods) -> GuardStatus:
    """Judge the ratio of errors among requests."""
    challenger, champion = state.challenger.errors, state.champion.errors
    if check.limit == "maximum":
        found = of_ratio(challenger, alpha=alpha, scale=check.bound, binary=True)
    else:
        found = of_difference(challenger, champion, alpha=alpha, scale=check.bound, binary=True)
    result = _result(found, check.bound)
    return _stands(check, result, value=mean(challenger), champion=mean(champion))


def _latency(check: Check, state: ExperimentState, alpha: float, _pods: Pods) -> GuardStatus:
    """Judge the 99th percentile of durations."""
    challenger, champion = state.challenger.durations, state.champion.durations
    usual = percentile(champion)
    near = far = check.bound
    if check.limit == "margin":
        near, far = usual + check.bound, surely_above(champion, alpha=alpha / 2) + check.bound
    value = percentile(challenger)
    if math.isnan(value) or math.isnan(near):
        return _stands(check, "Missing", value=value, champion=usual)
    result: Result = "Undecided"
    if later(challenger, near, alpha=alpha / 2).upper < SHARE and near <= challenger.bounds[-1]:
        result = "Passed"
    elif later(challenger, far, alpha=alpha / 2).lower > SHARE:
        result = "Failed"
    return _stands(check, result, value=value, champion=usual)


def _restarts(check: Check, state: ExperimentState, _alpha: float, pods: Pods) -> GuardStatus:
    """Judge how often containers were started again."""
    value, champion, bound = state.challenger.restarts, state.champion.restarts, check.bound
    if check.limit == "margin":
        value /= max(1, pods.challenger)
        champion /= max(1, pods.champion)
        bound += champion
    result: Result = "Failed" if value > bound else "Passed"
    if not state.challenger.pods:
        result = "Missing"
    return _stands(check, result, value=value, champion=champion)


_Judge = Callable[[Check, ExperimentState, float, Pods], GuardStatus]
_JUDGES: Final[Mapping[GuardMetric, _Judge]] = {
    "errorRatio": _errors,
    "p99Latency": _latency,
    "restarts": _restarts,
}


def _result(found: Interval, bound: float) -> Result:
    if math.isnan(found.estimate):
        return "Missing"
    if found.lower > bound:
        return "Failed"
    return "Passed" if found.upper <= bound else "Undecided"


def _stands(check: Check, result: Result, *, value: float, champion: float) -> GuardStatus:
    return GuardStatus(
        metric=check.metric,
        limit=check.limit,
        result=result,
        bound=check.bound,
        value=UNSET if math.isnan(value) else shown(value),
        champion=UNSET if math.isnan(champion) else shown(champion),
    )
