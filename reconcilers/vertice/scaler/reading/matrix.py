"""What the answer to a range query says: one number at each point of a span, or a gap.

What a look would refuse is a gap here: NaN, the infinite, what is below zero, what is more than
Kubernetes counts. A look of that time had no number either, and a gap is never zero. An answer
without any series is all gaps. One of several series, or of histograms, is an error as it is for a
look.
"""

import math
from array import array
from collections.abc import Iterable
from typing import Final

import attrs
import msgspec
from msgspec import Struct

from reconcilers.vertice.scaler.reading.answer import Data, Unanswered, number_of, one_of, opened

MOST: Final = 9.2e15
"""As much as a target may be."""


@attrs.frozen(kw_only=True)
class Span:
    """Points at equal distances; seconds since 1970, each a multiple of the step."""

    first: int
    last: int
    step: int

    @property
    def points(self) -> int:
        """How many there are."""
        return (self.last - self.first) // self.step + 1


@attrs.frozen(eq=False)
class Series:
    """A number for each point of a span; NaN is a gap."""

    span: Span
    values: "array[float]"


class _Found(Struct):
    metric: dict[str, str] = {}
    values: list[tuple[float, str]] | None = None


_matrix: Final = msgspec.json.Decoder(list[_Found])


def read_series(status: int, body: bytes, span: Span) -> Series:
    """Return the series that an answer over HTTP says.

    Raises:
        Unanswered: If it says none.
    """
    values = array("d", [math.nan]) * span.points
    for at, text in opened(status, body, _samples):
        place = round((at - span.first) / span.step)
        if 0 <= place < span.points:
            values[place] = _number(text)
    return Series(span, values)


def _samples(data: Data) -> Iterable[tuple[float, str]]:
    """Return the samples of the one series there is, none if there is none."""
    if data.result_type != "matrix":
        raise Unanswered(f"the answer is a {data.result_type}, where a range was asked for")
    found = _matrix.decode(data.result)
    one_of([each.metric for each in found])
    if not found:
        return ()
    if found[0].values is None:
        raise Unanswered("the answer is a histogram: ask for its histogram_quantile, or its count")
    return found[0].values


def _number(text: str) -> float:
    number = number_of(text)
    return number if 0 <= number <= MOST else math.nan
