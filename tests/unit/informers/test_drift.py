"""Drift is seen when our fields change, and only then."""

import msgspec
import pytest

from informers.drift import has_drifted, is_as_wanted, our_claims
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


COUNTED = entry(
    **{
        "f:metadata": {"f:labels": {"f:colour": {}}, "f:annotations": {"f:note": {}}},
        "f:spec": {"f:replicas": {}},
    }
)


def counted(*, generation=3, replicas=1, status=0, uid="u", colour="red", note="a", owner="o"):
    """Return an object of a kind whose specs the server counts."""
    metadata = {
        "name": "a",
        "uid": uid,
        "generation": generation,
        "labels": {"colour": colour, "theirs": str(status)} if status < 0 else {"colour": colour},
        "annotations": {"note": note},
        "ownerReferences": [{"apiVersion": "v1", "kind": "K", "name": "k", "uid": owner}],
        "managedFields": [COUNTED],
    }
    document = {"metadata": metadata, "spec": {"replicas": replicas}, "status": {"ready": status}}
    return seal(msgspec.json.encode(document), claims=our_claims)


def test_news_of_a_status_are_no_drift():
    """The server counted no change of the spec; what is of others in metadata is none either."""
    assert not has_drifted(counted(), counted(status=1))
    assert not has_drifted(counted(), counted(status=-1))


@pytest.mark.parametrize(
    "changes",
    [
        {"generation": 4, "replicas": 2},
        {"generation": 0, "replicas": 2},
        {"colour": "blue"},
        {"note": "b"},
        {"uid": "v", "replicas": 2},
    ],
    ids=["spec", "not counted", "label", "annotation", "another object"],
)
def test_a_count_hides_no_drift(changes):
    """Only where it says that nothing changed, and metadata says so, too, values are not read."""
    before = counted(generation=changes.get("generation", 3) and 3)

    assert has_drifted(before, counted(**changes))


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


CLAIMED = entry(
    **{
        "f:metadata": {
            "f:labels": {"f:app": {}},
            "f:ownerReferences": {'k:{"uid":"u"}': {}},
        },
        "f:spec": {
            "f:ports": {
                'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:name": {}, "f:port": {}},
                'k:{"port":81,"protocol":"TCP"}': {".": {}, "f:name": {}, "f:port": {}},
            },
            "f:tags": {'v:"red"': {}},
            "f:whole": {},
            "f:none": {},
        },
    }
)
OWNER = {"apiVersion": "v1", "kind": "Holder", "name": "w", "uid": "u"}
APPLIED = {
    "apiVersion": "v1",
    "kind": "Thing",
    "metadata": {
        "name": "a",
        "labels": {"app": "x"},
        "ownerReferences": [OWNER],
    },
    "spec": {
        "ports": [{"port": 80, "name": "web"}, {"port": 81, "name": "more"}],
        "tags": ["red"],
        "whole": {"a": 1},
        "none": {},
    },
}
PORT = {"port": 80, "protocol": "TCP", "name": "web"}
MORE = {"port": 81, "protocol": "TCP", "name": "more"}


def standing(*entries, meta=None, **spec):
    """Return what the server has after that was applied, with its defaults and others' fields."""
    head = {"name": "a", "uid": "1", "labels": {"app": "x", "theirs": "y"}}
    references = [OWNER, OWNER | {"uid": "other"}]
    body = {"ports": [PORT, MORE], "tags": ["blue", "red"], "whole": {"a": 1}, "none": {}}
    document = {
        "metadata": head
        | {"ownerReferences": references, "managedFields": list(entries or (CLAIMED,))}
        | (meta or {}),
        "spec": body | {"default": True} | spec,
        "status": {"ready": 1},
    }
    return seal(msgspec.json.encode(document), claims=our_claims)


def is_known(held, **spec):
    """Whether it is recognised as what is wanted; `spec` replaces parts of that."""
    wanted = APPLIED | {"spec": APPLIED["spec"] | spec}
    return is_as_wanted(msgspec.json.encode(wanted), held, manager="pentad-test")


def test_what_was_applied_is_known_again():
    """Whatever the server completed, and others added."""
    assert is_known(standing())
    assert is_known(standing(ports=[PORT | {"protocol": "UDP"}, PORT, MORE]))
    assert is_known(standing(CLAIMED, entry("pentad-other", **{"f:spec": {"f:default": {}}})))


@pytest.mark.parametrize(
    "spec",
    [
        {"more": 1},
        {"ports": [{"port": 80, "name": "other"}, {"port": 81, "name": "more"}]},
        {"ports": [{"port": 80, "name": "web"}]},
        {"ports": [{"port": 80}, {"port": 81, "name": "more"}]},
        {"ports": [{"port": 81, "name": "more"}, {"port": 80, "name": "web"}]},
        {"tags": ["blue"]},
        {"tags": ["red", "blue"]},
        {"whole": {}},
        {"whole": {"a": 1, "b": 2}},
        {"none": None},
        {"ports": {}},
    ],
    ids=["a field more", "an item changed", "an item less", "less in an item", "another order",
         "another value", "a value more", "less of a whole", "more of a whole", "null", "no list"],
)  # fmt: skip
def test_another_wish_is_not(spec):
    """Applying it would change something, if only who owns a field."""
    assert not is_known(standing(), **spec)


def test_less_than_what_was_applied_is_not():
    """The field that is wanted no more has to go."""
    less = {key: value for key, value in APPLIED["spec"].items() if key != "tags"}
    raw = msgspec.json.encode(APPLIED | {"spec": less})

    assert not is_as_wanted(raw, standing(), manager="pentad-test")


@pytest.mark.parametrize(
    "held",
    [
        standing(ports=[PORT | {"name": "other"}, MORE]),
        standing(ports=[MORE, PORT]),
        standing(ports=[PORT]),
        standing(tags=["blue"]),
        standing(whole={"a": 1, "completed": True}),
        standing(meta={"labels": {"app": "y"}}),
        standing(meta={"ownerReferences": []}),
        standing(entry("pentad-other", **CLAIMED["fieldsV1"])),
        standing(CLAIMED, CLAIMED),
        standing(entry(**{"f:spec": {"f:ports": {"i:0": {}}}})),
        standing(entry()),
    ],
    ids=["an item", "an order", "an item gone", "a value gone", "a whole", "a label",
         "an owner", "another's", "twice ours", "by place", "nothing ours"],
)  # fmt: skip
def test_what_is_otherwise_now_is_not(held):
    """Somebody changed it, owns it, or it cannot be told: an apply will tell."""
    assert not is_known(held)
