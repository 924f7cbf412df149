"""The work queue: keys in, keys out, and never the same key with two workers.

It keeps the promises of client-go's workqueue:

- A key added many times before a worker takes it is handed out once.
- A key added while a worker holds it is handed out again after `done`, once, and not before.
- A key that became ready first leaves first, inside its priority; `priority.py` states how long a
  low one waits at most.
- After `shut_down` nothing is accepted, what is ready is still handed out, then `get` raises.

and adds what controllers around it always needed: delays with the earlier moment winning, per-key
back-off, priorities that a retry keeps, a drain with a deadline that reports what it left, and the
metrics of client-go read at scrape time.

It belongs to one event loop and is not safe for threads. That is what makes it free of locks, and
a key costs a worker about a microsecond. One comparison per key, against `_attention`, guards all
that is rare: a delay that fell due, keys of other priorities, and the end of a turn: `get` yields
to the loop every few milliseconds even if its caller never waits for anything.

Deciding what a failed key does next is the worker's business.
"""

import asyncio
import math
import types
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

import attrs

from controller.runtime.workqueue.alarm import Alarm
from controller.runtime.workqueue.delaying import DelayHeap
from controller.runtime.workqueue.priority import DEFAULT, Backlog
from controller.runtime.workqueue.ratelimit import RateLimiter, default_limiter
from controller.runtime.workqueue.reading import reading_of
from controller.runtime.workqueue.statistics import Durations, QueueStatistics
from controller.runtime.workqueue.waiting import Waiters, rest
from informers.clock import Clock, LoopClock

K = TypeVar("K", bound=Hashable)

TURN: Final = 0.005  # how long workers may take keys before other tasks get the loop
WORTH_FOLDING: Final = 256


class WorkQueueError(Exception):
    """Base of what a queue raises."""


class QueueShutDown(WorkQueueError):
    """The queue was shut down and has handed out all it had: the worker can end."""


class QueueEmpty(WorkQueueError):
    """Nothing is ready now."""


class NotProcessing(WorkQueueError):
    """`done` was called for a key no worker holds, or twice."""


@attrs.frozen(kw_only=True)
class Unfinished(Generic[K]):
    """What a drain left behind; the next leader's first list finds all of it again.

    Attributes:
        ready: keys added that no worker took since.
        processing: keys whose workers did not end in time.
        delayed: keys whose moment had not come; they never hold a drain up.
    """

    ready: tuple[K, ...]
    processing: tuple[K, ...]
    delayed: tuple[K, ...]

    @property
    def is_drained(self) -> bool:
        """Whether all work that could be done was done."""
        return not (self.ready or self.processing)


