"""What was learned of a query: how its seasons usually are, how far it has grown, how it is lately.

A forecast of a moment is, in one formula,

    growth * usual(moment) + lately

- `usual` is the median of what was measured at the same time of the up to eight seasons before,
  each with the points beside it: a peak of one season is no habit, and a gap leaves the others.
- `growth` is what was measured within the last day as a share of what is usual for it; from a half
  to the double, as more than that is another load.
- `lately` is the median of by how much that was wrong within the last hour.

It is never below zero, and there is none while the last hour has less than three measurements.
"""

import math
from array import array
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from reconcilers.vertice.scaler.prediction.plan import HOUR, Plan
from reconcilers.vertice.scaler.prediction.score import Score

LEAST: Final = 3
"""Numbers that a median says something of."""


def median(numbers: Iterable[float]) -> float:
    """Return the median of what is no gap; a gap where that is too little."""
    found = sorted(each for each in numbers if not math.isnan(each))
    middle, is_odd = divmod(len(found), 2)
    if len(found) < LEAST:
        return math.nan
    return found[middle] if is_odd else (found[middle - 1] + found[middle]) / 2


@attrs.frozen
class Point:
    """What was measured at a moment, in seconds since 1970."""

    at: float
    value: float


@attrs.frozen(eq=False, kw_only=True)
class Model:
    """What was learned; `usual` has a number for each point of a season, from 1970 on."""

    plan: Plan
    usual: "array[float]"
    growth: float
    score: Score
    trained_at: float
    last_hour: tuple[Point, ...]

    def lately(self, points: Iterable[Point]) -> float:
        """Return by how much the rest of the formula was wrong at some points."""
        return median(each.value - self._season(each.at) for each in points)

    def most(self, points: Sequence[Point], now: float) -> Point | None:
        """Return the most that is foreseen from now to the end of the lookahead, and when."""
        lately = self.lately(points)
        moments = (now + ahead * self.plan.step for ahead in range(self.plan.ahead + 1))
        found = [
            Point(moment, max(0.0, value))
            for moment in moments
            if not math.isnan(value := self._season(moment) + lately)
        ]
        return max(found, key=lambda each: each.value, default=None)

    def _season(self, at: float) -> float:
        return self.growth * self.usual[self.plan.slot(at)]


@attrs.define(eq=False)
class Recent:
    """What was measured within the last hour, in the grain of the history."""

    _points: tuple[Point, ...] = ()

    def within(self, now: float) -> tuple[Point, ...]:
        """Return what was measured within the hour before a moment."""
        return tuple(each for each in self._points if now - HOUR <= each.at <= now)

    def add(self, point: Point, *, step: int) -> None:
        """Remember a measurement, unless there is one of about the same time."""
        known = self.within(point.at)
        if not known or point.at - known[-1].at >= step:
            self._points = (*known, point)

    def correct(self, points: Sequence[Point]) -> None:
        """Have what a history says in the place of what was remembered of that time."""
        end = points[-1].at if points else 0.0
        self._points = (*points, *(each for each in self._points if each.at > end))
