"""What an experiment has come to: guards first, then the split, then the primary metric.

`decide` is a pure function of what was measured and may be asked after any observation, as often
as one likes: every comparison in it holds at all times at once (`sequence`). Each has an equal part
of alpha, so that all of them together err in at most alpha of the experiments in which challenger
and champion do not differ. Whatever is not shown leaves the champion where it is.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final

import attrs
from msgspec import UNSET

from reconcilers.penin.api.evidence import (
    EffectStatus,
    ExperimentState,
    GuardStatus,
    Result,
    SampleRatioStatus,
    Sums,
)
from reconcilers.penin.api.experiment import PeninExperimentSpec, Verdict
from reconcilers.penin.experiment.guards import Check, Pods, checks, judge
from reconcilers.penin.experiment.sequence import (
    Interval,
    mean,
    of_difference,
    of_ratio,
    shown,
    variance,
)

LEAST_BATCHES: Final = 60
"""Intervals with samples in both arms before the spread between them counts as known."""
LEAST_BINARY: Final = 20
"""The same where samples are yes or no, whose spread has a lower limit that needs no batches."""
SPLIT_ALPHA: Final = 0.001
"""How often a split that works may look broken; usual for sample ratio mismatch."""
_LEAST_TOLERANCE: Final = 0.01


@attrs.frozen(kw_only=True)
class Terms:
    """What the spec asks of a verdict."""

    binary: bool
    sign: int
    effect: float
    alpha: float
    checks: tuple[Check, ...]
    samples: int
    minimum: float
    maximum: float
    tolerance: float

    @property
    def batches(self) -> int:
        """How many intervals of each arm need samples before the primary metric decides."""
        return LEAST_BINARY if self.binary else LEAST_BATCHES

    @classmethod
    def of(cls, spec: PeninExperimentSpec) -> "Terms":
        """Read a spec."""
        wanted = checks(spec.guards)
        return cls(
            binary=spec.primary.type == "successRatio",
            sign=1 if spec.primary.direction == "Higher" else -1,
            effect=spec.primary.minimum_effect,
            alpha=spec.alpha / (1 + sum(check.is_estimated for check in wanted)),
            checks=wanted,
            samples=spec.minimum_samples,
            minimum=spec.minimum_duration.seconds,
            maximum=spec.maximum_duration.seconds,
            tolerance=spec.sample_ratio_tolerance / 100,
        )


@attrs.frozen
class Decision:
    """A verdict and why."""

    verdict: Verdict
    reason: str
    message: str


def decide(
    terms: Terms, state: ExperimentState, *, pods: Pods, share: float | None = None
) -> Decision | None:
    """Say what it has come to, None while it has to go on.

    Args:
        terms: What the spec asks.
        state: What was measured; `elapsed` is for how long.
        pods: How many pods each arm has.
        share: The challenger's of the requests, if that is not its share of the pods.
    """
    guards = [judge(check, state, alpha=terms.alpha, pods=pods) for check in terms.checks]
    for guard in guards:
        if guard.result == "Failed":
            return Decision("Lose", "GuardFailed", _failed(guard))
    split = sample_ratio(state, tolerance=terms.tolerance, share=share)
    if split is not None and split.result == "Failed":
        return Decision("Inconclusive", "SampleRatioMismatch", _mismatch(split))
    is_enough = _is_enough(terms, state)
    found = benefit(terms, state) if is_enough else None
    if found is not None:
        decision = _compared(terms, state, found, guards)
        if decision is not None:
            return decision
    if state.elapsed < terms.maximum:
        return None
    return _too_late(terms, state, found, guards)


def effect(terms: Terms, state: ExperimentState) -> Interval:
    """Return how much more the challenger has of the primary metric, whichever way is better."""
    return of_difference(
        state.challenger.primary,
        state.champion.primary,
        alpha=terms.alpha,
        scale=terms.effect,
        binary=terms.binary,
    )


def benefit(terms: Terms, state: ExperimentState) -> Interval:
    """Return by how much the challenger is better."""
    found = effect(terms, state)
    if terms.sign > 0:
        return found
    return Interval(-found.estimate, -found.upper, -found.lower)


def effect_status(terms: Terms, state: ExperimentState) -> EffectStatus | None:
    """Return the comparison as the status shows it."""
    found = effect(terms, state)
    if math.isnan(found.estimate):
        return None
    return EffectStatus(
        estimate=shown(found.estimate),
        lower=shown(found.lower) if math.isfinite(found.lower) else UNSET,
        upper=shown(found.upper) if math.isfinite(found.upper) else UNSET,
        alpha=shown(terms.alpha),
    )


def sample_ratio(
    state: ExperimentState, *, tolerance: float, share: float | None = None
) -> SampleRatioStatus | None:
    """Say whether the challenger gets its share of the requests; None where none are counted.

    A chi-square statistic of one degree of freedom with a threshold that holds at all times, as
    Lindon and Malek do it ("Anytime-Valid Inference for Multinomial Count Data", NeurIPS 2022).
    """
    seconds = state.challenger.pod_seconds + state.champion.pod_seconds
    if not state.split.count or not seconds:
        return None
    expected = state.challenger.pod_seconds / seconds if share is None else share
    found = mean(state.split)
    known = variance(state.split, binary=True)
    beyond = max(0.0, abs(found - expected) - tolerance * expected)
    scale = max(tolerance, _LEAST_TOLERANCE) * expected
    sure = scale * scale / known
    threshold = (1 + 1 / sure) * math.log((1 + sure) / SPLIT_ALPHA**2) if sure else 0.0
    chi_square = beyond * beyond / known
    result: Result = "Failed" if chi_square > threshold else "Passed"
    return SampleRatioStatus(
        expected=shown(expected),
        found=shown(found),
        chi_square=shown(chi_square),
        threshold=shown(threshold),
        result="Undecided" if state.split.batches < LEAST_BINARY else result,
    )


def _is_enough(terms: Terms, state: ExperimentState) -> bool:
    arms = state.champion.primary, state.challenger.primary
    return all(arm.count >= terms.samples and arm.batches >= terms.batches for arm in arms)


def _compared(
    terms: Terms, state: ExperimentState, found: Interval, guards: Sequence[GuardStatus]
) -> Decision | None:
    """Judge the primary metric; a defeat is not waited for, a win is."""
    if found.upper < 0:
        return Decision("Lose", "WorseThanChampion", _shown(terms, state, found, "worse"))
    if state.elapsed < terms.minimum:
        return None
    if found.upper < terms.effect and found.lower > -terms.effect:
        message = _shown(terms, state, found, "neither better nor worse by what matters")
        return Decision("Inconclusive", "NoRelevantDifference", message)
    if found.lower > 0 and all(guard.result == "Passed" for guard in guards):
        return Decision("Win", "BetterThanChampion", _shown(terms, state, found, "better"))
    return None


def _too_late(
    terms: Terms, state: ExperimentState, found: Interval | None, guards: Sequence[GuardStatus]
) -> Decision:
    """Say what was missing when the time was over."""
    missing = [guard.metric for guard in guards if guard.result == "Missing"]
    if missing:
        message = f"no data of {', '.join(missing)}: do the pods serve it at /metrics?"
        return Decision("Inconclusive", "GuardDataMissing", message)
    if found is None:
        return Decision("Inconclusive", "TooFewSamples", _few(terms, state))
    undecided = [
        f"{guard.metric} {guard.limit} {guard.bound:g}"
        for guard in guards
        if guard.result == "Undecided"
    ]
    if found.lower > 0 and undecided:
        message = f"better, but not shown to keep {', '.join(undecided)}"
        return Decision("Inconclusive", "GuardUndecided", message)
    message = _shown(terms, state, found, "not told apart in time")
    return Decision("Inconclusive", "DeadlineReached", message)


def _failed(guard: GuardStatus) -> str:
    if guard.limit == "maximum":
        limit = f"above the maximum of {guard.bound:g}"
    else:
        limit = f"more than {guard.bound:g} above the champion's {guard.champion:.4g}"
    return f"{guard.metric} of the challenger is {guard.value:.4g}: {limit}"


def _mismatch(split: SampleRatioStatus) -> str:
    return (
        f"the challenger should get {split.expected:.1%} and got {split.found:.1%} of the "
        f"requests (chi-square {split.chi_square:.1f} above {split.threshold:.1f}): the arms do "
        "not see the same requests; clients that keep connections open are the usual cause"
    )


def _few(terms: Terms, state: ExperimentState) -> str:
    return "; ".join(f"{text}" for text in _missing(terms, state))


def _missing(terms: Terms, state: ExperimentState) -> Iterator[str]:
    for title, arm in (("champion", state.champion), ("challenger", state.challenger)):
        yield (
            f"{title}: {arm.primary.count:.0f} of {terms.samples} samples in "
            f"{arm.primary.batches} of {terms.batches} intervals"
        )


def _shown(terms: Terms, state: ExperimentState, found: Interval, what: str) -> str:
    challenger, champion = mean(state.challenger.primary), mean(state.champion.primary)
    return (
        f"{what}: {challenger:.6g} against the champion's {champion:.6g}, a benefit of "
        f"{found.estimate:.4g}, between {found.lower:.4g} and {found.upper:.4g}; what matters is "
        f"{terms.effect:g}"
    )


def arm_interval(terms: Terms, sums: Sums) -> Interval:
    """Return where the primary metric of one arm is."""
    return of_ratio(sums, alpha=terms.alpha, scale=terms.effect, binary=terms.binary)
