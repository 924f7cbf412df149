"""One controller: sources fill its queue, workers empty it, one reconcile per object at a time.

It promises:

- The same object is never reconciled twice at once; what happens meanwhile calls for one more look.
- A failing object backs off alone; a reconcile that raises anything, or hangs, costs its slot no
  longer than its timeout, and no other object anything.
- An object is not reconciled from data that its own lost writes made doubtful, nor before every
  cache of the controller has the content of its namespace (`gate`).
- Workers start only when every source's cache is complete; a standby's caches are warm.
- It stops in time: a reconcile or a source that takes no notice of its cancellation is told and
  left behind (`crew`).

`TerminalError` ends the retries and is told to whoever `on_terminal` is: status and Event.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import Final, Literal, Protocol, get_args

import attrs

from controller.runtime.crew import Crew
from controller.runtime.gate import Caches, Gate
from controller.runtime.obs.reconcileid import NUMBER, next_number
from controller.runtime.pause import PauseHook, Pauses
from controller.runtime.reconcile import (
    Postponed,
    Reconciler,
    Request,
    Result,
    RuntimeFailure,
    TerminalError,
)
from controller.runtime.source import KindSource, Source, Why
from controller.runtime.source import Log as SourceLog
from controller.runtime.supply import Supply
from controller.runtime.watchdog import Slot, Watchdog
from controller.runtime.workqueue.queue import QueueShutDown, Unfinished, WorkQueue
from controller.runtime.workqueue.ratelimit import RateLimiter
from informers.client import CAUSE
from informers.clock import Clock
from informers.errors import Conflict, InformersError, StatusError

Outcome = Literal["success", "requeue_after", "error", "conflict", "terminal", "timeout", "paused"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
MOST_AFTER_OUTAGE: Final = 30.0
"""Seconds until the next try of what failed because of the server: it says nothing of the object,
and ten minutes without a server must not become five more for whoever tried hardest."""
CLEAN_UP_SECONDS: Final = 2.0
"""How long reconciles and sources that are told to end may take for it."""
STOP_SHARE: Final = 0.5
"""The share of that which sources then have to stop in."""
DEAF: Final = (
    "let asyncio.CancelledError pass: catch Exception and not BaseException, clean up in `finally`"
)
WORKER: Final = "worker "
"""How the names of workers begin; the other tasks of a controller are its sources'."""


class Log(SourceLog, Protocol):
    """The part of a structured logger that a controller uses."""

    def debug(self, event: str, /, **fields: object) -> object:
        """Tell what only a developer wants to know."""

    def info(self, event: str, /, **fields: object) -> object:
        """Tell what an operator wants to know."""


@attrs.frozen(kw_only=True)
class Options:
    """How a controller works; `with_options` of the builder sets them."""

    workers: int = attrs.field(default=4, validator=attrs.validators.ge(1))
    timeout: float = attrs.field(default=60.0, validator=attrs.validators.gt(0))
    sync_timeout: float | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.gt(0))
    )
    limiter: RateLimiter[str] | None = None


@attrs.define(kw_only=True)
class Statistics:
    """Counters of a controller, read at scrape; every outcome exists from the start."""

    outcomes: dict[Outcome, int] = attrs.field(factory=lambda: dict.fromkeys(OUTCOMES, 0))
    active: int = 0
    seconds: float = 0.0
    buckets: list[int] = attrs.field(factory=lambda: [0] * (len(BUCKETS) + 1))

    def record(self, outcome: Outcome, seconds: float) -> None:
        """Count one reconcile."""
        self.outcomes[outcome] += 1
        self.seconds += seconds
        place = 0
        for bound in BUCKETS:
            if seconds <= bound:
                break
            place += 1
        self.buckets[place] += 1


class CachesIncomplete(RuntimeFailure):
    """Work cannot begin: a cache did not get its content in time."""


class TerminalHook(Protocol):
    """Who is told that trying again is pointless, and that it no longer is."""

    async def tell(self, request: Request, error: TerminalError) -> None:
        """It is."""
        ...

    def is_told(self, key: str) -> bool:
        """Whether that was said and not taken back."""
        ...

    async def clear(self, request: Request) -> None:
        """It no longer is."""
        ...


