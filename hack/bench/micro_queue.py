"""What the work queue costs per key, beside the least a queue could cost.

Ours runs in alternation with a bare deduplicating queue in pure Python: two sets and a deque, no
delays, no priorities, no metrics, no waiting. That is the floor, and `…_to_bare` tells what the
features cost; `…_ratio` is to one turn of the fixed loop of `micro.py`. Queues live through all
rounds, as in a manager. Figures are medians of CPU time, which on an idle machine is the time that
passes and on a busy one is not spoilt by those who make it busy.

`worked` is sixteen workers that give each key one turn of the loop between `get` and `done`;
`worked_nowait` the same by `get_nowait`. `low` is ours as the first list uses it: every key below
the default priority, which is off the hot path.

`python -m hack.bench.micro_queue` prints the figures.
"""

import asyncio
import functools
import statistics
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Protocol

from controller.runtime.workqueue.priority import LOW
from controller.runtime.workqueue.queue import WorkQueue
from controller.runtime.workqueue.waiting import rest
from hack.bench.micro import show

KEYS: Final = [(f"namespace-{i % 50}", f"widget-{i}") for i in range(20_000)]
WORKERS: Final = 16
ROUNDS: Final = 15

Add = Callable[[Hashable], None]


class _Queue(Protocol):
    """What the measured programs need of a queue."""

    def get_nowait(self) -> Hashable: ...
    def get(self) -> Awaitable[Hashable]: ...
    def done(self, key: Hashable) -> None: ...


class BareQueue:
    """Deduplication and nothing else."""

    def __init__(self) -> None:
        self._queue: deque[Hashable] = deque()
        self._dirty: set[Hashable] = set()
        self._processing: set[Hashable] = set()

    def add(self, key: Hashable) -> None:
        """Queue `key` unless it is queued; if a worker holds it, remember it."""
        if key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._processing:
            self._queue.append(key)

    def get_nowait(self) -> Hashable:
        """Take the next key."""
        key = self._queue.popleft()
        self._dirty.discard(key)
        self._processing.add(key)
        return key

    async def get(self) -> Hashable:
        """Take the next key; it never has to wait here."""
        return self.get_nowait()

    def done(self, key: Hashable) -> None:
        """Give `key` back."""
        self._processing.discard(key)
        if key in self._dirty:
            self._queue.append(key)


def _per_key(start: float) -> float:
    return (time.process_time() - start) / len(KEYS) * 1e6


def _loop() -> float:
    start = time.process_time()
    total = 0
    for number in range(10 * len(KEYS)):
        total += number & 7
    return _per_key(start) / 10


def _fill(add: Add) -> float:
    start = time.process_time()
    for key in KEYS:
        add(key)
    return _per_key(start)


def _empty(queue: _Queue) -> float:
    start = time.process_time()
    for _ in KEYS:
        queue.done(queue.get_nowait())
    return _per_key(start)


async def _get(queue: _Queue, count: int) -> None:
    for _ in range(count):
        key = await queue.get()
        await rest()
        queue.done(key)


async def _get_nowait(queue: _Queue, count: int) -> None:
    for _ in range(count):
        key = queue.get_nowait()
        await rest()
        queue.done(key)


async def _work(queue: _Queue, worker: Callable[[_Queue, int], Awaitable[None]]) -> float:
    async def work() -> None:
        await worker(queue, len(KEYS) // WORKERS)

    start = time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(WORKERS):
            group.create_task(work())
    return _per_key(start)


async def _round(queue: _Queue, add: Add) -> dict[str, float]:
    figures = {"add": _fill(add), "add_again": _fill(add), "get_done": _empty(queue)}
    _fill(add)
    figures["worked"] = await _work(queue, _get)
    _fill(add)
    figures["worked_nowait"] = await _work(queue, _get_nowait)
    return figures


async def _rounds() -> dict[str, float]:
    ours: WorkQueue[Hashable] = WorkQueue("bench")
    low: WorkQueue[Hashable] = WorkQueue("bench-low")
    bare = BareQueue()
    programs: dict[str, tuple[_Queue, Add]] = {
        "ours": (ours, ours.add),
        "low": (low, functools.partial(low.add, priority=LOW)),
        "bare": (bare, bare.add),
    }
    samples: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        samples.setdefault("loop_us", []).append(_loop())
        for name, (queue, add) in programs.items():
            for what, figure in (await _round(queue, add)).items():
                samples.setdefault(f"{name}_{what}_us", []).append(figure)
    return {what: statistics.median(figures) for what, figures in samples.items()}


def measure() -> dict[str, float]:
    """Microseconds per key, reconciles a second, and ratios."""
    figures = asyncio.run(_rounds())
    for name in ("ours", "low", "bare"):
        figures[f"{name}_reconciles_per_s"] = 1e6 / figures[f"{name}_worked_us"]
    figures["ours_reconciles_nowait_per_s"] = 1e6 / figures["ours_worked_nowait_us"]
    for what in ("add", "get_done", "worked"):
        ours = figures[f"ours_{what}_us"]
        figures[f"{what}_ratio"] = ours / figures["loop_us"]
        figures[f"{what}_to_bare"] = ours / figures[f"bare_{what}_us"]
    return figures


if __name__ == "__main__":
    show(measure, sys.argv[1:])
