"""Where keys come from: changes of a kind, an async iterator, a timer.

A source puts keys into its controller's queue and knows nothing of who takes them. Keys of a first
list or a resync are low priority: nobody waits for them, and somebody may wait for the others.

`Why` remembers, for a bounded number of keys, what called for the last look: that is what
`/debug/why` answers with. Of a first list nothing is noted: it would cost every object of it, and
push out what says more. Who knows of an object and of no reason knows that this was it.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final, Protocol

from controller.runtime.crew import Tasks
from controller.runtime.handler import Mapper, own_key
from controller.runtime.predicate import Predicate
from controller.runtime.workqueue.priority import DEFAULT, LOW
from controller.runtime.workqueue.queue import WorkQueue
from informers.backoff import Backoff
from informers.clock import Clock, LoopClock
from informers.factory import Informers
from informers.reflector import Source as Reflected
from informers.registration import Registration
from informers.shared import Informer
from informers.snapshot import Snapshot
from informers.store import Change

WHY_BOUND: Final = 4096


class Why:
    """The last reason for each of the keys that were called for lately."""

    def __init__(self, clock: Clock, *, bound: int = WHY_BOUND) -> None:
        self._clock = clock
        self._bound = bound
        self._reasons: dict[str, tuple[float, str]] = {}
        self.has_forgotten = False
        """Whether there were more keys than are remembered."""

    def __len__(self) -> int:
        return len(self._reasons)

    def note(self, key: str, reason: str) -> None:
        """Remember that `key` was called for."""
        if len(self._reasons) >= self._bound and key not in self._reasons:
            del self._reasons[next(iter(self._reasons))]
            self.has_forgotten = True
        self._reasons[key] = (self._clock.monotonic(), reason)

    def of(self, key: str) -> tuple[float, str] | None:
        """When and why it was last called for, if that is still known."""
        return self._reasons.get(key)


class Log(Protocol):
    """Where it is told what a source cannot do."""

    def warning(self, event: str, /, **fields: object) -> object:
        """Tell what may be wrong, or will be tried again."""
        ...

    def error(self, event: str, /, **fields: object) -> object:
        """Tell what is wrong and needs somebody."""
        ...


class Source(Protocol):
    """Something that calls for reconciles.

    Whatever it does has a limit (`supply`); what is not done by then is told to end.
    """

    async def start(
        self, queue: WorkQueue[str], why: Why, tasks: Tasks, *, log: Log | None = None
    ) -> None:
        """Begin to put keys into the queue; long work goes into tasks.

        They are told to end, and waited for within a limit, before `stop` is called.
        """
        ...

    async def wait_synced(self) -> None:
        """Wait until the keys of everything there is were put."""
        ...

    async def stop(self) -> None:
        """Put nothing more."""
        ...


class KindSource:
    """Changes of a kind, mapped to keys.

    A mapper that raises costs what it would have called for and nothing else: it is told and
    counted, and neither other keys nor other handlers miss the change.
    """

    def __init__(
        self,
        informers: Informers,
        reflected: Reflected,
        *,
        mapper: Mapper = own_key,
        predicates: tuple[Predicate, ...] = (),
        optional: bool = False,
        resync: float = 0.0,
        log: Log | None = None,
    ) -> None:
        self.reflected = reflected
        self.name = reflected.kind.kind
        self.predicate_errors = 0
        self.mapper_errors = 0
        self.is_own = mapper is own_key
        """Whether its keys are those of the objects to reconcile, and not of others."""
        self._informers = informers
        self._mapper = mapper
        self._predicates = predicates
        self._resync = resync
        self._log = log
        self.informer: Informer = informers.acquire(reflected, optional=optional)
        self._registration: Registration | None = None
        self._queue: WorkQueue[str] | None = None
        self._why: Why | None = None

    async def start(
        self, queue: WorkQueue[str], why: Why, tasks: Tasks, *, log: Log | None = None
    ) -> None:
        """Hear of every object there is and of every change."""
        del tasks
        self._log = self._log or log
        self._queue, self._why = queue, why
        self._registration = self.informer.add_handler(
            self._take, name=queue.name, resync=self._resync
        )

    async def wait_synced(self) -> None:
        """Wait for the cache."""
        await self.informer.wait_synced()

    async def stop(self) -> None:
        """Leave the informer; it ends when nobody else uses it."""
        if self._registration is not None:
            self._registration.remove()
            self._registration = None
            await self._informers.release(self.informer)

    def _take(self, changes: list[Change]) -> None:
        assert self._queue is not None
        add, plain = self._queue.add, self.is_own
        for change in changes:
            if self._predicates and not self._agreed(change):
                continue
            if change.initial:
                for key in (change.key,) if plain else self._mapped(change.latest):
                    add(key, priority=LOW)
                continue
            priority = LOW if change.is_resync else DEFAULT
            for key in (change.key,) if plain else self._both(change):
                add(key, priority=priority)
                self._note(key, change)

    def _both(self, change: Change) -> dict[str, None]:
        """The keys of the state before and of the state after."""
        keys: dict[str, None] = {}
        for state in (change.old, change.new):
            if state is not None:
                keys.update(dict.fromkeys(self._mapped(state)))
        return keys

    def _mapped(self, state: Snapshot) -> Iterable[str]:
        try:
            return list(self._mapper(state))
        except Exception as error:  # noqa: BLE001 - one odd object must not end the program
            self.mapper_errors += 1
            if self._log is not None:
                kind, message = self.reflected.kind.kind, repr(error)
                self._log.error(
                    "mapper_failed", kind=kind, key=state.key, error=message, exc_info=error
                )
            return ()

    def _agreed(self, change: Change) -> bool:
        try:
            return all(predicate(change) for predicate in self._predicates)
        except Exception:  # noqa: BLE001 - a look too many is cheap, a lost change is not (T44)
            self.predicate_errors += 1
            return True

    def _note(self, key: str, change: Change) -> None:
        assert self._why is not None
        what = "deleted" if change.new is None else "created" if change.old is None else "changed"
        what = "resynced" if change.is_resync else what
        self._why.note(key, f"{self.reflected.kind.kind} {change.key} {what}")


class IteratorSource:
    """Keys from an async iterator: webhooks of others, message queues, anything outside.

    An iterator that raises is told and begun again, after a pause that grows while it yields
    nothing. What it may have missed meanwhile is its own to find: it begins as if for the first
    time. One that returns has no more to say, and that is told, too.
    """

    def __init__(
        self,
        name: str,
        keys: Callable[[], AsyncIterator[str]],
        *,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.name = name
        self._keys = keys
        self._clock = clock or LoopClock()
        self._backoff = Backoff(self._clock, rng or random.Random())  # noqa: S311 - jitter, not secrets
        self._log: Log | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(
        self, queue: WorkQueue[str], why: Why, tasks: Tasks, *, log: Log | None = None
    ) -> None:
        """Put what the iterator yields until it ends."""
        self._log = log
        self._task = tasks.create_task(self._run(queue, why), name=f"source {self.name}")

    async def _run(self, queue: WorkQueue[str], why: Why) -> None:
        """Begin again for as long as the iterator fails."""
        task = asyncio.current_task()
        assert task is not None
        while not task.cancelling():
            try:
                await self._follow(queue, why, task)
            except asyncio.CancelledError as error:
                if task.cancelling():
                    raise
                failure: BaseException = error  # it cancelled itself, and nobody us
            except Exception as error:  # noqa: BLE001 - it is of others, and must not end the program
                failure = error
            else:
                self._tell_end(task)
                return
            seconds = None if task.cancelling() else self._backoff.next_delay()
            self._tell_failure(failure, seconds)
            if seconds is not None:
                await self._clock.sleep(seconds)

    async def _follow(self, queue: WorkQueue[str], why: Why, task: asyncio.Task[None]) -> None:
        async for key in self._keys():
            if task.cancelling():
                return  # the iterator took no notice
            queue.add(key)
            why.note(key, f"source {self.name}")
            self._backoff.reset()

    def _tell_failure(self, error: BaseException, seconds: float | None) -> None:
        if self._log is not None:
            self._log.error(
                "source_failed",
                source=self.name,
                error=repr(error),
                again_in=seconds,
                exc_info=error,
            )

    def _tell_end(self, task: asyncio.Task[None]) -> None:
        if self._log is not None and not task.cancelling():
            remedy = "nothing more comes from it; an iterator that waits for more never returns"
            self._log.warning("source_ended", source=self.name, remedy=remedy)

    async def wait_synced(self) -> None:
        """There is nothing to wait for."""

    async def stop(self) -> None:
        """End the iterator where it waits; whoever began its task waits for it."""
        if self._task is not None and not self._task.cancelling():
            self._task.cancel()


def timer(name: str, clock: Clock, *, seconds: float, key: str = "tick") -> IteratorSource:
    """The same key, again and again."""

    async def ticks() -> AsyncIterator[str]:
        while True:
            await clock.sleep(seconds)
            yield key

    return IteratorSource(name, ticks, clock=clock)
