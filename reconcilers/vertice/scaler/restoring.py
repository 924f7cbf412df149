"""Gives a workload the number of pods back that it had before its scaler's first change.

That is an order of whoever deletes the scaler, so a pause does not hold it up. A freeze by another
controller does, for as long as it lasts, and a server that does not answer. Nothing is given back
where nothing may be written for good: while the scaler only previews, and where somebody else
scales the workload by then.
"""

from typing import Final

from msgspec import UNSET

from controller.runtime.intent import Intents, TargetRef
from controller.runtime.runtime import Runtime
from informers.snapshot import Snapshot
from reconcilers.vertice.api.scaler import VERTICE_SCALER, VerticeScaler
from reconcilers.vertice.scaler.guard import asked_to_leave
from reconcilers.vertice.scaler.rivals import Rivals
from reconcilers.vertice.scaler.scale import Scales, TargetError
from reconcilers.vertice.scaler.words import pods

RESTORE: Final = "vertice.io/restore-replicas"
GIVEN_BACK: Final = "Restored"
NOT_GIVEN_BACK: Final = "NotRestored"


class Restoring:
    """Writes one last scale."""

    def __init__(self, runtime: Runtime, scales: Scales, rivals: Rivals) -> None:
        self._clock = runtime.clock
        self._log = runtime.log
        self._recorder = runtime.recorder
        self._intents = Intents.of(runtime)
        self._scales = scales
        self._rivals = rivals

    async def give_back(self, scaler: VerticeScaler, snapshot: Snapshot) -> str:
        """Write it; returns what it has to wait for, nothing if it is done or not to be done.

        Raises:
            Moved: If somebody else changed the number meanwhile.
        """
        original, rival = scaler.status.original_replicas, self._rivals.heir_of(scaler)
        if original is UNSET or scaler.spec.preview:
            return ""
        if rival:
            self._leave(snapshot, f"{rival} scales {scaler.spec.target.name} now")
            return ""
        try:
            return await self._write(scaler, snapshot, original)
        except TargetError as error:
            if error.is_passing:
                return str(error)
            self._leave(snapshot, str(error))
            return ""

    async def _write(self, scaler: VerticeScaler, snapshot: Snapshot, original: int) -> str:
        namespace, target = snapshot.meta.namespace, scaler.spec.target
        kind = await self._scales.kind(target)
        reference = TargetRef.of(kind, namespace, target.name)
        frozen = asked_to_leave(self._intents.frozen(reference, self._clock.wall()))
        if frozen:
            return frozen
        scale = await self._scales.read(namespace, target)
        if scale.replicas != original:
            await self._scales.write(namespace, target, scale, original)
            before = scale.replicas
            message = f"from {before} to {pods(original)}, as before the scaler's first change"
            self._recorder.tell(VERTICE_SCALER, snapshot, GIVEN_BACK, message)
            self._log.info(
                "workload_restored", target=str(reference), before=before, after=original
            )
        return ""

    def _leave(self, snapshot: Snapshot, why: str) -> None:
        """Tell that the number stays as it is: nobody will look at the scaler any more."""
        message = f"the number of pods stays as it is: {why}"
        self._recorder.tell(VERTICE_SCALER, snapshot, NOT_GIVEN_BACK, message, type_="Warning")
