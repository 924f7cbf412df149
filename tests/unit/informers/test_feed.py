"""What the lines of a watch do."""

import pytest

from informers.errors import DecodeError, Gone, InternalError
from informers.feed import Feed, InitialContentRefused, Statistics
from informers.snapshot import seal
from informers.store import Scope, Store


def event(type_, name="a", version=1, uid=""):
    """Return a line of a watch."""
    return (
        f'{{"type":"{type_}","object":{{"metadata":{{"name":"{name}","uid":"{uid or name}",'
        f'"resourceVersion":"{version}"}}}}}}'
    ).encode()


def bookmark(version, *, ends=False):
    """Return a bookmark, perhaps the one that ends the initial content."""
    mark = ',"annotations":{"k8s.io/initial-events-end":"true"}' if ends else ""
    text = f'{{"type":"BOOKMARK","object":{{"metadata":{{"resourceVersion":"{version}"{mark}}}}}}}'
    return text.encode()


class World:
    """A feed and what it delivers."""

    def __init__(self, *, initial, synced=""):
        self.store, self.scope, self.told = Store(), Scope(), []
        if synced:
            self.scope.complete(synced)
        self.statistics = Statistics()
        self.initial = initial
        self.transform = None

    def feed(self):
        """Begin a watch."""
        return Feed(
            self.store,
            self.scope,
            self.deliver,
            self.statistics,
            initial=self.initial,
            transform=self.transform,
        )

    def deliver(self, changes):
        """Keep what was told."""
        self.told += [(c.key, c.old is not None, c.new is not None, c.initial) for c in changes]


def test_events_change_the_store_in_order():
    """And the scope's version is that of the last one."""
    world = World(initial=False, synced="1")
    world.feed().take([event("ADDED", version=2), event("MODIFIED", version=3), bookmark(7)])
    world.feed().take([event("DELETED", version=8)])

    assert [
        ("a", False, True, False),
        ("a", True, True, False),
        ("a", True, False, False),
    ] == world.told
    assert ("8", 3, 1) == (world.scope.version, world.statistics.events, world.statistics.bookmarks)


def test_t17_lines_that_make_no_sense_are_counted():
    """The next line counts as if they had not been there."""
    world = World(initial=False, synced="1")
    nonsense = [
        b"{",
        b"[]",
        b'{"type":"ADDED","object":{}}',
        b'{"type":"ADDED","object":{"kind":"Table","metadata":{}}}',
        b'{"type":"ODD","object":{"metadata":{"name":"x"}}}',
        b'{"type":"BOOKMARK","object":[]}',
        b'{"type":"MODIFIED","object":{"metadata":{"name":7}}}',
        b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"\xff"}}}',
        b'{ "type":"\xff","object":{}}',
    ]
    world.feed().take([*nonsense, event("ADDED", version=2)])

    assert len(nonsense) == world.statistics.undecodable
    assert ["a"] == list(world.store.all_keys())


BAD = b'{"type":"ADDED","object":{"metadata":{"name":"a","labels":{"x":1}}}}'


def test_an_object_that_makes_no_sense_any_more_is_not_gone():
    """A new content names it: what was held of it stays, and others are judged as ever."""
    world = World(initial=False, synced="1")
    world.feed().take([event("ADDED", version=2), event("ADDED", "b", 3)])
    world.told.clear()
    world.initial = True
    world.feed().take([BAD, bookmark(9, ends=True)])

    assert [("b", True, False, False)] == world.told
    assert ["a"] == list(world.store.all_keys())


def test_a_first_content_that_is_read_again_confirms_what_makes_no_sense():
    """The attempt before it had read the object."""
    world = World(initial=True)
    world.feed().take([event("ADDED", version=5)])
    world.feed().take([BAD, bookmark(9, ends=True)])

    assert ["a"] == list(world.store.all_keys())


@pytest.mark.parametrize(("code", "error"), [(410, Gone), (500, InternalError)])
def test_an_error_ends_the_watch_and_keeps_what_came_before(code, error):
    """Changes of the same batch are delivered first."""
    world = World(initial=False, synced="1")
    said = b'{"type":"ERROR","object":{"kind":"Status","code":%d,"message":"no"}}' % code
    with pytest.raises(error):
        world.feed().take([event("ADDED", version=2), said])

    assert [("a", False, True, False)] == world.told


def test_a_first_content_is_told_at_once_and_complete_at_its_mark():
    """Marked as initial; no version is taken from it before."""
    world = World(initial=True)
    feed = world.feed()
    feed.take([event("ADDED", version=5), event("ADDED", "b", 3)])

    assert ("", False) == (world.scope.version, world.scope.synced)
    feed.take([bookmark(9, ends=True), event("ADDED", "c", 10)])
    assert ("10", True, False) == (world.scope.version, world.scope.synced, feed.is_initial)
    assert [True, True, False] == [initial for *_, initial in world.told]


def test_a_bookmark_without_the_mark_shows_a_server_that_cannot():
    """Within the initial content, that is; later it is a bookmark like any other."""
    with pytest.raises(InitialContentRefused):
        World(initial=True).feed().take([bookmark(9)])


def test_what_an_attempt_that_broke_off_left_has_to_be_confirmed():
    """The next attempt does not name it: it is gone."""
    world = World(initial=True)
    world.feed().take([event("ADDED", version=5), event("ADDED", "b", 6)])
    world.feed().take([event("ADDED", "b", 6), bookmark(9, ends=True)])

    assert ["b"] == list(world.store.all_keys())
    assert ("a", True, False, False) == world.told[-1]


@pytest.mark.parametrize(("version", "stays"), [(8, False), (12, True)], ids=["older", "newer"])
def test_t32_an_own_write_amid_the_first_content_has_to_be_confirmed(version, stays):
    """Its reply came after the content was taken: gone if it is older, to be told if newer."""
    world = World(initial=True)
    feed = world.feed()
    own = seal(b'{"metadata":{"name":"own","uid":"own","resourceVersion":"%d"}}' % version)
    world.store.own_write(world.scope, own)
    feed.take([event("ADDED", version=5), bookmark(10, ends=True)])

    assert stays == (world.store.get("own") is not None)


def test_over_a_known_content_a_new_one_is_swapped_in_at_its_mark():
    """Readers never see half of it, and what it lacks is told as deleted."""
    world = World(initial=False, synced="1")
    world.feed().take([event("ADDED", "old", 2), event("ADDED", "kept", 3)])
    world.initial = True
    feed = world.feed()
    feed.take([event("ADDED", "kept", 3), event("ADDED", "new", 8), event("ADDED", "brief", 9)])
    feed.take([event("DELETED", "brief", 10)])

    assert {"old", "kept"} == set(world.store.all_keys())
    feed.take([bookmark(11, ends=True)])
    assert {"kept", "new"} == set(world.store.all_keys())
    assert {("old", True, False, False), ("new", False, True, False)} == set(world.told[2:])


def odd(raw):
    """Make sense of nothing."""
    raise DecodeError(f"odd: {raw[:20]!r}")


@pytest.mark.parametrize("is_initial", [False, True], ids=["a change", "amid a new content"])
def test_an_object_goes_whatever_the_transform_makes_of_its_last_state(is_initial):
    """What is told is the state that was held: nobody has to make sense of another one."""
    world = World(initial=False, synced="1")
    world.feed().take([event("ADDED", version=2)])
    world.transform, world.initial = odd, is_initial
    world.feed().take([event("DELETED", version=3), *[bookmark(9, ends=True)] * is_initial])

    assert ("a", True, False, False) == world.told[-1]
    assert 0 == world.statistics.undecodable