class Controller:
    """Runs one reconciler."""

    def __init__(
        self,
        name: str,
        reconciler: Reconciler,
        sources: Sequence[Source],
        *,
        clock: Clock,
        log: Log,
        options: Options | None = None,
        on_terminal: TerminalHook | None = None,
        on_pause: PauseHook | None = None,
        caches: Caches | None = None,
    ) -> None:
        self.name = name
        self.options = options or Options()
        self.statistics = Statistics()
        self.queue: WorkQueue[str] = WorkQueue(name, clock=clock, limiter=self.options.limiter)
        self.why = Why(clock)
        self.troubles = Why(clock)
        self.sources = tuple(sources)
        kinds = [source for source in sources if isinstance(source, KindSource)]
        self._primary = next((source.informer for source in kinds if source.is_own), None)
        self._pauses = Pauses(self._primary.store if self._primary else None, on_pause)
        self.informers = tuple(dict.fromkeys(source.informer for source in kinds))
        """Whose changes call for reconciles, and whose content work waits for."""
        self.gate = Gate(caches, self._primary, self.informers)
        self._reconciler = reconciler
        self._clock = clock
        self._watchdog = Watchdog(clock, limit=self.options.timeout)
        self._log = log
        self._on_terminal = on_terminal
        self._crew = Crew(name)
        self._supply = Supply(name, self.sources, self._crew, clock=clock, log=log)
        self._is_working = False
        self._deaf: set[str] = set()

    def wrap(self, wrapper: Callable[[Reconciler], Reconciler]) -> None:
        """Have something stand around its reconciler."""
        self._reconciler = wrapper(self._reconciler)

    @property
    def left_behind(self) -> int:
        """Workers and sources that were told to end and have not; they may never."""
        return self._crew.left_behind

    # Life

    async def warm_up(self, group: asyncio.TaskGroup, *, limit: float = 120.0) -> None:
        """Start the sources and wait for their caches; a standby does this, too.

        Raises:
            CachesIncomplete: If one is not complete within `sync_timeout`, or else the limit.
        """
        limit = self.options.sync_timeout or limit
        self._crew.join(group)
        if not await self._supply.start(self.queue, self.why, limit=limit):
            raise CachesIncomplete(
                f"the caches of controller {self.name} are not complete after {limit:g} s"
            )

    def start(self, group: asyncio.TaskGroup) -> None:
        """Start the workers; a task of the group answers for them."""
        self._crew.join(group)
        for number in range(self.options.workers):
            self._crew.create_task(self._work(), name=f"{WORKER}{self.name} {number}")
        self._is_working = True

    async def stop(self, *, limit: float, clean_up: float = CLEAN_UP_SECONDS) -> Unfinished[str]:
        """Drain the queue within `limit` seconds, end what still runs, report what was left.

        It takes `clean_up` and the `STOP_SHARE` of that longer at most, whatever hangs.
        """
        can_drain = self._is_working and not self._crew.is_dismissed
        try:
            unfinished = await self.queue.shut_down_with_drain(limit if can_drain else 0)
        finally:
            self._tell_left(await self._crew.dismiss(clean_up))
        # Only now: a reconcile that is being drained reads caches that are still kept current.
        await self._supply.stop(limit=clean_up * STOP_SHARE)
        return unfinished

    def _tell_left(self, tasks: Sequence[str]) -> None:
        """Name what took no notice of its cancellation."""
        for key in self._watchdog.at_work():
            self._tell_deaf(key)
        for name in tasks:
            if not name.startswith(WORKER):
                source = name.removeprefix("source ")
                self._log.error(
                    "source_ignores_cancellation", controller=self.name, source=source, remedy=DEAF
                )

    def _tell_deaf(self, key: str) -> None:
        if key not in self._deaf:
            self._deaf.add(key)
            self._log.error(
                "reconcile_ignores_cancellation", controller=self.name, key=key, remedy=DEAF
            )

    # Work

    async def _work(self) -> None:
        """Take keys until the queue has shut down and is empty."""
        queue = self.queue
        slot = self._watchdog.enter()
        try:
            while True:
                key = await queue.get()
                try:
                    await self._process(key, slot)
                finally:
                    queue.done(key)
        except QueueShutDown:
            return
        finally:
            self._watchdog.leave(slot)

    async def _process(self, key: str, slot: Slot) -> None:
        """Reconcile once and record what came of it."""
        statistics, clock = self.statistics, self._clock
        outcome: Outcome = "error"
        statistics.active += 1
        began = clock.monotonic()
        try:
            outcome = await self._attempt(key, slot)
        finally:
            statistics.active -= 1
            statistics.record(outcome, clock.monotonic() - began)

    async def _attempt(self, key: str, slot: Slot) -> Outcome:
        """Reconcile once and decide when to do it again."""
        self._watchdog.begin(slot, key)
        result: Result | None = None
        failure: BaseException | None = None
        try:
            result = await self._reconcile(key)
        except asyncio.CancelledError as error:
            assert slot.task is not None
            if slot.task.cancelling() and not slot.expired:
                raise
            failure = error
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - the loop isolates objects from each other
            failure = error
        if self._watchdog.end(slot):
            if slot.task is not None and slot.task.cancelling():
                raise asyncio.CancelledError  # its time was up in the moment we were told to end
            return self._timed_out(key)
        assert slot.task is not None
        if slot.task.cancelling():
            if failure is None:
                self._tell_deaf(key)
            else:
                self._failed(key, type(failure).__name__, str(failure), failure)
            raise asyncio.CancelledError  # which it did not pass on
        if failure is not None:
            return await self._after_failure(key, failure)
        return self._after_result(key, result)

    def _after_result(self, key: str, result: Result | None) -> Outcome:
        if result is None:
            return "paused"
        if self._is_gone(key):
            self.queue.discard(key)  # a look that was asked for earlier has nothing to look at
        else:
            self.queue.forget(key)
        if result.after is None:
            return "success"
        self._note_look(key, "it asked for another look")
        self.queue.add_after(key, result.after)
        return "requeue_after"

    def _timed_out(self, key: str) -> Outcome:
        limit = self.options.timeout
        self._failed(key, "Timeout", f"took longer than {limit:g} s; its slot is free again")
        return "timeout"

    async def _after_failure(self, key: str, error: BaseException) -> Outcome:
        """Back off, but for what only a change of the object can help."""
        if isinstance(error, TerminalError):
            self.queue.forget(key)
            if error.look_again is not None:
                self.queue.add_after(key, error.look_again)
            await self._tell_terminal(key, error)
            return "terminal"
        if isinstance(error, Postponed):
            self._log.debug("reconcile_postponed", key=key, seconds=error.seconds, error=str(error))
            self.troubles.note(key, str(error))
            self._note_look(key, "it was postponed")
            self.queue.forget(key)
            self.queue.add_after(key, error.seconds)
            return "requeue_after"
        if isinstance(error, StatusError) and error.is_of_ending_namespace:
            self._log.debug("reconcile_in_ending_namespace", key=key, error=str(error))
            self.queue.forget(key)  # what is left to do there, the namespace controller does
            return "success"
        if isinstance(error, Conflict):
            # Somebody was faster; the next look starts from what they wrote.
            self._log.debug("reconcile_conflict", key=key, error=str(error))
            self._retry(key, "Conflict")
            return "conflict"
        message = str(error) or "a cancellation of its own escaped the reconciler"
        self._failed(key, type(error).__name__, message, error)
        return "error"

    async def _reconcile(self, key: str) -> Result | None:
        cause = f"{self.name}/{key}"
        CAUSE.set(cause)
        NUMBER.set(next_number())
        if await self._pauses.hold(key):
            return None
        self.gate.check_namespace(key)
        if not self.gate.is_open(cause, key):
            await self.gate.pass_(cause, key)
        await self._pauses.end(key)
        request = Request.of(key)
        result = await self._reconciler.reconcile(request)
        if self._on_terminal is not None and self._on_terminal.is_told(key):
            await self._on_terminal.clear(request)
        return result

    @property
    def paused(self) -> int:
        """How many of its objects are left alone because people asked for it."""
        return len(self._pauses)

    def is_there(self, key: str) -> bool:
        """Whether its own cache holds the object."""
        return self._primary is not None and self._primary.store.get(key) is not None

    def _is_gone(self, key: str) -> bool:
        return self._primary is not None and self._primary.store.get(key) is None

    def _failed(
        self, key: str, reason: str, message: str, error: BaseException | None = None
    ) -> None:
        """Log what went wrong and try again later."""
        self.troubles.note(key, f"{reason}: {message}")
        expected = error is None or isinstance(error, InformersError)
        self._log.error(
            "reconcile_failed",
            key=key,
            reason=reason,
            error=message,
            failures=self.queue.num_requeues(key) + 1,
            exc_info=None if expected else error,
        )
        is_passing = isinstance(error, InformersError) and error.is_passing
        self._retry(key, reason, most=MOST_AFTER_OUTAGE if is_passing else math.inf)

    def _retry(self, key: str, reason: str, *, most: float = math.inf) -> None:
        self._note_look(key, f"retry {self.queue.num_requeues(key) + 1}, after {reason}")
        self.queue.add_rate_limited(key, most=most)

    def _note_look(self, key: str, reason: str) -> None:
        """Say why there will be another look, unless a change has called for one meanwhile."""
        if not self.queue.is_dirty(key):
            self.why.note(key, reason)

    async def _tell_terminal(self, key: str, error: TerminalError) -> None:
        self._log.error("reconcile_terminal", key=key, reason=error.reason, error=error.message)
        self.troubles.note(key, f"{error.reason}: {error.message}")
        if self._on_terminal is None:
            return
        try:
            async with asyncio.timeout(self.options.timeout):
                await self._on_terminal.tell(Request.of(key), error)
        except Exception as problem:  # noqa: BLE001 - like a reconcile, it costs no other object
            name = type(problem).__name__
            self._failed(key, name, f"cannot tell why it stopped: {str(problem) or name}", problem)
