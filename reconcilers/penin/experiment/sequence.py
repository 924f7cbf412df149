"""Intervals that may be looked at after every observation: the statistics of an experiment.

Everything that is measured is a ratio of two sums over batches: successes of requests, seconds of
durations, values of readings. What was read of an arm in one interval is one batch, and the
variance of the ratio comes from the differences between batches (the delta method for clustered
data: Deng, Knoblich, Lu, "Applying the Delta Method in Metric Analytics", KDD 2018), so requests
that fail together do not count as independent evidence. Where each sample is yes or no, the
variance is at least that of independent ones.

The interval is the asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and
Ramdas ("Time-uniform central limit theory and asymptotic confidence sequences", Annals of
Statistics 2024), which is Robbins' normal mixture: with probability 1 - alpha it holds the truth
at all times at once. Rejecting when it excludes zero is the mSPRT of Johari, Koomen, Pekelis and
Walsh ("Peeking at A/B Tests", KDD 2017). It was chosen over group-sequential tests because nobody
has to say in advance when it is looked at, and over empirical-Bernstein sequences because those
need bounded values and are several times as wide. What it leaves open is small numbers: the
verdict waits for enough batches and samples.
"""

import math
from typing import Final

import attrs

from reconcilers.penin.api.evidence import Sums

_FLOOR: Final = 0.25


def shown(figure: float) -> float:
    """Return a figure as people are shown it: to six digits, which no verdict hangs on."""
    return float(f"{figure:.6g}")


def mean(sums: Sums) -> float:
    """Return the ratio; not a number while there are no samples."""
    return sums.shift + sums.total / sums.count if sums.count else math.nan


def add(sums: Sums, total: float, count: float) -> Sums:
    """Count one batch more; one without samples is none."""
    if count <= 0:
        return sums
    shift = sums.shift if sums.batches else total / count
    rest = total - shift * count
    return Sums(
        batches=sums.batches + 1,
        count=sums.count + count,
        total=sums.total + rest,
        shift=shift,
        squares=sums.squares + rest * rest,
        products=sums.products + rest * count,
        weights=sums.weights + count * count,
    )


@attrs.frozen(slots=True)
class Interval:
    """An estimate, and between which bounds the truth is."""

    estimate: float
    lower: float
    upper: float

    def __sub__(self, number: float) -> "Interval":
        return Interval(self.estimate - number, self.lower - number, self.upper - number)


UNKNOWN: Final = Interval(math.nan, -math.inf, math.inf)


def variance(sums: Sums, *, binary: bool, least: float = 0.0) -> float:
    """Return the variance of the ratio, infinite while nothing is known of it.

    `least` is the smallest deviation between batches that is believed in: readings that happen to
    be all the same so far are no proof that they never differ.
    """
    number, count = sums.batches, sums.count
    if number < 2 or count <= 0:  # noqa: PLR2004 - one batch has no spread
        return math.inf
    slope = sums.total / count
    spread = sums.squares - 2 * slope * sums.products + slope * slope * sums.weights
    clustered = max(0.0, spread) * number / ((number - 1) * count * count)
    if binary:
        # One success and one failure more than seen: none of n is not never.
        ratio = min(1.0, max(0.0, mean(sums)))
        success, failure = (each * count + 1 for each in (ratio, 1 - ratio))
        return max(clustered, success * failure / (count + 2) ** 2 / count)
    return max(clustered, least * least / number)


def radius(variance_: float, *, alpha: float, scale: float) -> float:
    """Return how far the truth may be from an estimate with this variance, at any time.

    `scale` is the size of the differences looked for: the standard deviation of the mixture. At
    the moment when a difference of that size is just seen, no other choice is noticeably better.
    """
    if math.isinf(variance_):
        return math.inf
    if variance_ <= 0:
        return 0.0
    known = scale * scale / variance_
    return math.sqrt(variance_ * (1 + 1 / known) * math.log((1 + known) / (alpha * alpha)))


def of_ratio(sums: Sums, *, alpha: float, scale: float, binary: bool) -> Interval:
    """Return where the ratio of one arm is."""
    if not sums.count:
        return UNKNOWN
    found = variance(sums, binary=binary, least=_FLOOR * scale)
    around = radius(found, alpha=alpha, scale=scale)
    return Interval(mean(sums), mean(sums) - around, mean(sums) + around)


def of_difference(
    challenger: Sums, champion: Sums, *, alpha: float, scale: float, binary: bool
) -> Interval:
    """Return how much higher the challenger's ratio is than the champion's."""
    if not challenger.count or not champion.count:
        return UNKNOWN
    least = _FLOOR * scale
    found = variance(challenger, binary=binary, least=least)
    found += variance(champion, binary=binary, least=least)
    around = radius(found, alpha=alpha, scale=scale)
    estimate = mean(challenger) - mean(champion)
    return Interval(estimate, estimate - around, estimate + around)
