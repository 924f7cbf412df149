"""The fields that a manager of ours owns, laid out for walking.

The server keeps a field set as JSON whose steps are strings: `f:spec`, `k:{"name":"web"}`. What is
looked at again and again, at the restart of a program that applied many thousand objects, are few
sets: objects of one sort have the same fields, whatever their values. So a set is read once.
"""

import functools
from typing import Any, Final

import msgspec
from msgspec import Struct

NOTHING: Final = object()
"""What a step names that leads to no item by its content, as an index does."""
_SETS: Final = 512
_STEPS: Final = 1024
_CLAIMS: Final = msgspec.json.Decoder(list[tuple[str, dict[str, Any]]])


class FieldSet(Struct, frozen=True, gc=False, kw_only=True):
    """The steps that lead on from one place; a leaf, which covers all there is, has none of it.

    `fields` are those into a map, by name. `items` are those into a list: what names an item, its
    keys or its value. `key` is the one key by which all items are named, as nearly all lists are.
    """

    fields: tuple[tuple[str, "FieldSet | None"], ...] = ()
    items: tuple[tuple[Any, "FieldSet | None"], ...] = ()
    key: str = ""


@functools.lru_cache(maxsize=_SETS)
def owned(claims: bytes, manager: str) -> tuple[FieldSet | None, ...]:
    """Return what a manager owns according to an object's claims, once for each of its entries."""
    return tuple(_laid_out(fields) for name, fields in claimed(claims) if name == manager)


def claimed(claims: bytes) -> list[tuple[str, dict[str, Any]]]:
    """Return the field set of each of our managers, by name, as the server has it."""
    return _CLAIMS.decode(claims or b"[]")


def _laid_out(fields: dict[str, Any]) -> FieldSet | None:
    steps = [(step, _laid_out(below)) for step, below in fields.items() if step != "."]
    if not steps:
        return None
    if all(step.startswith("f:") for step, _ in steps):
        return FieldSet(fields=tuple((step[2:], below) for step, below in steps))
    items = tuple((named(step), below) for step, below in steps)
    keys = {tuple(name) if type(name) is dict else () for name, _ in items}
    ((*key,), *others) = keys
    return FieldSet(items=items, key=key[0] if len(key) == 1 and not others else "")


@functools.lru_cache(maxsize=_STEPS)
def named(step: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return what a step into a list names: the keys of an item, or a value; or NOTHING."""
    kind, _, name = step.partition(":")
    return msgspec.json.decode(name) if kind in {"k", "v"} else NOTHING
