"""The status writer: what a controller found, written once per reconcile and only if it changed.

A status is declared whole: fields that are not set go away, fields the type does not know stay.
Conditions are merged by type, so several controllers may each keep their own; a condition's
transition time moves only when its status does. A status may have a field that says when it was
last written; it is set with every write and is no reason for one.

The write is a merge patch of `/status` that names the resource version it was made from: a list of
conditions is replaced as a whole, and the server does not compare uids here, so nothing else keeps
conditions that others wrote meanwhile, and a successor of the same name. A conflict is resolved by
reading live and merging again, a bounded number of times; it costs nothing where there is none.

Conditions are compared and merged as the plain data they came as: what others wrote stays to the
letter, and no time is parsed. The rules are those of `informers.meta.conditions`.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from informers.client import Client
from informers.clock import Clock
from informers.errors import Conflict
from informers.meta.codec import encode
from informers.meta.conditions import Condition
from informers.meta.kinds import Kind
from informers.meta.microtime import Time
from informers.reply import Status
from informers.snapshot import Snapshot

CONDITIONS: Final = "conditions"
CONFLICT_TRIES: Final = 3
STAMP: Final = "lastTransitionTime"
_NO_TIME: Final = (None, str(Time()))
_Plain = dict[str, Any]


class _Holder(Struct):
    status: _Plain | None = None


_HOLDER: Final = msgspec.json.Decoder(_Holder)
_PLAIN: Final = msgspec.json.Decoder(_Plain)


class StatusWriter:
    """Writes the status of one kind's objects."""

    def __init__(
        self, client: Client, kind: Kind, *, manager: str, clock: Clock, stamp: str = ""
    ) -> None:
        self._client = client
        self._kind = kind
        self._manager = manager
        self._clock = clock
        self._stamp = stamp
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

    async def _send(self, snapshot: Snapshot, patch: _Plain) -> Snapshot:
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
    ) -> _Plain:
        """What differs from the status as it is."""
        now = current_status(snapshot)
        patch: _Plain = {}
        if status is not None:
            patch = changed_fields(now, status)
            patch.pop(self._stamp, None)
        if conditions:
            before = now.get(CONDITIONS) or []
            after = merged_conditions(before, conditions, stamp=self._time)
            if after is not before:
                patch[CONDITIONS] = after
        if patch and self._stamp:
            patch[self._stamp] = self._time()
        return patch

    def _time(self) -> str:
        return str(Time.of(self._clock.wall()))


def current_status(snapshot: Snapshot) -> _Plain:
    """The status of an object as plain data; empty when it has none."""
    return _HOLDER.decode(snapshot.raw).status or {}


def merged_conditions(
    before: list[_Plain], wanted: Sequence[Condition], *, stamp: Callable[[], str]
) -> list[_Plain]:
    """The conditions with those wanted in the places of their types; `before` if they are so."""
    after = before
    for condition in wanted:
        new = _plain(condition)
        place = next((n for n, old in enumerate(after) if old["type"] == new["type"]), len(after))
        olds = after[place : place + 1]
        if olds and _says(olds[0]) == _says(new):
            continue
        times = [old.get(STAMP) for old in olds if old["status"] == new["status"]]
        known = [time for time in (*times, new.get(STAMP)) if time not in _NO_TIME]
        new[STAMP] = known[0] if known else stamp()
        after = [*after[:place], new, *after[place + 1 :]]
    return after


def _says(condition: _Plain) -> tuple[Any, ...]:
    """What a condition tells, besides when; absent is empty, as in Go."""
    get = condition.get
    return get("status"), get("reason"), get("message") or "", get("observedGeneration") or 0


def changed_fields(now: _Plain, status: Struct) -> _Plain:
    """The merge patch from the fields as they are to the fields as declared."""
    wanted = _plain(status)
    known = _fields(type(status))
    patch = {
        name: _merge(now.get(name), wanted[name])
        for name in known
        if name in wanted and now.get(name) != wanted[name]
    }
    return patch | {name: None for name in known if name in now and name not in wanted}


def _plain(value: Struct) -> _Plain:
    """As it comes back from the server: tuples are lists there, sets are in order."""
    return _PLAIN.decode(encode(value, sort_keys=True))


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
