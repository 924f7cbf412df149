"""Time as a parameter.

Everything that waits or measures takes a `Clock`, so tests drive hours of behaviour in
milliseconds. `LoopClock` follows the running event loop: under the virtual loop of `tests/kit`
its sleeps cost nothing and its order is exact, without a second implementation to keep honest.

Deadlines use `monotonic`; `wall` exists only to stamp objects that people read. A wall clock may
step, so nothing may be computed from two of its readings.
"""

import asyncio
import datetime as dt
import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def monotonic(self) -> float:
        """Seconds on a clock that never steps."""
        ...

    def wall(self) -> dt.datetime:
        """The time of day, in UTC, for stamps."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; zero or less only yields to the loop."""
        ...


class LoopClock:
    """The clock of the event loop that runs where it is made, or else where it is used.

    Attributes:
        now: `monotonic` for those who ask all the time: a function without a frame of ours.
    """

    def __init__(self) -> None:
        try:
            self.now = _reading_of(asyncio.get_running_loop())
        except RuntimeError:
            self.now = _time_of_the_running_loop

    def monotonic(self) -> float:
        """Seconds of the loop's own clock."""
        return self.now()

    def wall(self) -> dt.datetime:
        """The time of day, in UTC."""
        return dt.datetime.now(dt.UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait on the running loop."""
        await asyncio.sleep(max(seconds, 0))  # noqa: TID251 - the one place that may


def _reading_of(loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """How to read a loop's clock at the least price.

    The stock loop's clock and uvloop's are the system's monotonic one. uvloop reads it once a turn
    and in milliseconds, too coarse to measure work with, so the system is asked in both cases.
    Loops of another make, virtual ones above all, are asked themselves.
    """
    if type(loop).time is asyncio.BaseEventLoop.time or type(loop).__module__ == "uvloop":
        return time.monotonic  # noqa: TID251 - the loop's own clock, read without the loop
    return loop.time


def _time_of_the_running_loop() -> float:
    """Look for the loop first: a system call, where `getpid` is one."""
    return asyncio.get_running_loop().time()
