"""Looks at a scaler every quarter of a minute: reads, decides, writes a scale, tells.

What is decided is `decision`; here is who is asked for what, in which order, and what keeps a
decision from being carried out (`carrying`).
"""

from typing import Final

from msgspec import UNSET

from controller.runtime.builder import Builder
from controller.runtime.controller import Controller
from controller.runtime.cron import CronError
from controller.runtime.finalizer import ensure_finalizer, remove_finalizer
from controller.runtime.intent import INTENTS, Intents, TargetRef, targeting
from controller.runtime.predicate import spec_changed
from controller.runtime.recent import Recent
from controller.runtime.reconcile import Request, Result, after, done
from controller.runtime.runtime import Runtime
from informers.meta.conditions import Condition
from informers.meta.microtime import MicroTime, Time
from informers.snapshot import Snapshot
from reconcilers.vertice.api.scaler import VERTICE_SCALER, VerticeScaler
from reconcilers.vertice.scaler import status
from reconcilers.vertice.scaler.asking import Asking
from reconcilers.vertice.scaler.carrying import Carrying
from reconcilers.vertice.scaler.counts import Counts
from reconcilers.vertice.scaler.decision import Decision, decide
from reconcilers.vertice.scaler.gathering import Gathering, NotYet
from reconcilers.vertice.scaler.guard import Guard, guarding
from reconcilers.vertice.scaler.look import Look, situation_of
from reconcilers.vertice.scaler.measuring import Measuring
from reconcilers.vertice.scaler.memory import now_of
from reconcilers.vertice.scaler.pace import PERIOD, SOON, Pace
from reconcilers.vertice.scaler.prediction.forecasts import Forecasts
from reconcilers.vertice.scaler.reading.kinds import Kinds
from reconcilers.vertice.scaler.reading.workloads import Scale, Workloads
from reconcilers.vertice.scaler.remembered import Remembered
from reconcilers.vertice.scaler.restoring import RESTORE, Restoring
from reconcilers.vertice.scaler.rivals import AUTOSCALER, SCALED_OBJECT, Rivals
from reconcilers.vertice.scaler.scale import ASKED_AGAIN, Moved, Scales, TargetError
from reconcilers.vertice.scaler.schedule import Schedule, read
from reconcilers.vertice.scaler.told import told

NAME: Final = "vertice-scaler"
WORKERS: Final = 50
"""As many as large clusters give the HorizontalPodAutoscaler. None of them waits for answers for
longer than a moment (`gathering`)."""