class WorkQueue(Generic[K]):
    """A deduplicating queue of keys with delays, back-off and priorities.

    Keys are hashed half a dozen times on their way: tuples (named ones too) and strings hash
    fastest.

    Args:
        name: the queue's label in metrics.
        clock: where time comes from.
        limiter: how long `add_rate_limited` waits.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Clock | None = None,
        limiter: RateLimiter[K] | None = None,
    ) -> None:
        self.name = name
        self._clock: Clock = clock or LoopClock()
        self._limiter: RateLimiter[K] = default_limiter() if limiter is None else limiter
        self._now: Callable[[], float] = self._first_reading
        self._dirty: dict[K, float] = {}  # since when; ready, or to be ready once done
        self._processing: dict[K, float] = {}  # since when
        self._priorities: dict[K, int] = {}  # of dirty keys, where not the default
        self._held_priorities: dict[K, int] = {}  # the same of processing keys
        self._again: set[K] = set()  # the keys both dirty and processing
        self._backlog: Backlog[K] = Backlog()
        self._ready = self._backlog.default
        self._delays: DelayHeap[K] = DelayHeap()
        self._alarm = Alarm(self._on_alarm)
        self._waiters = Waiters()
        self._waiting = self._waiters.line
        self._waits = Durations()
        self._works = Durations()
        self._record_wait = self._waits.record
        self._record_work = self._works.record
        self._retries = 0
        self._done_is_plain = True
        self._attention = -math.inf  # from when on the hot path will not do
        self._next_due = math.inf
        self._turn_end = -math.inf
        self._is_turn_marked = False
        self._shutting_down = False
        self._idle = asyncio.Event()

    def __len__(self) -> int:
        """How many keys are ready."""
        return len(self._backlog)

    # Adding

    def add(self, key: K, *, priority: int = DEFAULT) -> None:
        """Have `key` handed out soon; if it is ready already, raise its priority at most."""
        if key in self._dirty:
            if priority or self._priorities:
                self._raise_priority(key, priority)
            return
        if self._shutting_down:
            return
        self._dirty[key] = self._now()
        if priority:
            self._priorities[key] = priority
        if key in self._processing:
            self._again.add(key)
            self._done_is_plain = False
            return
        if priority:
            self._backlog.push(key, priority)
            self._attention = -math.inf
        else:
            self._ready.append(key)
        if self._waiting:
            self._waiters.wake()

    def add_after(self, key: K, seconds: float, *, priority: int | None = None) -> None:
        """Add `key` after a delay; of two delays the earlier wins, zero or less adds it now.

        A delay stays even if the key is added meanwhile: whoever asked for a later look gets one.

        Args:
            key: what to add.
            seconds: a finite delay.
            priority: by default the one the key was taken with, if a worker holds it.
        """
        if self._shutting_down:
            return
        if not math.isfinite(seconds):
            raise ValueError(f"a delay of {seconds} s never ends; to stop retrying, forget the key")
        self._retries += 1
        if priority is None:
            priority = self.priority_of(key)
        if seconds <= 0:
            self.add(key, priority=priority)
            return
        now = self._now()
        self._delays.put(key, due=now + seconds, priority=priority)
        self._next_due = min(self._next_due, now + seconds)
        self._attention = min(self._attention, now + seconds)
        self._alarm.set(now + seconds, now=now)

    def add_rate_limited(
        self, key: K, *, priority: int | None = None, most: float = math.inf
    ) -> None:
        """Add `key` after the delay its failures have earned it, or `most`; counts one more."""
        if not self._shutting_down:
            delay = self._limiter.next_delay(key, now=self._now())
            self.add_after(key, min(delay, most), priority=priority)

    def forget(self, key: K) -> None:
        """Drop the failures of `key`: it succeeded, or trying again is pointless."""
        self._limiter.forget(key)

    def discard(self, key: K) -> None:
        """The object is gone: forget `key` and cancel its delay. A ready key stays ready."""
        self._limiter.forget(key)
        self._delays.cancel(key)

    def num_requeues(self, key: K) -> int:
        """How often `key` has failed since it was last forgotten."""
        return self._limiter.num_requeues(key)

    # Taking

    async def get(self) -> K:
        """Wait for a key and take it; the caller owes a `done`.

        Raises:
            QueueShutDown: there will be none any more.
        """
        now = self._now()
        if now < self._attention and self._ready:
            key = self._ready.popleft()
            self._processing[key] = now
            self._record_wait(now - self._dirty.pop(key))
            return key
        if now >= self._turn_end:
            self._mark_turn()
            await rest()  # once: other tasks may use up the whole next turn
        while True:
            try:
                return self._take_with_care(self._now())
            except QueueEmpty:
                await self._waiters.wait()

    def get_nowait(self) -> K:
        """Take a key; the caller owes a `done`, and a rest for the loop now and then.

        Raises:
            QueueEmpty: none is ready.
            QueueShutDown: there will be none any more.
        """
        now = self._now()
        if now < self._attention and self._ready:
            key = self._ready.popleft()
            self._processing[key] = now
            self._record_wait(now - self._dirty.pop(key))
            return key
        if now >= self._turn_end:
            self._begin_turn()
        return self._take_with_care(now)

    def done(self, key: K) -> None:
        """Give a key back; if it was added meanwhile it is ready again."""
        try:
            since = self._processing.pop(key)
        except KeyError:
            raise NotProcessing(
                f"no worker holds {key!r}: call done once for each key that get returned"
            ) from None
        self._record_work(self._now() - since)
        if not self._done_is_plain:
            self._done_with_care(key)

    def is_dirty(self, key: K) -> bool:
        """Whether `key` is to be handed out: now, or as soon as who holds it is done."""
        return key in self._dirty

    def state_of(self, key: K) -> str:
        """Where `key` is now, for people."""
        if key in self._processing:
            return "processing, and to be done again" if key in self._dirty else "processing"
        if key in self._dirty:
            return "ready"
        return "delayed" if key in self._delays else "absent"

    def priority_of(self, key: K) -> int:
        """The priority a held key was taken with; the default one for any other key."""
        return self._held_priorities.get(key, DEFAULT)

    # Ending

    @property
    def is_shutting_down(self) -> bool:
        """Whether keys are refused."""
        return self._shutting_down

    def shut_down(self) -> None:
        """Refuse new keys and drop delays; what is ready is still handed out."""
        self._shutting_down = True
        self._done_is_plain = False
        self._next_due = math.inf
        self._alarm.cancel()
        self._waiters.wake_all()
        self._note_idle()

    async def shut_down_with_drain(self, limit: float) -> Unfinished[K]:
        """Shut down and wait, `limit` seconds at most, until all that is ready has been done."""
        self.shut_down()
        try:
            async with asyncio.timeout(limit):
                await self._idle.wait()
        except TimeoutError:
            pass  # told by what is returned
        return Unfinished(
            ready=tuple(self._dirty),
            processing=tuple(self._processing),
            delayed=tuple(self._delays),
        )

    # Telling

    def statistics(self) -> QueueStatistics:
        """A snapshot; costs as much as there are held keys, and is taken on the loop's thread."""
        now = self._now()
        waits = self._waits.snapshot()
        held = [now - since for since in self._processing.values()]
        oldest = self._backlog.oldest(self._dirty)
        return QueueStatistics(
            depth=types.MappingProxyType(self._backlog.depth()),
            delayed=len(self._delays),
            processing=len(held),
            limited=len(self._limiter),
            adds=waits.count + len(self._dirty),  # every key that got dirty is taken once
            retries=self._retries,
            queue_duration=waits,
            work_duration=self._works.snapshot(),
            unfinished_work_seconds=sum(held),
            longest_running_seconds=max(held, default=0.0),
            oldest_age_seconds=0.0 if oldest is None else now - oldest,
        )

    # What is rare

    def _first_reading(self) -> float:
        self._now = reading_of(self._clock)
        return self._now()

    def _take_with_care(self, now: float) -> K:
        if now >= self._next_due:
            self._release(now)
        if not (self._ready or self._backlog.has_other_priorities):
            raise QueueShutDown(self.name) if self._shutting_down else QueueEmpty(self.name)
        key = self._backlog.pop(now, self._dirty)
        if priority := self._priorities.pop(key, DEFAULT):
            self._held_priorities[key] = priority
            self._done_is_plain = False
        self._processing[key] = now
        self._record_wait(now - self._dirty.pop(key))
        return key

    def _done_with_care(self, key: K) -> None:
        self._held_priorities.pop(key, None)
        if key in self._again:
            self._again.remove(key)
            self._backlog.push(key, self._priorities.get(key, DEFAULT))
            self._focus()
            self._waiters.wake()
        elif self._shutting_down:
            self._note_idle()
        self._done_is_plain = not (self._again or self._held_priorities or self._shutting_down)

    def _raise_priority(self, key: K, priority: int) -> None:
        old = self._priorities.get(key, DEFAULT)
        if priority <= old:
            return
        if priority == DEFAULT:
            del self._priorities[key]
        else:
            self._priorities[key] = priority
        if key not in self._processing:
            self._backlog.move(key, old=old, new=priority)
            self._focus()

    def _mark_turn(self) -> None:
        """Have the next turn begin when the loop has been round once."""
        if not self._is_turn_marked:
            self._is_turn_marked = True
            asyncio.get_running_loop().call_soon(self._begin_turn)

    def _begin_turn(self) -> None:
        self._is_turn_marked = False
        self._turn_end = self._now() + TURN
        self._waits.fold(least=WORTH_FOLDING)
        self._works.fold(least=WORTH_FOLDING)
        self._focus()

    def _focus(self) -> None:
        """Work out from when on the hot path must look at more than the default priority."""
        until = min(self._turn_end, self._next_due)
        self._attention = until if self._backlog.is_plain else -math.inf

    def _release(self, now: float) -> None:
        for key, priority in self._delays.pop_due(now):
            self.add(key, priority=priority)
        self._next_due = self._delays.next_due
        self._focus()

    def _on_alarm(self) -> None:
        now = self._now()
        self._release(now)
        self._alarm.set(self._next_due, now=now)

    def _note_idle(self) -> None:
        if not (self._processing or self._backlog):
            self._idle.set()
