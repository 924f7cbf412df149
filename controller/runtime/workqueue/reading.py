"""The cheapest honest way to read a clock.

A queue reads its clock three times per key. Through a method of ours each reading is two Python
frames, together half of all that a key costs, so the queue asks once for a reading of its own.
"""

from collections.abc import Callable

from informers.clock import Clock, LoopClock


def reading_of(clock: Clock) -> Callable[[], float]:
    """A function that tells what `clock.monotonic` tells; called while the loop runs.

    Clocks of another make, and those that change what `LoopClock` says, are asked themselves.
    """
    if getattr(type(clock), "monotonic", None) is not LoopClock.monotonic:
        return clock.monotonic
    return LoopClock().now
