"""The longest time the event loop is held with 40,000 pods of 7 KB in a cache.

The shipped informer and a work queue behind it run on a replayed server; beside them a task takes
every other turn of the loop and notes how much the turn between took. Told is CPU time, which is
what the turn would take on a machine of its own:

    watchlist   the first content streamed by a watch
    list        the first content by a list, for servers that do not stream it
    relist      after a 410, with one object in a hundred changed and one in a hundred gone
    gc          a full collection, as the manager leaves the collector

`python -m hack.bench.micro_pause` prints the figures.
"""

import asyncio
import contextlib
import gc
import random
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Final, cast

import controller.app  # noqa: F401 - the modules of the whole program are what a collection walks
from controller.runtime.memory import settle, unsettle
from controller.runtime.obs.gcpauses import GcPauses
from controller.runtime.workqueue.priority import LOW
from controller.runtime.workqueue.queue import WorkQueue
from hack.bench.micro import reference_loop, show
from hack.bench.pods import Pods
from informers.client import Client
from informers.clock import Clock, LoopClock
from informers.contact import Contact
from informers.errors import Gone
from informers.meta.kinds import Kind
from informers.reflector import Source, Verdicts
from informers.request import Request
from informers.shared import Informer
from informers.store import Change

COUNT: Final = 40_000
CHUNK: Final = 36
EVERY: Final = 100
POD: Final = Kind("", "v1", "Pod", "pods")
_END: Final = (
    b'{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"%d",'
    b'"annotations":{"k8s.io/initial-events-end":"true"}}}}\n'
)


class _Body:
    """What a server sends, and then its silence or its refusal."""

    code = 200

    def __init__(self, pieces: Iterator[bytes], expired: asyncio.Event) -> None:
        self._pieces = pieces
        self._expired = expired

    async def chunk(self, *, within: float) -> bytes:
        """The next piece; once there is none, wait to be told that the version is too old."""
        del within
        piece = next(self._pieces, b"")
        if not piece:
            await self._expired.wait()
            self._expired.clear()
            raise Gone("too old", code=410)
        return piece

    async def gather(self, clock: Clock, seconds: float) -> None:
        """Yield; pieces are as large as they get."""
        del seconds
        await clock.sleep(0)


class _List(_Body):
    """A list ends."""

    async def chunk(self, *, within: float) -> bytes:
        """The next piece."""
        del within
        return next(self._pieces, b"")


class Replay:
    """A server of pods, as far as an informer asks; `version` is where its objects are."""

    def __init__(self) -> None:
        self.clock: Clock = LoopClock()
        self.contact = Contact()
        self.expired = asyncio.Event()
        self.changed = 0
        self._pods = Pods()

    @contextlib.asynccontextmanager
    async def stream(
        self, request: Request, *, timeout: float | None = None
    ) -> AsyncIterator[_Body]:
        """Answer a list or a watch."""
        del timeout
        if "watch" not in request.query:
            yield _List(self._list(), self.expired)
        elif request.query.get("sendInitialEvents") == "true":
            yield _Body(self._initial(), self.expired)
        else:
            yield _Body(iter(()), self.expired)

    def _objects(self) -> Iterator[tuple[int, int]]:
        """Numbers and versions; of every hundred, one has changed and one is gone."""
        for number in range(COUNT):
            if not self.changed or number % EVERY > 1:
                yield number, number + 1
            elif number % EVERY:
                yield number, number + self.changed

    def _initial(self) -> Iterator[bytes]:
        piece: list[bytes] = []
        for number, version in self._objects():
            piece.append(self._pods.event(b"ADDED", number, version))
            if len(piece) == CHUNK:
                yield b"".join(piece)
                piece.clear()
        yield b"".join([*piece, _END % (COUNT + self.changed)])

    def _list(self) -> Iterator[bytes]:
        head = b'{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"%d"},"items":['
        piece = [head % (COUNT + self.changed)]
        comma = b""
        for number, version in self._objects():
            piece.append(comma + self._pods.object(number, version))
            comma = b","
            if len(piece) == CHUNK:
                yield b"".join(piece)
                piece.clear()
        yield b"".join([*piece, b"]}"])


class Gaps:
    """The longest turn of the loop, in CPU seconds, and how many there were."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.turns = 0

    async def run(self) -> None:
        """Take every other turn until cancelled."""
        clock, before = LoopClock(), time.thread_time()
        while True:
            await clock.sleep(0)
            now = time.thread_time()
            self.longest = max(self.longest, now - before)
            self.turns += 1
            before = time.thread_time()

    def take(self) -> float:
        """Return the longest so far in milliseconds, and begin again."""
        longest, self.longest = self.longest, 0.0
        return longest * 1e3


def _informer(replay: Replay, verdicts: Verdicts) -> Informer:
    informer = Informer(
        cast("Client", replay),
        Source(kind=POD),
        verdicts=verdicts,
        rng=random.Random(1),  # noqa: S311 - jitter
    )
    queue: WorkQueue[str] = WorkQueue("bench")

    def hear(changes: list[Change]) -> None:
        for change in changes:
            queue.add(change.key, priority=LOW if change.initial else 0)

    informer.add_handler(hear)
    informer.store.in_namespace("")
    return informer


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(300):
        while not condition():
            await LoopClock().sleep(0)


async def _first(group: asyncio.TaskGroup, gaps: Gaps, *, streamed: bool) -> dict[str, float]:
    """A first content, and with a streamed one a relist and a collection after it."""
    replay, verdicts = Replay(), Verdicts()
    if not streamed:
        verdicts.refuse(POD, "as old servers do")
    informer = _informer(replay, verdicts)
    gaps.take()
    informer.start(group)
    await _until(lambda: informer.has_synced)
    settle()
    figures = {"watchlist_ms" if streamed else "list_ms": gaps.take()}
    assert len(informer.store) == COUNT
    if streamed:
        replay.changed = COUNT
        verdicts.refuse(POD, "to have it listed")
        replay.expired.set()
        await _until(lambda: len(informer.store) < COUNT)
        await LoopClock().sleep(0)
        figures["relist_ms"] = gaps.take()
        figures["gc_ms"] = _collection()
    await informer.stop()
    return figures


def _collection() -> float:
    begin = time.thread_time()
    gc.collect()
    return (time.thread_time() - begin) * 1e3


async def _measure() -> dict[str, float]:
    pauses, gaps = GcPauses(), Gaps()
    settle()
    await pauses.start()
    async with asyncio.TaskGroup() as group:
        ticking = group.create_task(gaps.run())
        figures = await _first(group, gaps, streamed=True)
        figures |= await _first(group, gaps, streamed=False)
        ticking.cancel()
    await pauses.stop()
    unsettle()
    return figures | {"gc_longest_ms": pauses.longest * 1e3}


def measure() -> dict[str, float]:
    """The longest turns in milliseconds, the longest of all, and its ratio to the yardstick."""
    begin = time.process_time()
    reference_loop()
    loop = (time.process_time() - begin) / 5 * 1e3
    figures = asyncio.run(_measure())
    longest = max(figures[f"{what}_ms"] for what in ("watchlist", "list", "relist", "gc"))
    return figures | {"longest_ms": longest, "longest_ratio": longest / loop, "loop_ms": loop}


if __name__ == "__main__":
    show(measure, sys.argv[1:])
