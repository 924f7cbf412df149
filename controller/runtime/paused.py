"""Tells users that an object is left alone: a Paused condition, and an Event at both ends.

The annotation of `pause` is what counts; this is how people see that it was understood, since when,
and why. The condition stands as long as the pause does, is written once, and by one controller of
those that reconcile the kind; when the object is reconciled again it is False, with the time.

Who paused it: people may say so in an annotation; otherwise the server knows with which program it
was done, as the manager of the field. Neither names the person, which only its audit log does.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

import msgspec

from controller.runtime.events.recorder import Recorder
from controller.runtime.pause import PAUSED, REASON
from controller.runtime.status import CONDITIONS, StatusWriter, current_status
from informers import request as requests
from informers.client import Client
from informers.errors import NotFound
from informers.meta.conditions import Condition, ConditionStatus
from informers.meta.kinds import Kind
from informers.snapshot import Snapshot

TYPE: Final = "Paused"
MESSAGE_MOST: Final = 500
"""Of what people say in the annotation, as much as an Event has room for."""
_MARK: Final = b'"type":"Paused"'
_BY: Final = " (set with "


class _Meta(msgspec.Struct, rename="camel"):
    managed_fields: list[dict[str, Any]] = []


class _Object(msgspec.Struct):
    metadata: _Meta


_OBJECT: Final = msgspec.json.Decoder(_Object)


class Paused:
    """Keeps the Paused condition of one kind."""

    def __init__(
        self, kind: Kind, writer: StatusWriter, *, client: Client, recorder: Recorder
    ) -> None:
        self._kind = kind
        self._writer = writer
        self._client = client
        self._recorder = recorder

    async def tell(self, snapshot: Snapshot) -> None:
        """Say on the object that it is left alone, and why, unless it says so."""
        text = _text(snapshot)
        status, message = _said(snapshot)
        if status == "True" and (message == text or message.startswith(text + _BY)):
            return
        programs = ", ".join(await self._programs(snapshot))
        text = f"{text}{_BY}{programs})" if programs else text
        await self._set(snapshot, "True", "PausedByAnnotation", text)
        if status != "True":
            self._recorder.tell(self._kind, snapshot, "Paused", text)

    async def clear(self, snapshot: Snapshot) -> None:
        """Say that it is not any more, if it says that it is; cheap, as it is called each time."""
        if _MARK not in snapshot.raw or snapshot.is_deleting or _said(snapshot)[0] != "True":
            return
        text = "it is looked after again"
        await self._set(snapshot, "False", "Resumed", text)
        self._recorder.tell(self._kind, snapshot, "Resumed", text)

    async def _programs(self, snapshot: Snapshot) -> list[str]:
        """Ask with what the annotation was set; the cache does not keep whose fields are."""
        meta = snapshot.meta
        request = requests.get(self._kind, meta.name, namespace=meta.namespace)
        try:
            answer = await self._client.send(request)
        except NotFound:
            return []
        fields = _OBJECT.decode(answer.body).metadata.managed_fields
        return sorted({name for entry in fields for name in _setter(entry)})

    async def _set(
        self, snapshot: Snapshot, status: ConditionStatus, reason: str, message: str
    ) -> None:
        # It speaks of no generation: the annotation holds whatever the spec is changed to.
        condition = Condition(type=TYPE, status=status, reason=reason, message=message)
        await self._writer.write(snapshot, None, [condition])


def has_conditions(type_: type[msgspec.Struct]) -> bool:
    """Whether objects of a wire type can say anything in conditions."""
    types = {field.encode_name: field.type for field in msgspec.structs.fields(type_)}
    status = types.get("status")
    return any(
        CONDITIONS in {field.encode_name for field in msgspec.structs.fields(each)}
        for each in (status, *get_args(status))
        if isinstance(each, type) and issubclass(each, msgspec.Struct)
    )


def _text(snapshot: Snapshot) -> str:
    reason = snapshot.annotations.get(REASON, "").strip()[:MESSAGE_MOST]
    text = f"nothing is changed or repaired until the annotation {PAUSED} goes"
    return f"{text}: {reason}" if reason else text


def _said(snapshot: Snapshot) -> tuple[str, str]:
    """The status and the message of the condition as it is."""
    if _MARK in snapshot.raw:
        for one in current_status(snapshot).get(CONDITIONS) or ():
            if one["type"] == TYPE:
                return one["status"], one.get("message", "")
    return "", ""


def _setter(entry: Mapping[str, Any]) -> Iterator[str]:
    """The manager of an entry of managedFields if the annotation is among its fields."""
    meta = (entry.get("fieldsV1") or {}).get("f:metadata") or {}
    if f"f:{PAUSED}" in (meta.get("f:annotations") or {}):
        yield str(entry.get("manager", ""))
