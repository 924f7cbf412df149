"""Whether fields of ours still are as we applied them, or as an apply would make them.

Server-side apply keeps, per manager, the set of fields it owns. `our_claims` keeps those of our
managers when an object's managedFields are cut; `has_drifted` compares two states of an object at
the paths that they name. So drift is seen if and only if somebody took a field of ours or changed
its value, whatever else happens to the object; it needs neither a request nor a matcher that has to
know every default (JOSDK#1989, #2249, #3034). Values are looked at only if the object changed at
all, which is seldom: keeping the claims is all that each event costs.

Who remembers nothing of an object, after a restart, asks `is_as_wanted`: what is claimed of it is
exactly what is wanted, and has these values to the letter. A value that the server writes
differently ("0.5" for "500m") or completes within what is replaced whole is then not recognised:
that costs an apply, never a missed one.
"""

from operator import itemgetter
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from informers.fieldset import FieldSet, claimed, named, owned
from informers.skim import Skim
from informers.snapshot import Snapshot

MANAGER_PREFIX: Final = "pentad-"
_PREFIX: Final = f'"manager":"{MANAGER_PREFIX}'.encode()
_APPLY: Final = b'"operation":"Apply"'


class _Entry(Struct, rename="camel", gc=False):
    manager: str = ""
    operation: str = ""
    subresource: str = ""
    fields_v1: Raw = msgspec.field(default=Raw(b"{}"), name="fieldsV1")


class _Meta(Struct, rename="camel"):
    managed_fields: tuple[_Entry, ...] = ()


class _Managed(Struct):
    metadata: _Meta


class _Whole(Struct):
    metadata: dict[str, Any]


_MANAGED: Final = Skim(_Managed)
_ENTRIES: Final = msgspec.json.Decoder(list[_Entry])
_TREE: Final = msgspec.json.Decoder()
_META: Final = msgspec.json.Decoder(_Whole)
_IN_META: Final = "f:metadata"
_NOBODY: Final = b"00000000-0000-0000-0000-000000000000"
_IDENTITY: Final = frozenset({"name", "namespace"})


def our_claims(managed: Raw) -> bytes:
    """The fields that managers of ours own, by manager, as JSON; empty when they own none."""
    said = bytes(managed)
    if _PREFIX not in said or _APPLY not in said:
        return b""
    ours = [(one.manager, one.fields_v1) for one in _ENTRIES.decode(managed) if _is_ours(one)]
    ours.sort(key=itemgetter(0))  # the server sorts by time
    return msgspec.json.encode(ours) if ours else b""


def was_applied_by(manager: str, whole: bytes) -> bool:
    """Whether a manager applied an object, which the server showed with its managed fields."""
    entries = _MANAGED.decode(whole).metadata.managed_fields
    return any((one.manager, one.operation) == (manager, "Apply") for one in entries)


def has_drifted(before: Snapshot, now: Snapshot) -> bool:
    """Whether a field of ours has another value now, or another owner."""
    if before.claims != now.claims:
        return True
    if before.raw == now.raw or not before.claims:
        return False
    fields = [one for _, one in claimed(before.claims)]
    if _is_counted_the_same(before, now):
        meta = [one.get(_IN_META, {}) for one in fields]
        return _differ(meta, _META.decode(before.raw).metadata, _META.decode(now.raw).metadata)
    return _differ(fields, _TREE.decode(before.raw), _TREE.decode(now.raw))


def _is_counted_the_same(before: Snapshot, now: Snapshot) -> bool:
    """Whether the server says that nothing changed but metadata and status.

    That is what its count of generations says, where it counts; most news of a workload is so.
    """
    old, new = before.meta, now.meta
    return old.uid == new.uid and 0 < old.generation == new.generation


