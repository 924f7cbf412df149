"""Leader election as the event loop sees it: wait to lead, watch for the end, give back.

    async with Elector(config, connection, log=log.info) as elector:
        await elector.wait_leading()
        ...                                   # workers run; their writes pass elector.fence
        await elector.release(timeout=5)      # after the last worker has ended

The thread decides (`driver`), so a loop that is blocked in Python code keeps the lease. The loop
only hears of it, through `call_soon_threadsafe`; it also looks at the clock by itself, so that
it steps down in time even when the thread is stuck in the system's name resolver.

Promises: `wait_leading` never returns after `release` or `abandon` was called; when `wait_lost`
returns the fence is closed; leaving the `async with` ends the thread within a bounded time and
gives nothing back that was not released, because only the caller knows when its workers ended.
Leaves to others: stopping workers, exit codes (`manager`), and renewing credentials: the thread
uses what the connection has; `on_unauthorized` is called in the loop when that was refused.
"""

import asyncio
import contextlib
import datetime as dt
import math
import random
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Protocol, Self

import attrs

from controller.runtime.election.config import ElectionConfig
from controller.runtime.election.driver import Driver
from controller.runtime.election.fence import CandidacyEnded, Fence, boottime
from controller.runtime.election.lease import Connection, LeaseClient, utc_now
from controller.runtime.election.machine import (
    Abandon,
    Command,
    Failed,
    Machine,
    Outcome,
    Reply,
    Resign,
    Seen,
    State,
)

_JOIN_TIMEOUT = 5.0


class Log(Protocol):
    """A structured log function, such as structlog's `logger.info`; called in the loop."""

    def __call__(self, event: str, /, **fields: object) -> object:
        """Record one event."""
        ...


@attrs.frozen
class Ended:
    """How the candidacy ended, for people and for the exit code."""

    outcome: Outcome
    reason: str


@attrs.frozen(kw_only=True)
class ElectionStatistics:
    """A snapshot for metrics and /debug."""

    name: str
    identity: str
    holder: str
    state: str
    is_leader: bool
    transitions: int
    slow_paths: int
    failures: int
    renew_age: float | None
    fence_remaining: float


def _silent(_event: str, /, **_fields: object) -> None:
    """Log nothing."""


