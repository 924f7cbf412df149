"""The cheapest honest way to read a clock.

A queue reads its clock three times per key. Through `LoopClock` each reading is two Python frames
and a look for the running loop, together half of all that a key costs, so the queue asks once for a
reading of its own.
"""

import asyncio
import time
from collections.abc import Callable

from informers.clock import Clock, LoopClock


def reading_of(clock: Clock) -> Callable[[], float]:
    """A function that tells what `clock.monotonic` tells; called while the loop runs.

    The stock loop's clock and uvloop's are the system's monotonic one. uvloop reads it once a turn
    and in milliseconds, too coarse to measure work with, so the system is asked in both cases.
    Loops and clocks of another make, virtual ones above all, are asked themselves.
    """
    if getattr(type(clock), "monotonic", None) is not LoopClock.monotonic:
        return clock.monotonic
    loop = asyncio.get_running_loop()
    if type(loop).time is asyncio.BaseEventLoop.time or type(loop).__module__ == "uvloop":
        return time.monotonic  # noqa: TID251 - the loop's own clock, read without the loop
    return loop.time
