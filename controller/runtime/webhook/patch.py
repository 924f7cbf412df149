"""JSON Patch (RFC 6902) from two states of an object, as short as is easily found.

Handlers see typed objects, and a type may not know every field of what was sent. So the difference
is taken between two typed states and carried over to the object as sent (`transplanted`); the patch
leads from that to the result (`difference`). What no type knows is in neither, and stays.

Values are what JSON decodes to; they are compared as JSON, where 1 is not true.
"""

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

Json = Any
IDENTITIES: Final = ("name", "key", "type", "id")
"""Fields by which one entry of a list is told from another."""


class Edit(Struct, frozen=True, kw_only=True):
    """One operation; `path` is a JSON Pointer."""

    op: Literal["add", "remove", "replace", "test"]
    path: str
    value: Json | UnsetType = UNSET


def pointer(*steps: str | int) -> str:
    """The JSON Pointer to what these steps lead to."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def difference(before: Json, after: Json, path: str = "") -> list[Edit]:
    """The operations that make `after` of `before`."""
    if isinstance(before, dict) and isinstance(after, dict):
        edits = list(_in_mapping(before, after, path))
    elif isinstance(before, list) and isinstance(after, list):
        edits = list(_in_list(before, after, path))
    elif is_same(before, after):
        return []
    else:
        return [Edit(op="replace", path=path, value=after)]
    whole = Edit(op="replace", path=path, value=after)
    is_shorter = path and len(edits) > 1 and _size(edits) > _size([whole])
    return [whole] if is_shorter else edits


def _in_mapping(before: dict[str, Json], after: dict[str, Json], path: str) -> Iterator[Edit]:
    for name in before.keys() - after.keys():
        yield Edit(op="remove", path=path + pointer(name))
    for name, value in after.items():
        if name in before:
            yield from difference(before[name], value, path + pointer(name))
        else:
            yield Edit(op="add", path=path + pointer(name), value=value)


def _in_list(before: list[Json], after: list[Json], path: str) -> Iterator[Edit]:
    head, tail = _shared(before, after)
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    both = min(len(old), len(new))
    for i in range(both):
        yield from difference(old[i], new[i], f"{path}/{head + i}")
    for i in range(len(old) - 1, both - 1, -1):
        yield Edit(op="remove", path=f"{path}/{head + i}")
    for i in range(both, len(new)):
        yield Edit(op="add", path=f"{path}/{head + i}", value=new[i])


def _size(edits: list[Edit]) -> int:
    return len(msgspec.json.encode(edits))


def _shared(before: list[Json], after: list[Json]) -> tuple[int, int]:
    """How many entries the two have in common at the beginning, and then at the end."""
    most = min(len(before), len(after))
    head = 0
    while head < most and is_same(before[head], after[head]):
        head += 1
    tail = 0
    while tail < most - head and is_same(before[-1 - tail], after[-1 - tail]):
        tail += 1
    return head, tail


def is_same(one: Json, other: Json) -> bool:
    """Whether two values are the same JSON."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and bool(one == other)


def transplanted(sent: Json, before: Json, after: Json) -> Json:
    """What was sent, changed as `before` was changed to `after`."""
    if is_same(before, after):
        return sent
    if isinstance(sent, dict) and isinstance(before, dict) and isinstance(after, dict):
        return _mapping_transplanted(sent, before, after)
    if isinstance(before, list) and isinstance(after, list) and _is_aligned(sent, before):
        return _list_transplanted(sent, before, after)
    return after


def _mapping_transplanted(
    sent: dict[str, Json], before: dict[str, Json], after: dict[str, Json]
) -> dict[str, Json]:
    result = {name: value for name, value in sent.items() if name in after or name not in before}
    for name, value in after.items():
        if name not in before:
            result[name] = value
        elif not is_same(before[name], value):
            # A default that was not sent is spelled out once it is changed.
            result[name] = transplanted(sent.get(name, before[name]), before[name], value)
    return result


def _list_transplanted(sent: list[Json], before: list[Json], after: list[Json]) -> list[Json]:
    head, tail = _shared(before, after)
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    middle = [
        transplanted(sent[head + i], old[i], value)
        if i < len(old) and _identity(old[i]) == _identity(value)
        else value
        for i, value in enumerate(new)
    ]
    return sent[:head] + middle + sent[len(sent) - tail :]


def _is_aligned(sent: Json, before: list[Json]) -> bool:
    """Whether the entries sent are those of `before`, in its order; sets may not be."""
    return (
        isinstance(sent, list)
        and len(sent) == len(before)
        and all(
            _identity(one) == _identity(other)
            if isinstance(one, dict) and isinstance(other, dict)
            else is_same(one, other)
            for one, other in zip(sent, before, strict=True)
        )
    )


def _identity(entry: Json) -> object:
    """What tells an entry from others; None where only its place does."""
    if not isinstance(entry, dict):
        return None
    return next(((name, str(entry[name])) for name in IDENTITIES if name in entry), None)
