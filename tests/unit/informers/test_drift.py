"""Drift is seen when our fields change, and only then."""

import msgspec
import pytest

from informers.drift import has_drifted, our_claims
from informers.snapshot import seal


def entry(manager="pentad-test", operation="Apply", subresource="", **fields):
    """Return an entry of managedFields."""
    return {
        "manager": manager,
        "operation": operation,
        "subresource": subresource,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }


OURS = entry(
    **{
        "f:data": {"f:colour": {}},
        "f:spec": {
            "f:ports": {'k:{"port":80}': {".": {}, "f:name": {}}},
            "f:tags": {'v:"red"': {}},
            "f:items": {"i:0": {}},
            "f:whole": {},
        },
    }
)


def thing(*entries, **changes):
    """Return an object; `changes` replace parts of its spec."""
    spec = {
        "ports": [{"port": 443, "name": "tls"}, {"port": 80, "name": "web"}],
        "tags": ["blue", "red"],
        "items": ["first", "second"],
        "whole": {"a": 1},
        "theirs": 1,
    } | changes
    document = {
        "metadata": {"name": "a", "resourceVersion": "1", "managedFields": list(entries)},
        "data": {"colour": "red", "other": "x"},
        "spec": spec,
    }
    return seal(msgspec.json.encode(document), claims=our_claims)


@pytest.mark.parametrize(
    "changes",
    [
        {"theirs": 2},
        {"ports": [{"port": 80, "name": "web", "targetPort": 8080}]},
        {"tags": ["red"]},
        {"items": ["first"]},
    ],
    ids=["a field", "inside a list item", "a list value", "behind an index"],
)
def test_what_is_not_ours_does_not_count(changes):
    """Defaults and the fields of others may change as they like (JOSDK#1989)."""
    assert not has_drifted(thing(OURS), thing(OURS, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"ports": [{"port": 80, "name": "other"}]},
        {"ports": []},
        {"tags": ["blue"]},
        {"items": ["other"]},
        {"items": []},
        {"whole": {"a": 1, "b": 2}},
        {"ports": None},
    ],
    ids=["item changed", "item gone", "value gone", "index", "emptied", "inside", "list gone"],
)
def test_what_is_ours_counts(changes):
    """Changed or gone, anywhere below a path of ours."""
    assert has_drifted(thing(OURS), thing(OURS, **changes))


def test_a_field_that_was_taken_from_us_counts():
    """Its value is the same, but somebody else owns it now."""
    taken = entry(**{"f:data": {"f:colour": {}}})

    assert has_drifted(thing(OURS), thing(taken))


@pytest.mark.parametrize(
    "other",
    [
        entry(manager="kubectl", **{"f:data": {}}),
        entry(operation="Update", **{"f:data": {}}),
        entry(subresource="status", **{"f:data": {}}),
    ],
    ids=["another manager", "an update", "a status"],
)
def test_entries_of_others_do_not_count(other):
    """Nor do our own entries that were not applied; alone, they give no claims at all."""
    assert not has_drifted(thing(OURS), thing(OURS, other))
    assert b"" == thing(other).claims


def test_the_order_of_managers_counts_for_nothing():
    """Two of our managers are told apart by name, and the server sorts them by time."""
    one = entry(manager="pentad-a", **{"f:data": {}})
    two = entry(manager="pentad-b", **{"f:data": {}})

    assert has_drifted(thing(one), thing(two))
    assert not has_drifted(thing(one, two), thing(two, one))
