"""Time as a parameter.

Everything that waits or measures takes a `Clock`, so tests drive hours of behaviour in
milliseconds. `LoopClock` follows the running event loop: under the virtual loop of `tests/kit`
its sleeps cost nothing and its order is exact, without a second implementation to keep honest.

Deadlines use `monotonic`; `wall` exists only to stamp objects that people read. A wall clock may
step, so nothing may be computed from two of its readings.
"""

import asyncio
import datetime as dt
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
    """The clock of the running event loop."""

    def monotonic(self) -> float:
        """Seconds of the running loop's own clock."""
        return asyncio.get_running_loop().time()

    def wall(self) -> dt.datetime:
        """The time of day, in UTC."""
        return dt.datetime.now(dt.UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait on the running loop."""
        await asyncio.sleep(max(seconds, 0))  # noqa: TID251 - the one place that may
