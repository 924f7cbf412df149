"""The outside of JSON, whatever is inside."""

import sys

import msgspec
import pytest

from informers.pages import ListReader
from informers.skim import Skim
from informers.snapshot import seal


class Outside(msgspec.Struct):
    """Two fields of an object."""

    name: str = ""
    raw: msgspec.Raw = msgspec.Raw(b"")


def nested(levels, opening=b"[", closing=b"]"):
    """Return JSON of so many levels."""
    return opening * levels + b"1" + closing * levels


@pytest.mark.parametrize("levels", [1, 900, 1_100, 10_000])
@pytest.mark.parametrize(
    ("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")], ids=["lists", "objects"]
)
@pytest.mark.parametrize("field", ["raw", "unknown"])
def test_what_an_api_server_stores_can_be_read_past(levels, opening, closing, field):
    """As many levels as Go takes, kept as they are or skipped; the limit is what it was after."""
    limit, inside = sys.getrecursionlimit(), nested(levels, opening, closing)
    found = Skim(Outside).decode(b'{"%s":%s,"name":"n"}' % (field.encode(), inside))

    assert "n" == found.name
    assert (inside if field == "raw" else b"") == bytes(found.raw)
    assert limit == sys.getrecursionlimit()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'{"name":7}',
        b'{"name":"\xff"}',
        b'{"raw":' + b"[" * 5_000,
        b'{"raw":' + nested(50_000) + b"}",
    ],
    ids=["nothing", "a list", "a number", "no UTF-8", "cut off", "bottomless"],
)
def test_whatever_is_wrong_is_one_error(raw):
    """So that nobody who reads others' bytes has to know how many ways there are."""
    limit = sys.getrecursionlimit()

    with pytest.raises(msgspec.DecodeError):
        Skim(Outside).decode(raw)
    assert limit == sys.getrecursionlimit()


@pytest.mark.parametrize("at", [0, 1, 2])
def test_one_deep_object_spoils_no_list(at):
    """Anybody may create it: first, in the middle or last, it is an item like the others."""
    items = [b'{"metadata":{"name":"%s"},"spec":1}' % name for name in (b"a", b"b")]
    items.insert(at, b'{"metadata":{"name":"deep"},"spec":%s}' % nested(5_000))
    body = b'{"metadata":{"resourceVersion":"7"},"items":[%s]}' % b",".join(items)
    reader = ListReader()
    found = [one for n in range(0, len(body), 1000) for one in reader.feed(body[n : n + 1000])]
    found += reader.finish()

    assert items == [one.raw for one in found]
    assert "7" == reader.resource_version


def test_a_deep_object_is_an_object():
    """With its metadata, and without its managedFields."""
    spec = nested(9_000)
    found = seal(b'{"metadata":{"name":"x","managedFields":[{}]},"spec":%s}' % spec)

    assert b'{"metadata":{"name":"x"},"spec":%s}' % spec == found.raw
