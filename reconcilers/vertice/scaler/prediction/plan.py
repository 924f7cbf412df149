"""What is read of the past and in which grain: a grid of points on which seasons can be laid.

A point stands at each multiple of the step, counted from 1970 in UTC. So the same points of two
seasons are the same time of a day, whenever the history was read. Clocks that are changed twice a
year are not followed: a load that goes by them is an hour off for as long as most of the seasons
that it is compared with are from before, and the score says so.
"""

import datetime as dt
from typing import Final, Self

import attrs

from reconcilers.vertice.api.prediction import Prediction
from reconcilers.vertice.scaler.reading.matrix import Span

DAY: Final = 86_400
HOUR: Final = 3_600
MOST_POINTS: Final = 10_000
"""Of a history; Prometheus answers with no more than 11,000."""
_STEPS: Final = (300, 600)


@attrs.frozen(kw_only=True)
class Plan:
    """How far back, in steps of how many seconds, and how far ahead."""

    step: int
    season: int
    """Points of a season."""
    points: int
    """Points of the history."""
    ahead: int
    """Points from now to the end of the lookahead."""

    @classmethod
    def of(cls, wanted: Prediction) -> Self:
        """Return the plan of a spec."""
        length = wanted.history_days * DAY
        step = next(each for each in _STEPS if length // each <= MOST_POINTS)
        days = int(wanted.season.removesuffix("d"))
        return cls(
            step=step,
            season=days * DAY // step,
            points=length // step,
            ahead=max(1, -(-int(wanted.lookahead.seconds) // step)),
        )

    @property
    def hour(self) -> int:
        """Points of an hour."""
        return HOUR // self.step

    @property
    def day(self) -> int:
        """Points of a day."""
        return DAY // self.step

    @property
    def days(self) -> int:
        """Days of a season."""
        return self.season * self.step // DAY

    def span(self, now: dt.datetime) -> Span:
        """Return what is to be read at a moment."""
        last = int(now.timestamp()) // self.step * self.step
        return Span(first=last - (self.points - 1) * self.step, last=last, step=self.step)

    def slot(self, at: float) -> int:
        """Return the place in its season of the point before a moment."""
        return int(at) // self.step % self.season
