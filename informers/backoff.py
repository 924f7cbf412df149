"""How long to wait after one more failure.

The delays are client-go's for list and watch: 800 ms doubling to 30 s, each spread over its double
so that a thousand clients do not return together, forgotten after two quiet minutes. Unlike there,
success ends the count at once: a server that went away six times in a minute is not left alone for
a minute when it is back.
"""

import random
from typing import Final

from informers.clock import Clock

FIRST_SECONDS: Final = 0.8
CAP_SECONDS: Final = 30.0
RESET_SECONDS: Final = 120.0
MAX_DOUBLINGS: Final = 16


class Backoff:
    """Growing, jittered delays for one thing that is tried again and again."""

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        *,
        first: float = FIRST_SECONDS,
        cap: float = CAP_SECONDS,
        reset: float = RESET_SECONDS,
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._first = first
        self._cap = cap
        self._reset = reset
        self._failures = 0
        self._last = float("-inf")

    def next_delay(self) -> float:
        """The delay before the next try; longer the more failures came close together."""
        now = self._clock.monotonic()
        if now - self._last > self._reset + self._cap:
            self._failures = 0
        self._last = now
        base = min(self._first * (1 << min(self._failures, MAX_DOUBLINGS)), self._cap)
        self._failures += 1
        return base * (1 + self._rng.random())

    def reset(self) -> None:
        """It worked: what failed before says nothing of the next failure."""
        self._failures = 0
