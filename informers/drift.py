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

import functools
from operator import itemgetter
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

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
_CLAIMS: Final = msgspec.json.Decoder(list[tuple[str, dict[str, Any]]])
_TREE: Final = msgspec.json.Decoder()
_META: Final = msgspec.json.Decoder(_Whole)
_IN_META: Final = "f:metadata"
_NOTHING: Final = object()
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
    fields = [one for _, one in _CLAIMS.decode(before.claims)]
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
    """Whether applying this as a manager of ours would change nothing."""
    ours = [fields for name, fields in _CLAIMS.decode(held.claims or b"[]") if name == manager]
    if len(ours) != 1:
        return False
    body = _TREE.decode(wanted)
    return _is_so(ours[0], _without_identity(body), _TREE.decode(held.raw))


def _without_identity(body: dict[str, Any]) -> dict[str, Any]:
    """What an apply claims: nobody owns what an object is called."""
    rest = {key: value for key, value in body.items() if key not in {"apiVersion", "kind"}}
    meta = {key: value for key, value in rest.pop("metadata", {}).items() if key not in _IDENTITY}
    return {**rest, "metadata": meta} if meta else rest


def _is_so(fields: dict[str, Any], wanted: Any, value: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether exactly this is claimed at a path, and stands there.

    Plain loops: after a restart this walks through all that the program ever applied.
    """
    steps = len(fields) - ("." in fields)
    if not steps:
        same: bool = wanted == value
        return same
    if type(wanted) is not type(value) or len(wanted) != steps:
        return False
    if type(wanted) is not dict:
        return type(wanted) is list and _are_so(fields, wanted, value)
    for name, below in wanted.items():
        inner = fields.get(f"f:{name}")
        if inner is None or name not in value:
            return False
        found = value[name]
        if not (_is_so(inner, below, found) if inner else below == found):
            return False
    return True


def _are_so(fields: dict[str, Any], wanted: list[Any], items: list[Any]) -> bool:
    """The same of a list's items, which stand in the order that is wanted."""
    places = [-1] * len(wanted)
    ours, theirs = _Places(wanted), _Places(items)
    for step, below in fields.items():
        if step == ".":
            continue
        named = _name_of(step)
        mine, held = ours.of(named), theirs.of(named)
        if mine < 0 or held < 0 or not _is_so(below, wanted[mine], items[held]):
            return False
        places[mine] = held
    return -1 not in places and places == sorted(places)


class _Places:
    """Where in a list the items stand that steps name."""

    __slots__ = ("_by_key", "_items", "_key")

    def __init__(self, items: list[Any]) -> None:
        self._items = items
        self._key = ""
        self._by_key: dict[Any, int] = {}

    def of(self, named: Any) -> int:  # noqa: ANN401 - any JSON value
        """The one item's place, -1 if none or several are named.

        In what is wanted, a part of the key may be absent, which the server completes.
        """
        if type(named) is not dict:
            found = [n for n, item in enumerate(self._items) if item == named]
        elif len(named) == 1:
            return self._by_one_key(*named.items())
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

    def _by_one_key(self, named: tuple[str, Any]) -> int:
        """The same by what nearly all lists are keyed by, a name; each list is indexed once."""
        key, value = named
        if key != self._key:
            items = [(n, item) for n, item in enumerate(self._items) if type(item) is dict]
            self._key, self._by_key = key, {item.get(key): n for n, item in items}
            if len(self._by_key) != len(self._items):
                self._by_key = {}
        return self._by_key.get(value, -1)


@functools.lru_cache(maxsize=1024)
def _name_of(step: str) -> Any:  # noqa: ANN401 - any JSON value
    """What a step into a list names: the keys of an item, or a value; nothing for an index."""
    kind, _, name = step.partition(":")
    return msgspec.json.decode(name) if kind in {"k", "v"} else _NOTHING


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
    wanted = _name_of(step)
    if kind == "v":
        return wanted if wanted in value else None
    return next((item for item in value if _has(item, wanted)), None)


def _has(item: Any, wanted: dict[str, Any]) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(item, dict) and all(item.get(k) == v for k, v in wanted.items())
