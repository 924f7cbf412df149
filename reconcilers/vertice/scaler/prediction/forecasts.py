"""Keeps a model for each scaler that foresees, and has looks wait for none of it.

A look takes the model that there is (`look`). Where there is none, or it is time for another, the
scaler is put into a queue, and tasks of the controller serve that one after the other:

- Histories are read once an hour, at a minute that follows from a scaler's name, so that a thousand
  scalers do not ask at once. The first is read as soon as it is its turn, and so is that of a spec
  that wants another one. What failed is tried again after ten minutes, and later each time.
- Four are read at a time, under the conditions of all queries (`prometheus`). One is learned at a
  time, in slices with pauses between them, so that no look waits for more than one slice of it, or
  for an answer to be taken apart, which is as long as five.
- What is kept is the model, about ten kilobytes of it, and the last hour; never the history.
"""

import asyncio
import zlib
from typing import Final

import attrs
from msgspec import UNSET, structs

from controller.runtime.crew import Crew, Tasks
from controller.runtime.source import Log, Why
from controller.runtime.workqueue.queue import WorkQueue
from informers.clock import Clock
from informers.meta.duration import Duration
from reconcilers.vertice.api.measured import ExternalMetric, Metric, Prometheus
from reconcilers.vertice.api.prediction import Prediction
from reconcilers.vertice.api.scaler import VerticeScaler
from reconcilers.vertice.scaler.asking import Asking
from reconcilers.vertice.scaler.listening import Figure, Workload
from reconcilers.vertice.scaler.prediction.learning import NotEnough, Slices, learned
from reconcilers.vertice.scaler.prediction.model import Model, Point, Recent
from reconcilers.vertice.scaler.prediction.outlook import Learnt, Outlook, outlook
from reconcilers.vertice.scaler.prediction.plan import HOUR, Plan
from reconcilers.vertice.scaler.reading.answer import Unanswered

READERS: Final = 4
"""Half of the places of a namespace, so that its looks have places, too; a thousand histories that
never come, at five seconds each, take a third of each hour, and leave the rest to others."""
AGAIN: Final = 600.0
"""Seconds after which a history that could not be read is asked for again; twice as long each time
that it could not be, an hour at most."""
_NEAR: Final = 600
"""Seconds that an hour may be shorter by, so that a late one does not make the next later."""
_REST: Final = 0.005
"""Seconds between two slices."""
_MILLI: Final = 1000
_END_SECONDS: Final = 1.0
_MOST_DOUBLED: Final = 3


@attrs.frozen
class _Wanted:
    """What a model follows from; with anything else there is another one."""

    uid: str
    query: str
    max_age: float
    prometheus: Prometheus
    season: str
    days: int
    lookahead: int

    @classmethod
    def of(cls, scaler: VerticeScaler, wanted: Prediction, external: ExternalMetric) -> "_Wanted":
        return cls(
            uid=str(scaler.metadata.uid),
            query=external.query,
            max_age=external.max_age.seconds,
            prometheus=structs.replace(scaler.spec.prometheus, timeout=Duration()),
            season=wanted.season,
            days=wanted.history_days,
            lookahead=wanted.lookahead.nanoseconds,
        )


@attrs.define(eq=False)
class _Kept:
    """What is kept of one scaler; `due` is on the monotonic clock."""

    key: str
    wanted: _Wanted
    plan: Plan
    scaler: VerticeScaler
    metric: Metric
    due: float
    recent: Recent = attrs.field(factory=Recent)
    learnt: Learnt = attrs.field(factory=Learnt)
    is_waiting: bool = False
    failures: int = 0

    def fail(self, why: str, now: float) -> None:
        """Remember that a history could not be read."""
        self.learnt = attrs.evolve(self.learnt, failure=why)
        self.due = now + min(HOUR, AGAIN * 2**self.failures)
        self.failures = min(self.failures + 1, _MOST_DOUBLED)


