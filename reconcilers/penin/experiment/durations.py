"""How long requests took: percentiles of histograms, and how sure one can be of them.

Between two bounds requests are taken as evenly spread, as Prometheus' histogram_quantile does. The
share of requests that are later than some moment is a ratio, with an interval like all others; of
the squares between two bounds the straight line is an upper limit, so that interval errs on the
wide side.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from reconcilers.penin.api.evidence import Durations, Sums
from reconcilers.penin.experiment.sequence import Interval, of_ratio

SHARE: Final = 0.01
"""Of the requests, that may be later than the 99th percentile: what the name says."""


def add(
    kept: Durations, bounds: Sequence[float], totals: Sequence[float], count: float
) -> Durations:
    """Count one batch more; one with other bounds than before cannot be added to it."""
    if count <= 0 or (kept.batches and tuple(bounds) != kept.bounds):
        return kept
    before = (
        kept
        if kept.batches
        else Durations(
            bounds=tuple(bounds),
            totals=(0.0,) * len(bounds),
            squares=(0.0,) * len(bounds),
            products=(0.0,) * len(bounds),
        )
    )
    return Durations(
        bounds=before.bounds,
        batches=before.batches + 1,
        count=before.count + count,
        weights=before.weights + count * count,
        totals=tuple(old + new for old, new in zip(before.totals, totals, strict=True)),
        squares=tuple(old + new * new for old, new in zip(before.squares, totals, strict=True)),
        products=tuple(old + new * count for old, new in zip(before.products, totals, strict=True)),
    )


def percentile(kept: Durations) -> float:
    """Return the 99th percentile; above the last bound nothing is known but that bound."""
    if not kept.count or not kept.bounds:
        return math.nan
    wanted = (1 - SHARE) * kept.count
    place = bisect_left(kept.totals, wanted)
    if place == len(kept.bounds):
        return kept.bounds[-1]
    below = kept.totals[place - 1] if place else 0.0
    start = kept.bounds[place - 1] if place else 0.0
    inside = kept.totals[place] - below
    part = (wanted - below) / inside if inside else 1.0
    return start + (kept.bounds[place] - start) * part


def surely_above(kept: Durations, *, alpha: float) -> float:
    """Return a moment that the 99th percentile is not above, infinite where there is none."""
    for place, bound in enumerate(kept.bounds):
        if (
            kept.totals[place] > (1 - SHARE) * kept.count
            and later(kept, bound, alpha=alpha).upper < SHARE
        ):
            return bound
    return math.inf


def later(kept: Durations, moment: float, *, alpha: float) -> Interval:
    """Return which share of the requests took longer than this."""
    within = Sums(
        batches=kept.batches,
        count=kept.count,
        total=_at(kept, kept.totals, moment, end=kept.count),
        squares=_at(kept, kept.squares, moment, end=kept.weights),
        products=_at(kept, kept.products, moment, end=kept.weights),
        weights=kept.weights,
    )
    found = of_ratio(within, alpha=alpha, scale=SHARE, binary=True)
    return Interval(1 - found.estimate, 1 - found.upper, 1 - found.lower)


def _at(kept: Durations, values: Sequence[float], moment: float, *, end: float) -> float:
    """Read a curve between its points; beyond the last bound all requests count as within.

    That is in the challenger's favour: how much later they were is not known.
    """
    place = bisect_left(kept.bounds, moment)
    if place == len(kept.bounds):
        return end
    start = kept.bounds[place - 1] if place else 0.0
    low = values[place - 1] if place else 0.0
    return low + (values[place] - low) * (moment - start) / (kept.bounds[place] - start)
