"""Tells users that trying again is pointless: a Stalled condition and a Warning Event.

Whatever a reconciler raises as `TerminalError` ends up here unless it has a hook of its own. The
condition is kstatus', so `kubectl wait`, Flux and Argo understand it. It is taken back by the next
reconcile that works, also by that of another process: the object itself says that it stands there.
"""

from typing import Final

from controller.runtime.events.recorder import Recorder
from controller.runtime.reconcile import Request, TerminalError
from controller.runtime.status import CONDITIONS, StatusWriter, current_status
from informers.meta.conditions import Condition, ConditionStatus
from informers.meta.kinds import Kind
from informers.shared import Informer
from informers.snapshot import Snapshot

STALLED: Final = "Stalled"
_MARK: Final = b'"type":"Stalled"'


class Stalled:
    """Keeps the Stalled condition of one kind."""

    def __init__(
        self, kind: Kind, informer: Informer, writer: StatusWriter, recorder: Recorder
    ) -> None:
        self._kind = kind
        self._store = informer.store
        self._writer = writer
        self._recorder = recorder

    async def tell(self, request: Request, error: TerminalError) -> None:
        """Say on the object what stopped its reconciliation; by an Event once for each spec."""
        snapshot = self._store.get(request.key)
        if snapshot is None:
            return
        if ("True", error.reason, error.message, snapshot.meta.generation) not in _said(snapshot):
            self._recorder.tell(self._kind, snapshot, error.reason, error.message, type_="Warning")
        await self._set(snapshot, "True", error.reason, error.message)

    def is_told(self, key: str) -> bool:
        """Whether the object says that it is stalled; cheap, since it is asked each time."""
        snapshot = self._store.get(key)
        if snapshot is None or _MARK not in snapshot.raw:
            return False
        return any(status == "True" for status, *_ in _said(snapshot))

    async def clear(self, request: Request) -> None:
        """Say that it is no longer."""
        snapshot = self._store.get(request.key)
        if snapshot is not None and not snapshot.is_deleting:
            await self._set(snapshot, "False", "Reconciled", "it can be reconciled again")

    async def _set(
        self, snapshot: Snapshot, status: ConditionStatus, reason: str, message: str
    ) -> None:
        condition = Condition(
            type=STALLED,
            status=status,
            reason=reason,
            message=message,
            observed_generation=snapshot.meta.generation,
        )
        await self._writer.write(snapshot, None, [condition])


def _said(snapshot: Snapshot) -> list[tuple[str, str, str, int]]:
    """Return what the condition says, and of which generation: one at most."""
    return [
        (
            one["status"],
            one.get("reason", ""),
            one.get("message", ""),
            one.get("observedGeneration", 0),
        )
        for one in current_status(snapshot).get(CONDITIONS) or ()
        if one["type"] == STALLED
    ]
