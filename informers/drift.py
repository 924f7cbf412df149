"""Whether fields of ours still are as we applied them.

Server-side apply keeps, per manager, the set of fields it owns. `our_claims` keeps those of our
managers when an object's managedFields are cut; `has_drifted` compares two states of an object at
the paths that they name. So drift is seen if and only if somebody took a field of ours or changed
its value, whatever else happens to the object; it needs neither a request nor a matcher that has to
know every default (JOSDK#1989, #2249, #3034). Values are looked at only if the object changed at
all, which is seldom: keeping the claims is all that each event costs.
"""

from operator import itemgetter
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from informers.snapshot import Snapshot

MANAGER_PREFIX: Final = "pentad-"
_PREFIX: Final = f'"manager":"{MANAGER_PREFIX}'.encode()
_APPLY: Final = b'"operation":"Apply"'


class _Entry(Struct, rename="camel", gc=False):
    manager: str = ""
    operation: str = ""
    subresource: str = ""
    fields_v1: Raw = msgspec.field(default=Raw(b"{}"), name="fieldsV1")


_ENTRIES: Final = msgspec.json.Decoder(list[_Entry])
_CLAIMS: Final = msgspec.json.Decoder(list[tuple[str, dict[str, Any]]])
_TREE: Final = msgspec.json.Decoder()


def our_claims(managed: Raw) -> bytes:
    """The fields that managers of ours own, by manager, as JSON; empty when they own none."""
    said = bytes(managed)
    if _PREFIX not in said or _APPLY not in said:
        return b""
    ours = [(one.manager, one.fields_v1) for one in _ENTRIES.decode(managed) if _is_ours(one)]
    ours.sort(key=itemgetter(0))  # the server sorts by time
    return msgspec.json.encode(ours) if ours else b""


def has_drifted(before: Snapshot, now: Snapshot) -> bool:
    """Whether a field of ours has another value now, or another owner."""
    if before.raw == now.raw and before.claims == now.claims:
        return False
    return before.claims != now.claims or _claimed(before) != _claimed(now)


def _claimed(snapshot: Snapshot) -> Any:  # noqa: ANN401 - any JSON value
    """The values at the paths that are ours."""
    if not snapshot.claims:
        return None
    tree = _TREE.decode(snapshot.raw)
    return [_values(fields, tree) for _, fields in _CLAIMS.decode(snapshot.claims)]


def _is_ours(entry: _Entry) -> bool:
    return (
        entry.operation == "Apply"
        and not entry.subresource
        and entry.manager.startswith(MANAGER_PREFIX)
    )


def _values(fields: dict[str, Any], value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The part of a value that a field set covers; a leaf covers all of it."""
    inner = {step: below for step, below in fields.items() if step != "."}
    if not inner:
        return value
    return [(step, _values(below, _step(step, value))) for step, below in sorted(inner.items())]


def _step(step: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """One step of a field path: a field, a list item by key or by value, or an index."""
    kind, _, name = step.partition(":")
    if kind == "f":
        return value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, list):
        return None
    if kind == "i":
        return value[int(name)] if int(name) < len(value) else None
    wanted = msgspec.json.decode(name)
    if kind == "v":
        return wanted if wanted in value else None
    return next((item for item in value if _has(item, wanted)), None)


def _has(item: Any, wanted: dict[str, Any]) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(item, dict) and all(item.get(k) == v for k, v in wanted.items())
