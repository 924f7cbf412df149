"""Answers that are gathered while no worker waits for them.

A controller has so many workers and no more. A look that kept one until its last answer came would
hand the pace of all scalers to the slowest server that any of them asks. So a look holds its worker
for a moment. What has not come by then goes on to be asked in a task of its own; the reconcile ends
without a decision (`NotYet`), and the key is called for once all answers are there. The reconcile
that this calls for takes them, and decides.

It promises:

- A look that is under way is never begun again, whatever else calls for its key meanwhile.
- What was asked for another spec, or another scaler of the same name, is dropped and never taken.
- Who was slow is not waited for at all the next time, so a server that is down costs no worker
  anything after the first look; one that is quick again is waited for again.
- What asking raises is raised in a reconcile of its key, and reaches no other.
- The look began when it was first called for, whenever its answers came; its pace is told so.
- `stop` ends what is under way. Whoever leads next asks anew.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Final

import attrs

from controller.runtime.crew import Crew, Tasks
from controller.runtime.source import Log, Why
from controller.runtime.workqueue.queue import WorkQueue
from informers.clock import Clock
from reconcilers.vertice.scaler.answers import Answer
from reconcilers.vertice.scaler.listening import Figure, Workload
from reconcilers.vertice.scaler.pace import PERIOD

HOLD: Final = 0.25
"""Seconds for which a look keeps its worker. Most servers answer in a tenth of that, and then one
reconcile is a look; 1,000 first looks at servers that are down keep 50 workers for 5 seconds."""
SLOW: Final = 2.0
"""Seconds after which whoever answers is taken to be down or drowning. Who takes less is waited for
again: a thousand scalers that wait for one listing find it when their turn comes, most of them."""
LONGEST: Final = 60.0
"""Seconds after which a look fails, whatever it waits for: longer than all that has a limit of its
own takes as a rule, as long as a reconcile may take."""
_END_SECONDS: Final = 5.0

Ask = Callable[[], Awaitable[tuple[Answer, ...]]]


class NotYet(Exception):
    """Answers are still to come; the key is called for when they are there."""


@attrs.frozen(kw_only=True)
class Gathered:
    """The answers of all that a scaler listens to, and when the look began that they are of."""

    began: float
    answers: tuple[Answer, ...]

    def figures(self, workload: Workload, *, now: int) -> tuple[Figure, ...]:
        """Return what each metric says, in the order of the spec."""
        return tuple(each.figure(workload, now=now) for each in self.answers)


@attrs.define(eq=False, kw_only=True)
class _Look:
    """What is asked for a key, and what came of it."""

    asked: Hashable
    began: float
    asked_at: float
    came_at: float = 0.0
    answers: tuple[Answer, ...] = ()
    task: asyncio.Task[None] = attrs.field(init=False)


class Gathering:
    """A source of the keys whose answers have come."""

    name: Final = "gathering"

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._crew = Crew(self.name)
        self._looks: dict[str, _Look] = {}
        self._slow: set[str] = set()
        self._queue: WorkQueue[str] | None = None
        self._why: Why | None = None

    def __len__(self) -> int:
        """How many looks are under way, or were not taken yet."""
        return len(self._looks)

    def __contains__(self, key: str) -> bool:
        return key in self._looks

    async def gather(self, key: str, asked: Hashable, ask: Ask, *, began: float) -> Gathered:
        """Return the answers for a key, of the look that is under way or of one that begins.

        `asked` is what they follow from: a look for anything else is dropped.

        Raises:
            NotYet: If they have not come.
        """
        look = self._looks.get(key)
        if look is not None and (look.asked != asked or self._is_over(look)):
            self._drop(key)
            look = None
        if look is None:
            look = self._begin(key, asked, ask, began)
            await self._hold(key, look)
        if not look.task.done():
            raise NotYet
        return self._take(key, look)

    def forget(self, key: str) -> None:
        """Let go of a scaler that is gone."""
        self._slow.discard(key)
        self._drop(key)

    async def start(
        self, queue: WorkQueue[str], why: Why, tasks: Tasks, *, log: Log | None = None
    ) -> None:
        """Call for keys in this queue."""
        # Its tasks are those of a crew of its own: one that fails ends no controller.
        del tasks, log
        self._queue, self._why = queue, why

    async def wait_synced(self) -> None:
        """Have nothing to wait for."""

    async def stop(self) -> None:
        """End what is under way."""
        await self._crew.dismiss(_END_SECONDS)

    def _begin(self, key: str, asked: Hashable, ask: Ask, began: float) -> _Look:
        if self._crew.is_dismissed:
            raise NotYet
        look = _Look(asked=asked, began=began, asked_at=self._clock.monotonic())
        look.task = self._crew.create_task(self._answered(look, ask), name=f"{self.name} {key}")
        self._looks[key] = look
        return look

    async def _answered(self, look: _Look, ask: Ask) -> None:
        try:
            async with asyncio.timeout(LONGEST):
                look.answers = await ask()
        finally:
            look.came_at = self._clock.monotonic()

    async def _hold(self, key: str, look: _Look) -> None:
        """Wait for a moment, unless that was in vain before; see to it that the key is called for.

        That holds for a reconcile as well that is told to end while it waits: its key comes back.
        """
        try:
            if key not in self._slow:
                await asyncio.wait([look.task], timeout=HOLD)
        finally:
            if not look.task.done():
                look.task.add_done_callback(lambda _: self._call(key, look))

    def _call(self, key: str, look: _Look) -> None:
        """Call for a key whose answers have come, unless nobody wants them any more."""
        assert self._queue is not None
        assert self._why is not None
        if self._looks.get(key) is look:
            self._queue.add(key)
            self._why.note(key, "its metrics have answered")

    def _take(self, key: str, look: _Look) -> Gathered:
        del self._looks[key]
        if self._crew.is_dismissed:
            raise NotYet
        if look.came_at - look.asked_at > SLOW:
            self._slow.add(key)
        else:
            self._slow.discard(key)
        look.task.result()
        return Gathered(began=look.began, answers=look.answers)

    def _is_over(self, look: _Look) -> bool:
        """Whether nobody took its answers until others were due, as while a scaler is paused."""
        return look.task.done() and self._clock.monotonic() - look.came_at >= PERIOD

    def _drop(self, key: str) -> None:
        look = self._looks.pop(key, None)
        if look is not None:
            look.task.cancel()  # of one that is done, this says that nobody asks what it raised