def _differ(fields: list[dict[str, Any]], before: Any, now: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether a value at one of these paths is another."""
    return any(_values(one, before) != _values(one, now) for one in fields if one)


def is_as_wanted(wanted: bytes, held: Snapshot, *, manager: str) -> bool:
    """Whether applying this as a manager of ours would change nothing.

    Claims name the owner by its uid, by which alone those of like children differ: where it is
    taken for another that nobody has, each sort of child has one field set.
    """
    uid = b"" if held.controller is None else held.controller.uid.encode()
    claims, body, raw = held.claims, wanted, held.raw
    if uid:
        claims, body, raw = (each.replace(uid, _NOBODY) for each in (claims, body, raw))
    ours = owned(claims, manager)
    if len(ours) != 1:
        return False
    return _is_so(ours[0], _without_identity(_TREE.decode(body)), _TREE.decode(raw))


def _without_identity(body: dict[str, Any]) -> dict[str, Any]:
    """What an apply claims: nobody owns what an object is called."""
    rest = {key: value for key, value in body.items() if key not in {"apiVersion", "kind"}}
    meta = {key: value for key, value in rest.pop("metadata", {}).items() if key not in _IDENTITY}
    return {**rest, "metadata": meta} if meta else rest


def _is_so(fields: FieldSet | None, wanted: Any, value: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether exactly this is claimed at a path, and stands there.

    Plain loops: after a restart this walks through all that the program ever applied.
    """
    if fields is None:
        same: bool = wanted == value
        return same
    if fields.items:
        are_lists = type(wanted) is type(value) is list and len(wanted) == len(fields.items)
        return are_lists and _are_so(fields, wanted, value)
    are_maps = type(wanted) is type(value) is dict and len(wanted) == len(fields.fields)
    return are_maps and _is_map_so(fields, wanted, value)


def _is_map_so(fields: FieldSet, wanted: dict[str, Any], value: dict[str, Any]) -> bool:
    """The same of a map's fields."""
    for name, inner in fields.fields:
        if name not in wanted or name not in value:
            return False
        below, found = wanted[name], value[name]
        if not (below == found if inner is None else _is_so(inner, below, found)):
            return False
    return True


def _are_so(fields: FieldSet, wanted: list[Any], items: list[Any]) -> bool:
    """The same of a list's items, which stand in the order that is wanted."""
    ours, theirs = _Places(wanted, fields.key), _Places(items, fields.key)
    places = [-1] * len(wanted)
    for name, inner in fields.items:
        mine, held = ours.of(name), theirs.of(name)
        if mine < 0 or held < 0 or not _is_so(inner, wanted[mine], items[held]):
            return False
        places[mine] = held
    return -1 not in places and places == sorted(places)


class _Places:
    """Where in a list the items stand that steps name; by their one key, if they have one."""

    __slots__ = ("_by_key", "_items", "_key")

    def __init__(self, items: list[Any], key: str) -> None:
        self._items = items
        self._key = key
        self._by_key: dict[Any, int] = {}
        if key:
            self._by_key = {item.get(key): n for n, item in enumerate(items) if type(item) is dict}
            if len(self._by_key) != len(items):
                self._by_key = {}

    def of(self, named: Any) -> int:  # noqa: ANN401 - any JSON value
        """The one item's place, -1 if none or several are named.

        In what is wanted, a part of the key may be absent, which the server completes.
        """
        if self._key:
            return self._by_key.get(named[self._key], -1)
        if type(named) is not dict:
            found = [n for n, item in enumerate(self._items) if item == named]
        else:
            given = named.items()
            found = [
                n
                for n, item in enumerate(self._items)
                if type(item) is dict
                and not named.keys().isdisjoint(item)
                and all(item.get(key, value) == value for key, value in given)
            ]
        return found[0] if len(found) == 1 else -1


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
    wanted = named(step)
    if kind == "v":
        return wanted if wanted in value else None
    return next((item for item in value if _has(item, wanted)), None)


def _has(item: Any, wanted: dict[str, Any]) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(item, dict) and all(item.get(k) == v for k, v in wanted.items())
