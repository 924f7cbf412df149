"""The status writer: what a controller found, written once per reconcile and only if it changed.

A status is declared whole: fields that are not set go away, fields the type does not know stay.
Conditions are merged by type, so several controllers may each keep their own; a condition's
transition time moves only when its status does.

The write is a merge patch of `/status` that names the resource version it was made from: a list of
conditions is replaced as a whole, and the server does not compare uids here, so nothing else keeps
conditions that others wrote meanwhile, and a successor of the same name. A conflict is resolved by
reading live and merging again, a bounded number of times; it costs nothing where there is none.
"""

import functools
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from informers.client import Client
from informers.clock import Clock
from informers.errors import Conflict
from informers.meta.codec import convert, to_builtins
from informers.meta.conditions import Condition, set_conditions
from informers.meta.kinds import Kind
from informers.reply import Status
from informers.snapshot import Snapshot

CONDITIONS: Final = "conditions"
CONFLICT_TRIES: Final = 3


class _Holder(Struct):
    status: Raw | UnsetType = UNSET


_HOLDER: Final = msgspec.json.Decoder(_Holder)
_CONDITIONS: Final = msgspec.json.Decoder(dict[str, Any])


class StatusWriter:
    """Writes the status of one kind's objects."""

    def __init__(self, client: Client, kind: Kind, *, manager: str, clock: Clock) -> None:
        self._client = client
        self._kind = kind
        self._manager = manager
        self._clock = clock
        self.written = 0
        self.skipped = 0

    async def write(
        self, snapshot: Snapshot, status: Struct | None, conditions: Sequence[Condition] = ()
    ) -> Snapshot:
        """Make the object's status what was found; returns the object as it is then.

        Args:
            snapshot: The object as it was read; decides which uid may be written to.
            status: The fields found; conditions in it are ignored. None leaves all fields alone.
            conditions: The conditions found, in any order; others are left alone.
        """
        for last in range(CONFLICT_TRIES - 1, -1, -1):
            patch = self._patch(snapshot, status, conditions)
            if not patch:
                self.skipped += 1
                return snapshot
            try:
                return await self._send(snapshot, patch)
            except Conflict:
                if not last:
                    raise
                fresh = await self._client.get(
                    self._kind, snapshot.meta.name, namespace=snapshot.meta.namespace
                )
                if fresh.meta.uid != snapshot.meta.uid:
                    raise  # what was found was found of its predecessor
                snapshot = fresh
        raise AssertionError("the last try either returns or raises")

    async def _send(self, snapshot: Snapshot, patch: dict[str, Any]) -> Snapshot:
        meta = snapshot.meta
        metadata = {"uid": meta.uid, "resourceVersion": meta.resource_version}
        answer = await self._client.patch(
            self._kind,
            meta.name,
            {"metadata": metadata, "status": patch},
            namespace=meta.namespace,
            subresource="status",
            manager=self._manager,
        )
        assert not isinstance(answer, Status), "the status subresource answers with the object"
        self.written += 1
        return answer

    def _patch(
        self, snapshot: Snapshot, status: Struct | None, conditions: Sequence[Condition]
    ) -> dict[str, Any]:
        """What differs from the status as it is."""
        now = current_status(snapshot)
        patch: dict[str, Any] = {}
        if status is not None:
            patch = changed_fields(now, status)
        if not conditions:
            return patch
        before = convert(now.get(CONDITIONS) or [], tuple[Condition, ...])
        after, has_changed = set_conditions(before, conditions, now=self._clock.wall())
        if has_changed:
            patch[CONDITIONS] = to_builtins(after)
        return patch


def current_status(snapshot: Snapshot) -> dict[str, Any]:
    """The status of an object as plain data; empty when it has none."""
    raw = _HOLDER.decode(snapshot.raw).status
    return {} if raw is UNSET else _CONDITIONS.decode(raw)


def changed_fields(now: dict[str, Any], status: Struct) -> dict[str, Any]:
    """The merge patch from the fields as they are to the fields as declared."""
    wanted: dict[str, Any] = to_builtins(status)
    known = _fields(type(status))
    patch = {
        name: _merge(now.get(name), wanted[name])
        for name in known
        if name in wanted and now.get(name) != wanted[name]
    }
    return patch | {name: None for name in known if name in now and name not in wanted}


@functools.cache
def _fields(type_: type[Struct]) -> frozenset[str]:
    """The wire names of a status' fields; asking msgspec costs more than all the rest."""
    return frozenset(field.encode_name for field in msgspec.structs.fields(type_)) - {CONDITIONS}


def _merge(now: Any, wanted: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A merge patch keeps map entries it does not name; name those that are to go."""
    if not isinstance(now, dict) or not isinstance(wanted, dict):
        return wanted
    return {name: _merge(now.get(name), value) for name, value in wanted.items()} | {
        name: None for name in now if name not in wanted
    }