class VerticeScalerReconciler:
    """Scales one workload at a time."""

    def __init__(
        self,
        runtime: Runtime,
        asking: Asking,
        gathering: Gathering,
        forecasts: Forecasts,
        rivals: Rivals,
    ) -> None:
        self._client = runtime.client
        self._clock = runtime.clock
        self._recorder = runtime.recorder
        self._scalers = runtime.lister(VerticeScaler)
        self._intents = Intents.of(runtime)
        self._rivals = rivals
        self._counts = Counts.of(runtime)
        kinds = Kinds(runtime.client)
        self._scales = Scales(runtime.client, kinds, Workloads(runtime))
        self._restoring = Restoring(runtime, self._scales, rivals)
        self._gathering = gathering
        self._measuring = Measuring(runtime, asking, gathering, kinds)
        self._forecasts = forecasts
        self._pace = Pace()
        self._decoded = Recent[VerticeScaler]()
        self._schedules = Recent[Schedule]()
        self._status = runtime.status_writer(NAME, VerticeScaler)
        self._remembered = Remembered()
        self._carrying = Carrying(
            runtime, self._scales, self._counts, self._remembered, self._status
        )

    async def reconcile(self, request: Request) -> Result:
        """Look at a scaler that is there, and let go of one that is not."""
        began = self._clock.monotonic()
        snapshot = self._scalers.snapshot(request.key)
        if snapshot is None:
            self._remembered.forget(request.key)
            self._counts.forget(request.key)
            self._pace.forget(request.key)
            self._carrying.forget(request.key)
            self._gathering.forget(request.key)
            self._forecasts.forget(request.key)
            return done()
        scaler = self._typed(snapshot)
        if snapshot.is_deleting:
            return await self._end(scaler, snapshot)
        return await self._run(scaler, snapshot, began)

    async def _run(self, scaler: VerticeScaler, snapshot: Snapshot, began: float) -> Result:
        """Look, decide, act, tell."""
        try:
            snapshot = await self._held(scaler, snapshot)
            look = await self._look(scaler, snapshot, began)
            self._counts.looked(snapshot)
            await self._act(look)
        except CronError as error:
            await self._cannot(scaler, snapshot, "InvalidSchedule", str(error))
            return done()
        except TargetError as error:
            await self._cannot(scaler, snapshot, error.reason, str(error))
        except NotYet:
            return done()
        except Moved:
            return after(SOON)
        else:
            return after(self._pause(look))
        return after(PERIOD)

    # Looking

    def _typed(self, snapshot: Snapshot) -> VerticeScaler:
        """Return a scaler; all of a thousand are kept, as each is read again soon."""
        return self._decoded.of(
            snapshot.key,
            (snapshot.meta.uid, snapshot.resource_version),
            lambda: self._scalers.memo.typed(snapshot),
        )

    async def _look(self, scaler: VerticeScaler, snapshot: Snapshot, began: float) -> Look:
        """Read all that a decision follows from.

        Raises:
            NotYet: If metrics are still being asked for.
        """
        namespace, target = snapshot.meta.namespace, scaler.spec.target
        schedule = self._schedules.of(
            snapshot.key,
            (snapshot.meta.uid, snapshot.meta.generation),
            lambda: read(scaler.spec.schedule),
        )
        kind = await self._scales.kind(target)
        scale = await self._scales.read(namespace, target)
        gathered = await self._measuring.gather(scaler, snapshot, scale.selector, began=began)
        # Only now: while answers came, pods came and went.
        workload = self._measuring.workload(namespace, scale)
        wall = self._clock.wall()
        now = now_of(MicroTime.of(wall).nanoseconds)
        figures = gathered.figures(workload, now=now)
        holds = schedule.in_force(wall)
        memories = self._remembered.of(scaler, snapshot, current=scale.replicas, now=now)
        foreseen = self._forecasts.look(snapshot.key, scaler, workload, figures)
        made, memories = situation_of(
            scaler,
            workload,
            holds,
            figures,
            predicted=foreseen.replicas,
            memories=memories,
            now=now,
        )
        return Look(
            scaler=scaler,
            snapshot=snapshot,
            target=TargetRef.of(kind, namespace, target.name),
            scale=scale,
            in_force=holds,
            figures=figures,
            outlook=foreseen,
            memories=memories,
            situation=made,
            now=now,
            began=gathered.began,
        )

    # Acting

    async def _act(self, look: Look) -> None:
        """Carry out what is decided, and tell it."""
        decision = decide(look.situation)
        rival = self._rivals.of(look.scaler)
        guard = self._guard(look, decision, rival)
        account = told(
            look.situation,
            decision,
            target=look.target,
            generation=look.snapshot.meta.generation,
            guard="" if guard is None else guard.why,
        )
        memories, scaled_at = look.left(decision, rival=rival), None
        self._remembered.keep(look, memories)
        if decision.replicas != look.scale.replicas and guard is None:
            memories, scaled_at = look.carried_out(decision), Time(look.now)
            try:
                look = await self._carrying.prepare(look, decision, memories)
                await self._carrying.out(look, decision, memories)
            except TargetError as error:
                await self._not_now(look, error)
                return
            self._recorder.tell(VERTICE_SCALER, look.snapshot, "Scaled", account.message)
        await self._tell(
            look,
            status.Findings(
                scaler=look.scaler,
                scale=look.scale,
                account=account,
                figures=look.figures,
                prediction=look.outlook.told,
                memories=memories,
                in_force=look.in_force,
                rival=rival,
                guard=guard,
                scaled_at=scaled_at,
            ),
        )

    async def _not_now(self, look: Look, error: TargetError) -> None:
        """Tell why a scale could not be written, and when it is tried again."""
        again = f"; it is tried again in {PERIOD:g} s" if error.reason in ASKED_AGAIN else ""
        message = f"{error}{again}"
        await self._cannot(look.scaler, look.snapshot, error.reason, message, scale=look.scale)

    def _guard(self, look: Look, decision: Decision, rival: str) -> Guard | None:
        """Return what keeps a decision from being carried out, if anything does."""
        change = decision.replicas - look.scale.replicas
        frozen = self._intents.frozen(look.target, self._clock.wall())
        return guarding(look.scaler.spec, change, rival=rival, frozen=frozen)

    # Telling

    async def _tell(self, look: Look, found: status.Findings) -> None:
        new, said = status.status(found), status.conditions(found)
        if status.is_worth_telling(look.scaler.status, new, said):
            await self._status.write(look.snapshot, new, said)
            self._announce(look.scaler, look.snapshot, said)

    async def _cannot(
        self,
        scaler: VerticeScaler,
        snapshot: Snapshot,
        reason: str,
        message: str,
        *,
        scale: Scale | None = None,
    ) -> None:
        new, said = status.unable(scaler, reason, message, scale)
        await self._status.write(snapshot, new, said)
        self._announce(scaler, snapshot, said[:1])

    def _announce(
        self, scaler: VerticeScaler, snapshot: Snapshot, said: tuple[Condition, ...]
    ) -> None:
        """Warn of what was not so before."""
        known = () if scaler.status.conditions is UNSET else scaler.status.conditions
        before = {(each.type, each.status, each.reason) for each in known}
        for each in said:
            is_news = (each.type, each.status, each.reason) not in before
            if is_news and each.type in {status.ABLE, status.ACTIVE} and each.status == "False":
                self._recorder.tell(
                    VERTICE_SCALER, snapshot, each.reason, each.message, type_="Warning"
                )

    # Ending

    async def _held(self, scaler: VerticeScaler, snapshot: Snapshot) -> Snapshot:
        """Hold a deletion until the number of pods is given back, where that is wanted."""
        if scaler.spec.restore_replicas:
            return await ensure_finalizer(self._client, VERTICE_SCALER, snapshot, RESTORE)
        return await remove_finalizer(self._client, VERTICE_SCALER, snapshot, RESTORE)

    async def _end(self, scaler: VerticeScaler, snapshot: Snapshot) -> Result:
        """Give back the number of pods that there was, where that is wanted, and let go."""
        self._gathering.forget(snapshot.key)
        if RESTORE in snapshot.meta.finalizers:
            try:
                held = await self._restoring.give_back(scaler, snapshot)
            except Moved:
                return after(SOON)
            if held:
                await self._status.write(snapshot, None, (status.withheld(scaler, held),))
                return after(PERIOD)
        await remove_finalizer(self._client, VERTICE_SCALER, snapshot, RESTORE)
        self._remembered.forget(snapshot.key)
        return done()

    def _pause(self, look: Look) -> float:
        """Return how long until the next look: by its pace, or at an edge of the schedule."""
        now = self._clock.monotonic()
        pause = self._pace.pause(look.snapshot.key, began=look.began, now=now)
        if look.in_force.next is None:
            return pause
        edge = (look.in_force.next - self._clock.wall()).total_seconds()
        return min(pause, max(0.0, edge))


def set_up(runtime: Runtime) -> Controller:
    """Put the controller together."""
    asking, gathering = Asking(runtime.client, runtime.clock), Gathering(runtime.clock)
    forecasts, rivals = Forecasts(asking, runtime.clock), Rivals(runtime)
    builder = Builder(runtime, NAME).for_(VerticeScaler, spec_changed)
    builder.watches(AUTOSCALER, rivals.scalers_beside, spec_changed)
    builder.watches(SCALED_OBJECT, rivals.scalers_beside, spec_changed, optional=True)
    builder.watches(INTENTS, targeting(rivals.scalers_of))
    for source in (asking, gathering, forecasts):
        builder.and_source(source)
    builder.with_options(workers=WORKERS)
    return builder.complete(VerticeScalerReconciler(runtime, asking, gathering, forecasts, rivals))
