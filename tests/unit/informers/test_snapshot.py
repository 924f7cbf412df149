"""An object's bytes without its managedFields, and the metadata that is read often."""

import msgspec
import pytest

from informers.errors import DecodeError
from informers.snapshot import seal

FIELDS = '[{"manager":"x","fieldsV1":{"f:a":{}}}]'


@pytest.mark.parametrize(
    "text",
    [
        '{"metadata":{"name":"a","managedFields":%s}}',
        '{"metadata":{"managedFields":%s,"name":"a"}}',
        '{"metadata":{"name":"a","managedFields":%s,"uid":"u"},"data":{"k":"v"}}',
        '{"metadata":{"name":"a", "managedFields": %s }}',
        '{"metadata":{"name":"a","managed\\u0046ields":%s}}',
        '{"data":{"managedFields":%s},"metadata":{"name":"a","managedFields":%s}}',
        '{"metadata":{"name":"a","managedFields":%s},"data":{"managedFields":%s}}',
        '{"metadata":{"name":"a","managedFields":%s,"annotations":{"k":"\\"managedFields\\":[]"}}}',
    ],
    ids=["last", "first", "amid", "spaced", "escaped", "twice", "twice after", "in a text"],
)
def test_managed_fields_are_cut_and_nothing_else(text):
    """Wherever they stand and however they are spelled."""
    raw = text.replace("%s", FIELDS).encode()
    wanted = msgspec.json.decode(raw)
    del wanted["metadata"]["managedFields"]

    assert wanted == msgspec.json.decode(seal(raw).raw)


def test_claims_are_made_of_the_managed_fields_that_are_cut():
    """And a transform sees only what is kept; the metadata is read before it."""
    raw = f'{{"metadata":{{"name":"a","managedFields":{FIELDS}}},"spec":{{}}}}'.encode()

    found = seal(raw, claims=bytes, transform=lambda kept: b"%d" % len(kept))

    assert (FIELDS.encode(), "a", b"35") == (found.claims, found.meta.name, found.raw)


@pytest.mark.parametrize(
    ("mark", "deleting", "gone"),
    [
        ({}, False, False),
        ({"deletionTimestamp": "2030-01-01T00:00:00Z"}, True, False),
        (
            {"deletionTimestamp": "2030-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30},
            True,
            False,
        ),
        (
            {"deletionTimestamp": "2030-01-01T00:00:00Z", "deletionGracePeriodSeconds": 0},
            True,
            True,
        ),
        (
            {
                "deletionTimestamp": "2030-01-01T00:00:00Z",
                "deletionGracePeriodSeconds": 0,
                "finalizers": ["x"],
            },
            True,
            False,
        ),
    ],
    ids=["alive", "a namespace", "in its grace", "gone", "held"],
)
def test_deletion_has_stages(mark, deleting, gone):
    """Marked, held, and the last picture of what is gone."""
    found = seal(msgspec.json.encode({"metadata": {"name": "a"} | mark}))

    assert (deleting, gone) == (found.is_deleting, found.is_gone)


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"{}", b'{"metadata":{}}', b'{"metadata":{"name":7}}']
)
def test_what_is_no_object_is_an_error_of_ours(raw):
    """Nothing of the decoder's leaves the package."""
    with pytest.raises(DecodeError, match="not a Kubernetes object"):
        seal(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"metadata":{"name":"\xff"}}',
        b'{"metadata":{"name":"x","labels":{"a":"\xe2\x82"}}}',
        b'{"metadata":{"name":"x"},"spec":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"metadata":{"name":"x"},"spec":' + b"[" * 3000 + b"]" * 2999 + b"}",
        b'{"metadata" :{"managedFields" :[],"name":"x"},"spec":"\xff"}',
    ],
    ids=["name", "label", "depth", "cut off", "cut the slow way"],
)
def test_bytes_that_no_decoder_takes_are_told_as_such(raw):
    """One object with half a letter, or nested without end, must not end the watch it came by."""
    with pytest.raises(DecodeError, match="not a Kubernetes object"):
        seal(raw)
