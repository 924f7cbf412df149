"""How long the garbage collector stops the program, by generation.

Two clock readings per collection; with the thresholds of `controller.runtime.memory` that is a few
times a second under load and never when idle.
"""

import gc
import time
from bisect import bisect_left
from typing import Final, Literal

import attrs

GENERATIONS: Final = 3
BOUNDS: Final = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


@attrs.define
class Pauses:
    """The collections of one generation, in seconds."""

    count: int = 0
    total: float = 0.0
    longest: float = 0.0
    buckets: list[int] = attrs.field(factory=lambda: [0] * (len(BOUNDS) + 1))


class GcPauses:
    """Counts from `start` to `stop`."""

    def __init__(self) -> None:
        self.generations = tuple(Pauses() for _ in range(GENERATIONS))
        self._began = 0.0

    async def start(self) -> None:
        """Listen to the collector."""
        gc.callbacks.append(self._note)

    async def stop(self) -> None:
        """Listen no more."""
        gc.callbacks.remove(self._note)

    @property
    def longest(self) -> float:
        """The longest stop so far."""
        return max(pauses.longest for pauses in self.generations)

    def _note(self, phase: Literal["start", "stop"], info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
            return
        seconds = time.perf_counter() - self._began
        pauses = self.generations[info["generation"]]
        pauses.count += 1
        pauses.total += seconds
        pauses.longest = max(pauses.longest, seconds)
        pauses.buckets[bisect_left(BOUNDS, seconds)] += 1