class Elector:
    """One candidacy of this process for one Lease."""

    def __init__(
        self,
        config: ElectionConfig,
        connection: Connection,
        *,
        log: Log = _silent,
        clock: Callable[[], float] = boottime,
        wall: Callable[[], dt.datetime] = utc_now,
        jitter: Callable[[], float] = random.random,
        on_unauthorized: Callable[[], object] | None = None,
    ) -> None:
        self.config = config
        self.fence = Fence(clock)
        self._clock = clock
        self._log = log
        self._on_unauthorized = on_unauthorized
        self._machine = Machine(config, jitter=jitter)
        self._driver = Driver(
            self._machine, fence=self.fence, clock=clock, name=f"election-{config.name}"
        )
        self._client = LeaseClient(config, connection, patience=self._driver, wall=wall)
        self._is_leaving = False
        self._ended: Ended | None = None
        self._settled = asyncio.Event()  # leads, or never will
        self._over = asyncio.Event()
        self._watch: asyncio.TimerHandle | None = None
        self._reported: tuple[State, str] = (State.STANDBY, "")
        self._failures = 0
        self._is_failing = False

    async def __aenter__(self) -> Self:
        """Start the candidacy."""
        self._loop = asyncio.get_running_loop()
        self._driver.start(self._client, self._told)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the thread; a lease that was not released runs out by itself."""
        self.abandon()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_JOIN_TIMEOUT):
                await self._over.wait()
        if self._over.is_set():  # its last act, so this join takes no time
            self._driver.join(_JOIN_TIMEOUT)
        else:
            self._log("election_thread_stuck", **self._fields())

    # -- for whoever runs the workers ------------------------------------------------------

    @property
    def is_leading(self) -> bool:
        """Whether workers may run now."""
        return not self._is_leaving and self.fence.remaining() > 0

    async def wait_leading(self) -> None:
        """Wait until this process leads; raise `CandidacyEnded` if it never will."""
        await self._settled.wait()
        if self._is_leaving or self._ended is not None:
            raise CandidacyEnded(self._ended.reason if self._ended else "the candidate is leaving")

    async def wait_lost(self) -> Ended:
        """Wait for the end of the candidacy, whatever ends it; the fence is closed by then."""
        await self._over.wait()
        assert self._ended is not None, "set before the event"
        return self._ended

    async def release(self, *, timeout: float = 5.0) -> Ended:
        """Give the lease back. Call it after the last worker has ended, not before.

        A standby leaves without a word to the server, unless a write of its own is under way.
        """
        self._leave(Resign(by=self._clock() + timeout))
        try:
            async with asyncio.timeout(timeout):
                return await self.wait_lost()
        except TimeoutError:
            self.abandon()
            return Ended(Outcome.ABANDONED, "the lease could not be given back in time")

    def abandon(self) -> None:
        """Stop at once without giving back: workers may still be running. Never blocks."""
        self._leave(Abandon())

    def statistics(self) -> ElectionStatistics:
        """Take a snapshot; cheap, callable from any thread."""
        machine = self._machine
        renewed_at = machine.renewed_at
        return ElectionStatistics(
            name=self.config.name,
            identity=self.config.identity,
            holder=machine.holder,
            state=machine.state.value,
            is_leader=self.is_leading,
            transitions=machine.transitions,
            slow_paths=machine.slow_paths,
            failures=self._failures,
            renew_age=self._clock() - renewed_at if renewed_at > -math.inf else None,
            fence_remaining=self.fence.remaining(),
        )

    def _leave(self, command: Command) -> None:
        self._is_leaving = True
        self.fence.close()
        self._settled.set()
        self._driver.command(command)

    # -- in the election thread ------------------------------------------------------------

    def _told(self, reply: Reply | None) -> None:
        """Pass on what changed; renewals that went well do not wake the loop."""
        if isinstance(reply, Failed):
            self._failures += 1
            if reply.status == HTTPStatus.UNAUTHORIZED and self._on_unauthorized is not None:
                self._post(self._on_unauthorized)
            if not self._is_failing:
                self._is_failing = True
                self._post(self._on_failing, reply.reason)
        elif isinstance(reply, Seen):
            self._is_failing = False
        machine = self._machine
        state = State.ENDED if self._driver.has_crashed else machine.state
        if (state, machine.holder) != self._reported:
            self._reported = (state, machine.holder)
            self._post(self._on_change, state, machine.holder)

    def _post(self, callback: Callable[..., object], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone, and nobody left to tell
            self._loop.call_soon_threadsafe(callback, *arguments)

    # -- in the loop -----------------------------------------------------------------------

    def _on_failing(self, reason: str) -> None:
        self._log("election_request_failed", **self._fields(reason=reason))

    def _on_change(self, state: State, holder: str) -> None:
        if state is State.ENDED:
            self._on_end()
        elif state is State.LEADING and not self._settled.is_set():
            self._log("election_leading", **self._fields())
            self._settled.set()
            self._look_at_the_clock()
        elif state is State.STANDBY:
            self._log("election_standby", **self._fields(holder=holder))

    def _on_end(self) -> None:
        if self._driver.has_crashed:
            ended = Ended(Outcome.LOST, "the election thread failed: its traceback says why")
        else:
            assert self._machine.outcome is not None, "an ended machine knows how"
            ended = Ended(self._machine.outcome, self._machine.reason)
        self._finish(ended)

    def _finish(self, ended: Ended) -> None:
        if self._ended is not None:
            return
        self._ended = ended
        if self._watch is not None:
            self._watch.cancel()
        self._log(
            "election_ended", **self._fields(outcome=ended.outcome.value, reason=ended.reason)
        )
        self._settled.set()
        self._over.set()

    def _look_at_the_clock(self) -> None:
        """Step down in time even if the thread cannot say so."""
        left = self._machine.lost_at - self._clock()
        if self._ended is not None or self._is_leaving:
            return
        if left > 0:
            self._watch = self._loop.call_later(min(left, 60) + 0.05, self._look_at_the_clock)
            return
        self._leave(Abandon())
        self._finish(Ended(Outcome.LOST, "the lease was not renewed within the deadline"))

    def _fields(self, **more: object) -> Mapping[str, object]:
        return {"lease": f"{self.config.namespace}/{self.config.name}", **more}
