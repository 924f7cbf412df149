"""One timer for a whole heap of delays.

The alarm is set to the earliest moment and moves when an earlier one comes. It measures by the
queue's clock but sleeps by the loop's, and the two may part: a suspended machine, a clock that a
test steps. So it never sleeps longer than `HEARTBEAT`, and who it calls must look at the clock.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Final

HEARTBEAT: Final = 10.0


class Alarm:
    """Calls `callback` when the moment it is set to has come, and maybe before."""

    __slots__ = ("_callback", "_due", "_timer")

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback
        self._due = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def set(self, due: float, *, now: float) -> None:
        """Ring at `due`, unless set to an earlier moment; infinity rings never."""
        if due >= self._due:
            return
        self.cancel()
        self._due = due
        seconds = min(max(due - now, 0.0), HEARTBEAT)
        self._timer = asyncio.get_running_loop().call_later(seconds, self._ring)

    def cancel(self) -> None:
        """Do not ring."""
        self._due = math.inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self.cancel()
        self._callback()
