"""One moment by which all of a stop is over, handed down to every step of it.

A step is given what is left until its own moment, so what the steps before it did not need is its,
and however many of them wait for something that never comes, the whole takes no longer than it may.
"""

from informers.clock import Clock


class Deadline:
    """So many seconds, beginning now."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._began = clock.monotonic()
        self._seconds = seconds

    def left(self, share: float = 1.0) -> float:
        """Seconds until this share of the whole time is over."""
        return max(self._began + self._seconds * share - self._clock.monotonic(), 0.0)
