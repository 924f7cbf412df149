"""How long requests took, as a histogram that costs a bisection and is read at scrape."""

from bisect import bisect_left
from typing import Final

LATENCY_BOUNDS: Final = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    30.0,
)


class Latency:
    """How long requests of one method took; read at scrape."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(LATENCY_BOUNDS) + 1)
        self.seconds = 0.0

    def record(self, seconds: float) -> None:
        """Count one answered request."""
        self.counts[bisect_left(LATENCY_BOUNDS, seconds)] += 1
        self.seconds += seconds
