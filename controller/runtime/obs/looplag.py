"""How late the event loop runs, and what it is stuck in when it does not run at all.

The loop beats once a second and notes how late each beat came. A thread looks once a second, half
a second after a beat was due; if it did not come the loop is blocked, and the thread takes the
stack of the loop's thread while it is still there, names the function and logs it (T50). A block
of a second and a half is always caught, a shorter one if a beat falls into it.

A stall that holds the interpreter (one long C call) stops this thread as well; it then shows in
the lateness of the next beat.
"""

import asyncio
import sys
import threading
import time
import traceback
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Final

import attrs

from controller.runtime.controller import Log

BEAT: Final = 1.0
THRESHOLD: Final = 0.5
LOG_EVERY: Final = 10.0
DUMPS: Final = 8
BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@attrs.frozen(kw_only=True)
class Dump:
    """What the loop was stuck in.

    Attributes:
        at: when it was seen, on the watchdog's clock.
        seconds: how late the loop was by then.
        function: the innermost function.
        stack: its callers, the outermost first.
    """

    at: float
    seconds: float
    function: str
    stack: tuple[str, ...]


@attrs.define(kw_only=True)
class LagStatistics:
    """Lateness of the beats so far, in seconds, and blocks seen."""

    beats: int = 0
    last: float = 0.0
    longest: float = 0.0
    total: float = 0.0
    blocks: int = 0
    buckets: list[int] = attrs.field(factory=lambda: [0] * (len(BOUNDS) + 1))


class LoopLag:
    """The watchdog of one loop; start and stop it there."""

    def __init__(
        self,
        *,
        log: Log,
        threshold: float = THRESHOLD,
        now: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.statistics = LagStatistics()
        self.dumps: deque[Dump] = deque(maxlen=DUMPS)
        self._log = log
        self._threshold = threshold
        self._now = now
        self._due = float("inf")
        self._logged = float("-inf")
        self._ended = threading.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ident = 0
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        """Watch the running loop."""
        self._loop = asyncio.get_running_loop()
        self._ident = threading.get_ident()
        self._ended.clear()
        self._arm()
        self._thread = threading.Thread(target=self._watch, name="loop watchdog", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Watch no more."""
        self._ended.set()
        self._due = float("inf")
        if self._timer is not None:
            self._timer.cancel()
        if self._thread is not None:
            self._thread.join()

    @property
    def lateness(self) -> float:
        """For how many seconds the loop has been late now; zero while it runs."""
        return max(self._now() - self._due, 0.0)

    @property
    def now(self) -> float:
        """The time on the clock that `Dump.at` is on."""
        return self._now()

    def current_stack(self) -> tuple[str, ...]:
        """What the loop's thread is doing, the innermost call last."""
        return _lines(sys._current_frames().get(self._ident))  # noqa: SLF001 - the only way to ask

    # On the loop

    def _arm(self) -> None:
        assert self._loop is not None
        self._due = self._now() + BEAT
        self._timer = self._loop.call_later(BEAT, self._beat)

    def _beat(self) -> None:
        lag = self.lateness
        statistics = self.statistics
        statistics.beats += 1
        statistics.last = lag
        statistics.total += lag
        statistics.longest = max(statistics.longest, lag)
        statistics.buckets[bisect_left(BOUNDS, lag)] += 1
        self._arm()

    # In the thread

    def _watch(self) -> None:
        blocked_at = 0.0  # the beat that is missing
        pause = BEAT + self._threshold
        while not self._ended.wait(pause):
            due, now = self._due, self._now()
            late = now - due
            if late < self._threshold:
                pause = self._threshold - late
                continue
            if due != blocked_at:
                blocked_at = due
                self.statistics.blocks += 1
            self._dump(now, late)
            # Look again when it has lasted twice as long: a long block gives a few stacks, no more.
            pause = late

    def _dump(self, now: float, late: float) -> None:
        stack = self.current_stack()
        function = stack[-1] if stack else "unknown"
        self.dumps.append(Dump(at=now, seconds=late, function=function, stack=stack))
        if now - self._logged >= LOG_EVERY:
            self._logged = now
            self._log.warning(
                "event_loop_blocked", seconds=round(late, 3), function=function, stack=list(stack)
            )


def _lines(frame: FrameType | None) -> tuple[str, ...]:
    summary = traceback.StackSummary.extract(traceback.walk_stack(frame)) if frame else ()
    return tuple(f"{f.name} ({f.filename}:{f.lineno}) {f.line}".strip() for f in summary)[::-1]
