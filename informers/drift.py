"""Whether fields of ours still are as we applied them.

Server-side apply keeps, per manager, the set of fields it owns. `field_digest` folds the entries
of our managers and the values at their paths into a few bytes, read before managedFields are cut
from an object. The digest of an apply's reply therefore changes if and only if somebody took a
field of ours or changed its value, whatever else happens to the object; comparing it needs neither
a request nor a matcher that has to know every default (JOSDK#1989, #2249, #3034).
"""

import hashlib
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

MANAGER_PREFIX: Final = "pentad-"
_PREFIX: Final = f'"manager":"{MANAGER_PREFIX}'.encode()
_APPLY: Final = b'"operation":"Apply"'


class _Entry(Struct, rename="camel"):
    manager: str = ""
    operation: str = ""
    subresource: str = ""
    fields_v1: dict[str, Any] = msgspec.field(default_factory=dict, name="fieldsV1")


_ENTRIES: Final = msgspec.json.Decoder(list[_Entry])
_TREE: Final = msgspec.json.Decoder()


def field_digest(raw: bytes, managed: Raw) -> bytes:
    """The digest of all fields that managers of ours own; empty when they own none."""
    said = bytes(managed)
    if _PREFIX not in said or _APPLY not in said:
        return b""
    ours = [entry for entry in _ENTRIES.decode(managed) if _is_ours(entry)]
    if not ours:
        return b""
    tree = _TREE.decode(raw)
    owned = [(entry.manager, _values(entry.fields_v1, tree)) for entry in ours]
    return hashlib.blake2b(msgspec.json.encode(owned, order="sorted"), digest_size=12).digest()


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
