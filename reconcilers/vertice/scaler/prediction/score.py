"""How good forecasts were of days that they did not know, beside forecasts that anybody could make.

Each is asked for the same points of the last part of the history, from a lookahead before them, and
judged by its mean absolute error. The rivals are:

- the same time of the season before, which is what people look at themselves;
- what knows no season: as it was at that moment, as in the hour before, as usual in the season
  before. A series without seasons is foreseen best by one of these: noise by what is usual, a
  random walk by what it is. Medians beat last week's noise by a quarter, and learn nothing by it.

A forecast may act if its error is lower than that of each rival by a tenth.
"""

import math
from typing import Final

import attrs

MARGIN: Final = 0.1


@attrs.frozen(kw_only=True)
class Score:
    """Mean errors over as many points, in the unit of the query."""

    error: float
    naive: float
    plain: float
    points: int

    @property
    def score(self) -> float:
        """1 - error / naive error; where last season had no error, there is nothing to win."""
        return 1 - self.error / self.naive if self.naive else 0.0

    @property
    def is_better(self) -> bool:
        """Whether it is better than its rivals by the margin."""
        rival = min(self.naive, self.plain)
        return self.points > 0 and rival > 0 and self.error <= (1 - MARGIN) * rival


@attrs.define
class Scoring:
    """The errors that are being added up."""

    points: int = 0
    own: float = 0.0
    naive: float = 0.0
    now: float = 0.0
    hour: float = 0.0
    usual: float = 0.0

    def add(
        self, actual: float, *, own: float, naive: float, now: float, hour: float, usual: float
    ) -> None:
        """Add those of one point, if all of them had something to say of it."""
        errors = [abs(each - actual) for each in (own, naive, now, hour, usual)]
        if math.isnan(sum(errors)):
            return
        self.points += 1
        self.own += errors[0]
        self.naive += errors[1]
        self.now += errors[2]
        self.hour += errors[3]
        self.usual += errors[4]

    def result(self) -> Score:
        """Return the means."""
        count = max(1, self.points)
        return Score(
            error=self.own / count,
            naive=self.naive / count,
            plain=min(self.now, self.hour, self.usual) / count,
            points=self.points,
        )
