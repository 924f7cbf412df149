"""Indexes: right after every step, and no larger than what they index."""

import random

import pytest

from informers.index import Index, by_namespace, by_owner
from informers.snapshot import seal
from tests.unit.informers.silent import pod


def letters(snapshot):
    """Return a value for each letter of the label, some of them twice."""
    return list(snapshot.labels.get("l", ""))


def state(name, label, version=1):
    """Return a snapshot whose values are the letters of a label."""
    return seal(pod(name, version, labels=f'{{"l":"{label}"}}'))


def content(index):
    """Return the keys by value."""
    return {value: list(index.keys(value)) for value in index.values()}


def test_what_is_there_is_indexed_at_once():
    """In the order in which it is there; a value that occurs twice counts once."""
    objects = {held.key: held for held in (state("a", "xy"), state("b", "yy"), state("c", ""))}

    assert {"x": ["ns/a"], "y": ["ns/a", "ns/b"]} == content(Index(letters, objects))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (None, "x", {"x": ["ns/a"]}),
        ("x", None, {}),
        ("x", "y", {"y": ["ns/a"]}),
        ("xy", "yz", {"y": ["ns/a"], "z": ["ns/a"]}),
        ("x", "x", {"x": ["ns/a"]}),
        ("x", "", {}),
        (None, "", {}),
        ("xx", None, {}),
    ],
    ids=["came", "went", "moved", "partly", "stayed", "lost", "none", "twice"],
)
def test_an_index_follows_one_step(old, new, expected):
    """Values that no object has any longer leave nothing behind."""
    before = None if old is None else state("a", old)
    index = Index(letters, {} if before is None else {"ns/a": before})

    index.move("ns/a", before, None if new is None else state("a", new, 2))

    assert expected == content(index)


def test_a_value_nobody_has_has_no_keys():
    """And asking for it makes no entry."""
    index = Index(letters, {})

    assert [] == list(index.keys("x"))
    assert [] == list(index.values())


def test_keys_of_a_value_are_in_order_of_arrival():
    """One that leaves and returns goes to the end."""
    first, second = state("a", "x"), state("b", "x")
    index = Index(letters, {"ns/a": first, "ns/b": second})
    index.move("ns/a", first, None)
    index.move("ns/a", None, first)

    assert ["ns/b", "ns/a"] == list(index.keys("x"))


def test_an_object_that_was_never_there_can_leave():
    """Nothing is known of it, and nothing breaks."""
    index = Index(letters, {})
    index.move("ns/a", state("a", "x"), None)

    assert {} == content(index)


@pytest.mark.parametrize("seed", [random.randrange(2**32)], ids=lambda seed: f"seed {seed}")
def test_any_steps_lead_to_what_a_new_index_would_be(seed):
    """Ten thousand random steps, compared with an index made of the result."""
    rng, held = random.Random(seed), {}
    index = Index(letters, held)
    for version in range(10_000):
        name = rng.choice("abcdefgh")
        key = f"ns/{name}"
        old = held.pop(key, None)
        if rng.random() < 0.7:
            held[key] = state(name, "".join(rng.choices("xyz", k=rng.randrange(4))), version)
        index.move(key, old, held.get(key))

    fresh = content(Index(letters, held))
    assert fresh.keys() == set(index.values())
    assert {v: sorted(k) for v, k in fresh.items()} == {
        v: sorted(k) for v, k in content(index).items()
    }


def test_namespaces_and_owners_are_read_off_the_metadata():
    """All owners count, not the controlling one only; a cluster's object has no namespace."""
    owner = '{"apiVersion":"v1","kind":"K","name":"n","uid":"%s"}'
    raw = pod("a", 1).replace(
        b'"uid":"a"', f'"ownerReferences":[{owner % "one"},{owner % "two"}]'.encode()
    )

    assert ["one", "two"] == list(by_owner(seal(raw)))
    assert [] == list(by_owner(seal(pod("a", 1))))
    assert ("ns",) == by_namespace(seal(raw))
    assert ("",) == by_namespace(seal(b'{"metadata":{"name":"node"}}'))