class Forecasts:
    """What is foreseen for each scaler; a source without keys, so that its tasks have an owner."""

    def __init__(self, asking: Asking, clock: Clock) -> None:
        self._asking = asking
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._queue = asyncio.Queue[_Kept]()
        self._learning = asyncio.Lock()
        self._crew = Crew("forecasts")
        self._log: Log | None = None

    def look(
        self, key: str, scaler: VerticeScaler, workload: Workload, figures: tuple[Figure, ...]
    ) -> Outlook:
        """Return what is foreseen, by what is known by now; never waits."""
        wanted, place = scaler.spec.prediction, place_of(scaler)
        if wanted is UNSET or place is None:
            self.forget(key)
            return Outlook()
        metric, figure = scaler.spec.metrics[place], figures[place]
        kept, now = self._of(key, scaler, wanted, metric), self._clock.wall().timestamp()
        if figure.value is not None:
            kept.recent.add(Point(now, figure.value / _MILLI), step=kept.plan.step)
        if not kept.is_waiting and self._clock.monotonic() >= kept.due:
            kept.is_waiting = True
            self._queue.put_nowait(kept)
        learnt = attrs.evolve(kept.learnt, last_hour=kept.recent.within(now))
        return outlook(scaler, metric, figure, workload, learnt, now=now)

    def forget(self, key: str) -> None:
        """Let go of a scaler that is gone, or foresees no more."""
        self._kept.pop(key, None)

    async def start(
        self, queue: WorkQueue[str], why: Why, tasks: Tasks, *, log: Log | None = None
    ) -> None:
        """Begin to read and to learn; the next look sees what came of it, and tells what failed."""
        del queue, why
        self._log = log
        for number in range(READERS):
            tasks.create_task(self._serve(), name=f"forecasts {number}")

    async def wait_synced(self) -> None:
        """Have nothing to wait for: a look does without."""

    async def stop(self) -> None:
        """Let go of all."""
        self._kept.clear()
        await self._crew.dismiss(_END_SECONDS)

    def _of(self, key: str, scaler: VerticeScaler, wanted: Prediction, metric: Metric) -> _Kept:
        assert metric.external is not UNSET, "the schema wants an external metric"
        identity, kept = _Wanted.of(scaler, wanted, metric.external), self._kept.get(key)
        if kept is None or kept.wanted != identity:
            kept = self._kept[key] = _Kept(
                key=key,
                wanted=identity,
                plan=Plan.of(wanted),
                scaler=scaler,
                metric=metric,
                due=self._clock.monotonic(),
            )
        kept.scaler, kept.metric = scaler, metric
        return kept

    async def _serve(self) -> None:
        while True:
            kept = await self._queue.get()
            if self._kept.get(kept.key) is kept:
                # In a crew of their own: one that fails ends neither the others nor the controller.
                task = self._crew.create_task(self._renew(kept), name=f"forecast {kept.key}")
                await asyncio.wait([task])
                if not task.cancelled() and (error := task.exception()) is not None:
                    self._fail(kept, error)
            kept.is_waiting = False

    def _fail(self, kept: _Kept, error: BaseException) -> None:
        """Tell of an error that nobody foresaw."""
        kept.fail(f"{type(error).__name__}: {error}", self._clock.monotonic())
        if self._log is not None:
            self._log.error("forecast_failed", key=kept.key, error=repr(error))

    async def _renew(self, kept: _Kept) -> None:
        """Read a history, and learn from it what can be learned."""
        span = kept.plan.span(self._clock.wall())
        try:
            series = await self._asking.history(kept.scaler, kept.metric, span)
            async with self._learning:
                model = await self._learned(learned(series, kept.plan))
        except Unanswered as error:
            kept.fail(str(error), self._clock.monotonic())
        except NotEnough as error:
            kept.learnt, kept.failures = Learnt(lack=str(error)), 0
            kept.due = self._clock.monotonic() + self._pause(kept.key)
        else:
            kept.learnt, kept.failures = Learnt(model=model), 0
            kept.recent.correct(model.last_hour)
            kept.due = self._clock.monotonic() + self._pause(kept.key)

    async def _learned(self, slices: Slices) -> Model:
        """Learn, and let others work in between."""
        while True:
            try:
                next(slices)
            except StopIteration as end:
                model: Model = end.value
                return model
            await self._clock.sleep(_REST)

    def _pause(self, key: str) -> float:
        """Return how long until the minute of a scaler that is about an hour from now."""
        earliest = self._clock.wall().timestamp() + HOUR - _NEAR
        return HOUR - _NEAR + (zlib.crc32(key.encode()) - earliest) % HOUR


def place_of(scaler: VerticeScaler) -> int | None:
    """Return the place of the metric that is foreseen, if one is to be."""
    wanted = scaler.spec.prediction
    if wanted is UNSET:
        return None
    if wanted.metric is not UNSET:
        return wanted.metric
    places = (place for place, each in enumerate(scaler.spec.metrics) if each.type == "external")
    return next(places, None)
