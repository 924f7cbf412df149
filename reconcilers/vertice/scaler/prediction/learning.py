"""Learns a model from a history, and holds it against the last part of the same history.

The score is of forecasts as they would have been made: each from what came before its moment and
nothing else, a lookahead ahead (a rolling origin). The part that is held out is a quarter of the
history, in whole seasons, at least one. The model that is used afterwards knows that part as well.

It is done in slices, so that whoever learns can let others work in between: `learned` is a
generator that stops after a few thousandths of a second of work, and returns the model at its end.
"""

import math
from array import array
from collections.abc import Generator
from typing import Final

from reconcilers.vertice.scaler.prediction.model import Model, Point, median
from reconcilers.vertice.scaler.prediction.plan import DAY, Plan
from reconcilers.vertice.scaler.prediction.score import Score, Scoring
from reconcilers.vertice.scaler.reading.matrix import Series

LEAST_SEASONS: Final = 3
MOST_SEASONS: Final = 8
"""Further back a load was another one."""
PRESENT: Final = 0.8
"""Of all points; where more are gaps, nothing is learned."""
MOST_GROWTH: Final = 2.0
_HELD_OUT: Final = 4
_BEGIN: Final = 20
"""A season that lacks no more than this part of its begin is a whole one."""
_SLICE: Final = 128
Slices = Generator[None, None, Model]


class NotEnough(Exception):
    """A history is too short, or has too many gaps; the message says which."""


def learned(series: Series, plan: Plan) -> Slices:
    """Learn, with pauses.

    Raises:
        NotEnough: If there is too little to learn from.
    """
    values = _present(series, plan)
    # One season fewer than there are: as many as the last one has before it. With another one
    # what is usual would be a week newer or older than what growth is the growth of.
    seasons = min(MOST_SEASONS, len(values) // plan.season - 1)
    before = array("d", [math.nan]) * len(values)
    for place in range(plan.season, len(values)):
        before[place] = usual(values, place, plan.season, seasons)
        if not place % _SLICE:
            yield
    past = _Past(values, before, plan)
    score = yield from _scored(past)
    end = len(values)
    following = array("f", [math.nan]) * plan.season
    # From the last hour on, which what follows is held against: it is not usual by itself.
    for place in range(end - plan.hour, end - plan.hour + plan.season):
        at = series.span.last + (place - end + 1) * plan.step
        following[plan.slot(at)] = usual(values, place, plan.season, seasons)
        if not place % _SLICE:
            yield
    return Model(
        plan=plan,
        usual=following,
        growth=past.growth(end - 1),
        score=score,
        trained_at=float(series.span.last),
        last_hour=_last_hour(series, plan),
    )


def usual(values: "array[float]", place: int, season: int, seasons: int) -> float:
    """Return what was measured at the same time of so many seasons before, in their middle."""
    pool = array("d")
    oldest = max(0, place - seasons * season)
    for same in range(place - season, oldest - 1, -season):
        pool += values[max(0, same - 1) : same + 2]
    return median(pool)


class _Past:
    """A history, what was usual for each of its points by those before, and what follows."""

    def __init__(self, values: "array[float]", before: "array[float]", plan: Plan) -> None:
        self.values = values
        self.before = before
        self.plan = plan
        self._measured, self._usual = _sums(values, before)

    def growth(self, origin: int) -> float:
        """Return how the last day was, as a share of what was usual for it."""
        begin, end = max(0, origin + 1 - self.plan.day), origin + 1
        was = self._usual[end] - self._usual[begin]
        if was <= 0:
            return 1.0
        found = (self._measured[end] - self._measured[begin]) / was
        return min(max(found, 1 / MOST_GROWTH), MOST_GROWTH)

    def foreseen(self, origin: int, target: int) -> float:
        """Return what would have been said of one point at another one."""
        growth = self.growth(origin)
        hour = slice(max(0, origin + 1 - self.plan.hour), origin + 1)
        pairs = zip(self.values[hour], self.before[hour], strict=True)
        lately = median([value - growth * was for value, was in pairs])
        found = growth * self.before[target] + lately
        return 0.0 if found < 0 else found

    def within_hour(self, origin: int) -> float:
        """Return the middle of the hour before a point."""
        return median(self.values[max(0, origin + 1 - self.plan.hour) : origin + 1])


def _sums(values: "array[float]", before: "array[float]") -> "tuple[array[float], array[float]]":
    """Return the sums of both up to each point, over all points that have both."""
    measured, was = array("d", [0.0]), array("d", [0.0])
    for value, mean in zip(values, before, strict=True):
        has_both = not math.isnan(value + mean)
        measured.append(measured[-1] + (value if has_both else 0.0))
        was.append(was[-1] + (mean if has_both else 0.0))
    return measured, was


def _scored(past: _Past) -> "Generator[None, None, Score]":
    """Foresee the part that is held out."""
    plan, values = past.plan, past.values
    seasons = max(1, len(values) // plan.season // _HELD_OUT)
    begin, scoring = len(values) - seasons * plan.season, Scoring()
    normal = math.nan
    for target in range(begin, len(values)):
        origin = target - plan.ahead
        if not (target - begin) % plan.season:
            normal = median(values[target - plan.season : target])
        scoring.add(
            values[target],
            own=past.foreseen(origin, target),
            naive=values[target - plan.season],
            now=values[origin],
            hour=past.within_hour(origin),
            usual=normal,
        )
        if not target % _SLICE:
            yield
    if scoring.points < seasons * plan.season / 2:
        raise NotEnough(
            f"only {scoring.points} of the last {seasons * plan.season} points could be foreseen "
            "from those before them: the history has gaps"
        )
    return scoring.result()


def _present(series: Series, plan: Plan) -> "array[float]":
    """Return whole seasons, the first of them with something in it."""
    values = series.values
    first = next((place for place, each in enumerate(values) if each >= 0), len(values))
    known = len(values) - first + plan.season // _BEGIN
    seasons = min(known, len(values)) // plan.season
    if seasons < LEAST_SEASONS:
        days = (len(values) - first) * plan.step / DAY
        raise NotEnough(
            f"the query has answers for {days:.1f} days; it takes {LEAST_SEASONS * plan.days}"
        )
    values = values[len(values) - seasons * plan.season :]
    present = sum(1 for each in values if each >= 0)
    if present < PRESENT * len(values):
        raise NotEnough(
            f"{len(values) - present} of {len(values)} points of the history are gaps, and a fifth "
            "may be"
        )
    return values


def _last_hour(series: Series, plan: Plan) -> tuple[Point, ...]:
    last, values = series.span.last, series.values[-plan.hour :]
    moments = range(last - (len(values) - 1) * plan.step, last + 1, plan.step)
    return tuple(
        Point(float(at), value) for at, value in zip(moments, values, strict=True) if value >= 0
    )
