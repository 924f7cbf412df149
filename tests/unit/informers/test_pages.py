"""A list taken apart while it arrives, however it is cut."""

import random

import msgspec
import pytest

from informers.errors import DecodeError
from informers.pages import ListReader


def item(number, **more):
    """Return an item as the server lists it."""
    meta = {"name": f"o{number}", "uid": f"u{number}", "resourceVersion": str(number)}
    return {"metadata": meta, "spec": {"n": number}} | more


NESTED = {"template": {"metadata": {"name": "inner"}}, "x": [{"metadata": {"name": "o9"}}]}
BODIES = {
    "plain": [item(n) for n in range(20)],
    "one": [item(1)],
    "none": [],
    "items that look like items": [item(n, **NESTED) for n in range(5)],
    "kinds": [{"kind": "X", "apiVersion": "v1"} | item(n) for n in range(5)],
    "metadata last": [dict(reversed(item(n).items())) for n in range(5)],
    "text that looks like items": [item(n, text='},{"metadata":{"name":"no"}}') for n in range(5)],
    "mixed": [item(1), {"kind": "X"} | item(2), dict(reversed(item(3).items())), item(4)],
}


def body(items, **meta):
    """Return a list's JSON."""
    return msgspec.json.encode(
        {
            "kind": "List",
            "apiVersion": "v1",
            "metadata": {"resourceVersion": "77", **meta},
            "items": items,
        }
    )


def read(raw, cuts):
    """Return what a reader makes of the body in these pieces, and the reader."""
    reader, found, start = ListReader(), [], 0
    for cut in [*sorted(cuts), len(raw)]:
        found += reader.feed(raw[start:cut])
        start = cut
    return found + reader.finish(), reader


@pytest.mark.parametrize("items", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000])
def test_items_are_the_same_however_the_body_is_cut(items, size):
    """All of them, in order, with exactly their bytes."""
    raw = body(items, **{"continue": "next"})

    found, reader = read(raw, range(size, len(raw), size))

    assert items == [msgspec.json.decode(one.raw) for one in found]
    assert ("77", "next") == (reader.resource_version, reader.continue_token)


@pytest.mark.parametrize("seed", range(10))
def test_random_cuts_change_nothing(seed):
    """Wherever the network cuts."""
    rng = random.Random(seed)
    raw = body(BODIES["items that look like items"])
    cuts = [rng.randrange(len(raw)) for _ in range(rng.randrange(30))]

    assert 5 == len(read(raw, cuts)[0])


def test_items_come_before_the_end():
    """Neither the body nor a second copy of it is ever held."""
    raw = body(BODIES["plain"])
    reader = ListReader()

    early = sum(len(reader.feed(raw[at : at + 100])) for at in range(0, len(raw) - 100, 100))

    assert early >= 17
    assert len(reader._buffer) < 400


def test_null_items_are_none():
    """As Go writes an empty list."""
    found, reader = read(body(None), [])

    assert ([], "77") == (found, reader.resource_version)


@pytest.mark.parametrize("cut", [1, 20, 90, -1])
def test_a_body_that_was_cut_off_is_an_error(cut):
    """What was handed out before it does not make it complete."""
    with pytest.raises(DecodeError):
        read(body(BODIES["plain"])[:cut], [])


BAD = {
    "no name": {"metadata": {"uid": "u"}},
    "odd labels": {"metadata": {"name": "o3", "namespace": "ns", "labels": {"a": 1}}},
    "null": {"metadata": None},
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize("place", [0, 3, 19])
@pytest.mark.parametrize("size", [1, 64, 10_000])
def test_one_item_that_makes_no_sense_hides_no_other(bad, place, size):
    """It is skipped, and named as far as it has a name."""
    items = [item(n) for n in range(20)]
    raw = body([*items[:place], bad, *items[place:]])

    found, reader = read(raw, range(size, len(raw), size))

    assert items == [msgspec.json.decode(one.raw) for one in found]
    name = (bad["metadata"] or {}).get("name")
    assert [f"ns/{name}" if name else ""] == reader.skipped


def test_an_item_that_makes_no_sense_costs_no_more_than_others():
    """Items after it still come before the end, and what waits does not grow."""
    raw = body([{"metadata": {"uid": "u"}}, *BODIES["plain"]])
    reader = ListReader()

    early = sum(len(reader.feed(raw[at : at + 100])) for at in range(0, len(raw) - 100, 100))

    assert early >= 17
    assert len(reader._buffer) < 400
