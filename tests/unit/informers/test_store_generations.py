"""New contents and how they replace old ones; lines out of chunks."""

import pytest

from informers.snapshot import seal
from informers.store import Generation, Scope, Store
from informers.stream import Lines


def thing(name, version):
    """Return an object at a version."""
    return seal(
        b'{"metadata":{"name":"%s","uid":"%s","resourceVersion":"%d"}}' % (name, name, version)
    )


@pytest.fixture
def store():
    """Return a store of three objects at version 3, and its scope."""
    found, scope = Store(), Scope()
    for version, name in enumerate((b"a", b"b", b"c"), 1):
        found.upsert(thing(name, version))
    scope.complete("3")
    return found, scope


def test_a_generation_knows_what_is_news(store):
    """What is held at the same version is held once, and costs the swap nothing."""
    held, _ = store
    generation = Generation(held)
    generation.add(thing(b"a", 1))
    generation.add(thing(b"b", 7))

    assert generation.objects["a"] is held.get("a")
    assert ["b"] == list(generation.news)


def test_what_a_list_names_and_nobody_can_read_stays_as_it_was(store):
    """It is not gone; what is not held is not made up."""
    held, scope = store
    generation = Generation(held)
    for key in ("a", "unknown", ""):
        generation.keep(key)

    changes = held.replace(scope, generation, "9")

    assert [("b", None), ("c", None)] == [(change.key, change.new) for change in changes]
    assert ["a"] == list(held.all_keys())


def test_a_server_that_went_back_in_time_is_followed(store):
    """Older states, the same ones and none at all: its list is all there is."""
    held, scope = store
    held.upsert(thing(b"a", 9))
    generation = Generation(held)
    for snapshot in (thing(b"a", 1), thing(b"b", 2)):
        generation.add(snapshot)

    held.rewind(scope, generation, "2")

    assert {"a": "1", "b": "2"} == {one.key: one.resource_version for one in held}
    assert ("2", True) == (scope.version, scope.synced)


def test_a_swap_tells_what_is_new_changed_and_gone(store):
    """Nothing is told of what stayed as it was."""
    held, scope = store
    generation = Generation(held)
    for name, version in ((b"a", 1), (b"b", 7), (b"d", 8)):
        generation.add(thing(name, version))

    told = {
        change.key: (change.old is not None, change.new is not None)
        for change in held.replace(scope, generation, "8")
    }

    assert told == {"c": (True, False), "b": (True, True), "d": (False, True)}
    assert {"a", "b", "d"} == set(held.all_keys())


def test_the_last_state_of_two_counts(store):
    """An object that comes twice, the second time as it is held, is no news."""
    held, _ = store
    generation = Generation(held)
    generation.add(thing(b"a", 5))
    generation.add(thing(b"a", 1))
    generation.add(thing(b"b", 6))
    generation.remove("b")

    assert {} == generation.news
    assert ["a"] == list(generation.objects)


def test_a_first_content_can_be_filled_in_parts():
    """Parts are told as initial; the swap that ends it tells only what they had not."""
    held, scope = Store(), Scope()
    generation = Generation(held)
    for version, name in enumerate((b"a", b"b", b"c"), 1):
        generation.add(thing(name, version))
    news = list(generation.news.values())

    told = held.fill(news[:2])
    rest = held.replace(scope, generation, "3")

    assert [("a", True), ("b", True)] == [(change.key, change.initial) for change in told]
    assert [("c", True)] == [(change.key, change.initial) for change in rest]
    assert scope.synced


def test_t16_lines_are_the_same_wherever_they_are_cut():
    """Cut once or twice, at every byte, inside characters and line ends: the same lines."""
    text = '{"a":"größer ✓"}\r\n{"b":1}\n\n{"c":"\U0001f642"}\n{"cut'.encode()
    whole = Lines()
    expected = whole.feed(text)
    for first in range(len(text) + 1):
        for second in range(first, len(text) + 1):
            lines = Lines()
            parts = (text[:first], text[first:second], text[second:])
            found = [line for part in parts for line in lines.feed(part)]
            assert (expected, whole.rest) == (found, lines.rest), (first, second)

    assert 3 == len(expected)


@pytest.mark.parametrize("size", range(1, 9))
def test_lines_are_the_same_however_they_are_cut(size):
    """Chunks of any size give the same lines; what is not complete waits."""
    text = b"one\n\ntwo\r\n\r\nthree\nfour"
    lines, found = Lines(), []
    for start in range(0, len(text), size):
        found += lines.feed(text[start : start + size])

    assert [b"one", b"two\r", b"three"] == found
    assert b"four" == lines.rest
