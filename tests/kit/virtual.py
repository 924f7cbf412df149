"""An asyncio event loop whose time is virtual, for tests of scheduling.

Shipped code runs on it unchanged: `asyncio.sleep`, `asyncio.timeout`, `loop.call_later` and
`informers.clock.LoopClock` all read this loop's clock. When nothing is ready, time jumps to the
next timer, so an hour of back-off costs microseconds and its order is exact.

It promises that a test ends: a wait nothing can fulfil is a `Deadlock` naming each waiting task, a
loop that never lets time pass is a `Livelock`, and a program that only beats its heart is stopped
at `limit` virtual seconds. Sockets, threads and child processes are refused with a clear error.

With a seed it also explores schedules: tasks that are ready at the same moment run in a random but
reproducible order, and some are held back for a turn. Plain callbacks keep the order in which they
were scheduled, which asyncio guarantees.

Use `run_virtual(coroutine)`, or mark a test (or a module) with `pytest.mark.virtual`, or
`pytest.mark.virtual(seeds=20)` for twenty schedules; a conftest turns the marker on by importing
the two hooks below. `PENTAD_SEEDS=500` runs that many schedules of each seeded test instead, and
`PENTAD_SEED=17` only the one a failure has named.
"""

import asyncio
import datetime as dt
import functools
import math
import os
import random
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, Final, Never, TypeVar

import pytest

from informers.clock import LoopClock

T = TypeVar("T")

WEEK: Final = 7 * 86_400.0
EPOCH: Final = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
_HOLD_BACK: Final = 0.25
_TURNS_PER_MOMENT: Final = 5_000_000


class VirtualError(Exception):
    """What a program did cannot go on in virtual time."""


class Deadlock(VirtualError):
    """Tasks wait and nothing is scheduled that could wake one."""


class Livelock(VirtualError):
    """Callbacks keep scheduling callbacks and time never passes."""


class TimeLimit(VirtualError):
    """The program went on for more virtual time than the test allows."""


class RealIO(VirtualError):
    """A socket, a thread or a process was asked for; their time is not ours."""


class VirtualLoop(asyncio.base_events.BaseEventLoop):
    """An event loop whose clock moves only when nothing is left to do.

    Attributes:
        seed: the number that reproduces this schedule, or None for asyncio's own order.
        random: the generator behind the schedule; tests draw their own choices from it.
    """

    def __init__(self, *, seed: int | None = None, limit: float = WEEK) -> None:
        super().__init__()
        self.seed = seed
        self.random = random.Random(seed)
        self._now = 0.0
        self._limit = limit
        self._turns = 0
        self._held: list[asyncio.Handle] = []
        self._selector = self  # BaseEventLoop polls `_selector.select`

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now

    def stall(self, seconds: float) -> None:
        """Let time pass at once while no callback runs, as a blocking call would."""
        self._move_to(self._now + seconds)

    def select(self, timeout: float | None) -> list[Never]:
        """Jump to the next timer in place of polling sockets."""
        if timeout is None:
            raise Deadlock(f"deadlock: nothing scheduled\n{self._waiting()}")
        if timeout > 0:
            self._move_to(self._scheduled[0].when())
        elif self._turns > _TURNS_PER_MOMENT:
            raise Livelock(f"time stands still at {self._now} s\n{self._waiting()}")
        return []

    def _move_to(self, moment: float) -> None:
        self._turns = 0
        self._now = moment
        # Far from zero a float cannot tell `now` from `now` + 1 ns, and the timer never fires.
        self._clock_resolution = max(1e-9, 2 * math.ulp(moment))
        if moment > self._limit:
            raise TimeLimit(f"still running after {self._limit} virtual seconds\n{self._waiting()}")

    def _run_once(self) -> None:
        self._turns += 1
        if self.seed is not None:
            self._choose()
        super()._run_once()

    def _choose(self) -> None:
        """Put the ready handles in a random order and hold some back for a later turn."""
        callbacks: deque[asyncio.Handle] = deque()
        steps = self._held
        for handle in self._ready:
            (steps if _is_task_step(handle) else callbacks).append(handle)
        self.random.shuffle(steps)
        chance = self.random.random
        last = len(steps) - 1  # one step always runs, so that time stands still while any waits
        self._held = [step for i, step in enumerate(steps) if i < last and chance() < _HOLD_BACK]
        held = set(map(id, self._held))
        self._ready.clear()
        for step in steps:
            if id(step) in held:
                continue
            while callbacks and chance() < len(callbacks) / (len(callbacks) + len(steps)):
                self._ready.append(callbacks.popleft())
            self._ready.append(step)
        self._ready.extend(callbacks)

    def _waiting(self) -> str:
        tasks = sorted(asyncio.all_tasks(self), key=asyncio.Task.get_name)
        where = [f"  {task.get_name()} waits in {_innermost(task)}" for task in tasks]
        return "\n".join(where) or "  (no task is left)"

    def _process_events(self, event_list: list[Never]) -> None:
        """There are no sockets, hence no events."""

    def _write_to_self(self) -> None:
        if self._thread_id not in {None, threading.get_ident()}:
            raise RealIO("another thread woke the virtual loop: its time cannot be reproduced")

    def _refuse(self, *_: object, **__: object) -> Never:
        raise RealIO(
            "sockets, threads and processes do not exist in virtual time: "
            "put a fake behind the interface, or move the test to tests/integration"
        )

    run_in_executor = _refuse
    getaddrinfo = _refuse
    getnameinfo = _refuse
    add_reader = add_writer = _refuse
    sock_connect = sock_accept = sock_recv = sock_sendall = _refuse
    add_signal_handler = _refuse
    subprocess_exec = subprocess_shell = _refuse


