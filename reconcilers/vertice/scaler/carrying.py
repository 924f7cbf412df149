"""Carries a decision out: intends it, writes the scale, and remembers that it was done.

A scale is written before it is told, so that a manager that dies in between leaves a workload as it
was decided, and its successor sees the change (`memory`). What a successor could not see is told
before: that it was us who took the last pod, and how many pods there were before the first change.

Who sets a number back each time that it was changed is told of (`fights`), but not given way to: a
look every quarter of a minute hurts no server, and a workload that waits for its pods hurts users.
"""

from typing import Final

import attrs

from controller.runtime.fights import FREE, QUIET_SECONDS, Fights
from controller.runtime.runtime import Runtime
from controller.runtime.status import StatusWriter
from reconcilers.vertice.api.scaler import VERTICE_SCALER
from reconcilers.vertice.scaler import status
from reconcilers.vertice.scaler.counts import Counts
from reconcilers.vertice.scaler.decision import Decision
from reconcilers.vertice.scaler.look import Look
from reconcilers.vertice.scaler.memory import Memories
from reconcilers.vertice.scaler.remembered import Remembered
from reconcilers.vertice.scaler.scale import Moved, Scales, TargetError

_SET_BACK: Final = "SetBack"


class Carrying:
    """Writes what was decided."""

    def __init__(
        self,
        runtime: Runtime,
        scales: Scales,
        counts: Counts,
        remembered: Remembered,
        writer: StatusWriter,
    ) -> None:
        self._log = runtime.log
        self._recorder = runtime.recorder
        self._scales = scales
        self._counts = counts
        self._remembered = remembered
        self._status = writer
        self._fights = Fights(runtime.clock)
        self._before: dict[str, int] = {}

    async def prepare(self, look: Look, decision: Decision, memories: Memories) -> Look:
        """Ask whoever refused the last one, and tell what is intended; returns the look as told.

        Raises:
            TargetError: If it is refused again; nothing is intended then.
            Moved: If it follows from what is not so any more.
        """
        await self._ask_first(look, decision)
        return await self._intend(look, memories)

    async def out(self, look: Look, decision: Decision, memories: Memories) -> None:
        """Write it, and remember that.

        Raises:
            TargetError: If it is refused; whoever tells of that takes back what was intended.
            Moved: If it follows from what is not so any more.
        """
        await self._write(look, decision, memories)
        self._counts.scaled(look.snapshot, look.scale.replicas, decision.replicas)
        self._log.info(
            "workload_scaled",
            target=str(look.target),
            before=look.scale.replicas,
            after=decision.replicas,
            reason=decision.reason,
        )
        self._warn_of_fight(look, decision)

    def forget(self, key: str) -> None:
        """Let go of a scaler that is gone."""
        self._before.pop(key, None)
        self._fights.forget(key)

    async def _ask_first(self, look: Look, decision: Decision) -> None:
        """Ask again, without a write, where the last one was refused: nothing is intended in vain.

        What is refused for a day would otherwise be told and taken back at each look of it.
        """
        if status.was_refused(look.scaler):
            target, namespace = look.scaler.spec.target, look.snapshot.meta.namespace
            await self._scales.write(namespace, target, look.scale, decision.replicas, dry_run=True)

    async def _intend(self, look: Look, memories: Memories) -> Look:
        """Tell what nobody could know who did not see the change; returns the look as told.

        Raises:
            Moved: If the spec is not the one that was looked at any more.
        """
        intended = status.intended(look.scaler, memories, look.scale.replicas)
        if intended is None:
            return look
        snapshot = await self._status.write(look.snapshot, intended)
        if snapshot.meta.generation != look.snapshot.meta.generation:
            await self._status.write(snapshot, look.scaler.status)
            raise Moved
        return attrs.evolve(look, snapshot=snapshot)

    async def _write(self, look: Look, decision: Decision, memories: Memories) -> None:
        """Write the scale, and remember what came of it.

        Of a write whose outcome is unknown, the next look sees what became of it.
        """
        key, namespace = look.snapshot.key, look.snapshot.meta.namespace
        self._remembered.trying(key, decision.replicas, memories)
        try:
            await self._scales.write(
                namespace, look.scaler.spec.target, look.scale, decision.replicas
            )
        except TargetError:
            self._remembered.refused(key)
            raise
        except Moved:
            self._remembered.refused(key)
            await self._status.write(look.snapshot, look.scaler.status)
            raise
        self._remembered.keep(look, memories)

    def _warn_of_fight(self, look: Look, decision: Decision) -> None:
        """Tell if somebody set the number back again and again that was changed just now."""
        key, current = look.snapshot.key, look.scale.replicas
        before, self._before[key] = self._before.get(key), current
        if before != current:
            return
        opponent = b"%d" % current
        self._fights.undone(key, opponent)
        if self._fights.repaired(key, opponent):
            self._recorder.tell(
                VERTICE_SCALER,
                look.snapshot,
                _SET_BACK,
                f"from {decision.replicas} to {current} pods: somebody has set the number back "
                f"{FREE} times, each within {QUIET_SECONDS / 60:g} minutes of the last, so leave "
                "spec.replicas out of what is applied, or delete this scaler",
                type_="Warning",
            )