class VirtualClock(LoopClock):
    """A `LoopClock` whose time of day is virtual too, and can be stepped like a bad NTP server."""

    def __init__(self) -> None:
        super().__init__()
        self._step = dt.timedelta()

    def wall(self) -> dt.datetime:
        """The epoch of virtual time plus what the loop's clock shows plus all steps."""
        return EPOCH + dt.timedelta(seconds=self.monotonic()) + self._step

    def step_wall(self, seconds: float) -> None:
        """Move the time of day; `monotonic` does not notice."""
        self._step += dt.timedelta(seconds=seconds)


def run_virtual(main: Coroutine[Any, Any, T], *, seed: int | None = None, limit: float = WEEK) -> T:
    """Run a coroutine to its end in virtual time; tasks it leaves behind are cancelled."""
    factory = functools.partial(VirtualLoop, seed=seed, limit=limit)
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)


def seeds(count: int) -> range:
    """The seeds to run: `count` of them, unless the environment asks for more or for one."""
    if only := os.environ.get("PENTAD_SEED"):
        return range(int(only), int(only) + 1)
    return range(int(os.environ.get("PENTAD_SEEDS", count)))


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers", "virtual(seeds=None): run on a loop with virtual time, once per seed"
    )


def pytest_asyncio_loop_factories(
    config: pytest.Config,  # noqa: ARG001 - the hook's signature
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Give marked tests a virtual loop, with one run (and one test id) per seed."""
    marker = item.get_closest_marker("virtual")
    if marker is None:
        return {"asyncio": asyncio.new_event_loop}
    if (count := marker.kwargs.get("seeds")) is None:
        return {"virtual": VirtualLoop}
    return {f"seed={seed}": functools.partial(VirtualLoop, seed=seed) for seed in seeds(count)}


def _is_task_step(handle: asyncio.Handle) -> bool:
    return isinstance(getattr(handle._callback, "__self__", None), asyncio.Task)


def _innermost(task: asyncio.Task[Any]) -> str:
    """Where a suspended task waits: the deepest coroutine that still has a frame."""
    place, awaited = repr(task.get_coro()), task.get_coro()
    while (frame := getattr(awaited, "cr_frame", None)) is not None:
        code = frame.f_code
        place = f"{code.co_qualname} ({Path(code.co_filename).name}:{frame.f_lineno})"
        awaited = awaited.cr_await
    return place
