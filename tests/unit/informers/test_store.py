"""What a store believes: the watch, the lists, and our own writes, in any order."""

import random

import pytest

from informers.snapshot import seal
from informers.store import Generation, Scope, Store


def thing(name="a", version=1, *, uid="", namespace="", more=""):
    """Return an object at a version, which may be any text."""
    place = f'"namespace":"{namespace}",' if namespace else ""
    text = f'{{"metadata":{{"name":"{name}",{place}"uid":"{uid or name}",{more}'
    return seal(f'{text}"resourceVersion":"{version}"}}}}'.encode())


def world(*things, version="10"):
    """Return a synced store with these objects, and its scope."""
    store, scope = Store(), Scope()
    for one in things:
        store.upsert(one)
    scope.complete(version)
    return store, scope


def relist(store, scope, *things, version):
    """Replace the content by these objects."""
    generation = Generation(store)
    for one in things:
        generation.add(one)
    return store.replace(scope, generation, str(version))


def steps(changes):
    """Return changes as versions from and to."""
    return [(c.old and c.old.resource_version, c.new and c.new.resource_version) for c in changes]


def test_an_object_never_goes_back_in_time():
    """Older states are refused and counted, wherever they come from; equal ones are no news."""
    store, scope = world(thing(version=12))

    assert [] == store.upsert(thing(version=11))
    assert [] == store.upsert(thing(version=12))
    assert [] == store.own_write(scope, thing(version=11))
    assert [] == store.delete(thing(version=11))
    assert [] == relist(store, scope, thing(version=11), version=11)
    assert "12" == store.get("a").resource_version
    assert store.stale_refused == 3


@pytest.mark.parametrize(
    ("held", "comes", "wins"),
    [
        (9 * 10**24, 9 * 10**24 + 1, True),
        (9 * 10**24 + 1, 9 * 10**24, False),
        (99, 100, True),
        ("v9", "v1", True),
        (5, "v1", True),
        ("007", 5, True),
    ],
)
def test_t36_versions_that_do_not_compare_fail_open(held, comes, wins):
    """Numbers of any length are ordered; anything else gives way to the newcomer."""
    store, _ = world(thing(version=held))

    assert wins == bool(store.upsert(thing(version=comes)))


def test_an_own_write_is_visible_until_the_watch_is_past_it():
    """At once where it is newer, never where the watch was there before."""
    store, scope = world(version="10")

    assert [(None, "11")] == steps(store.own_write(scope, thing(version=11)))
    assert [] == store.upsert(thing(version=11))
    assert [("11", "12")] == steps(store.upsert(thing(version=12)))
    scope.version = "13"
    store.delete(thing(version=13))
    assert [] == store.own_write(scope, thing(version=12))
    assert [] == store.own_write(scope, thing("b", version=13))
    assert 0 == len(store)


def test_an_own_write_newer_than_a_list_survives_it():
    """The list's server has not seen it yet; a list that has, and does not name it, ends it."""
    store, scope = world(version="10")
    store.own_write(scope, thing(version=15))

    assert [] == relist(store, scope, version=14)
    assert [("15", None)] == steps(relist(store, scope, version=16))


def test_a_deletion_is_hidden_by_uid_until_the_watch_tells():
    """Older news of the dead do not show, its successor does."""
    store, scope = world(thing(version=8))

    assert [("8", None)] == steps(store.own_delete("a", "a"))
    assert [] == store.upsert(thing(version=9))
    assert [] == relist(store, scope, thing(version=9), version=10)
    assert [(None, "20")] == steps(store.upsert(thing(version=20, uid="next")))
    assert [] == store.delete(thing(version=19))
    assert "next" == store.get("a").meta.uid
    assert {} == store._buried


def test_a_deletion_names_whom_it_saw():
    """A late 404 or reply does not hide a successor."""
    store, _ = world(thing(version=8, uid="next"))

    assert [] == store.own_delete("a", "before")
    assert [] == store.own_delete("a", "")
    assert store.get("a") is not None


def test_the_last_picture_of_an_object_is_its_deletion():
    """An answer with a mark, no finalizers and no grace says that it is gone."""
    store, scope = world(thing(version=8))
    gone = '"deletionTimestamp":"2030-01-01T00:00:00Z","deletionGracePeriodSeconds":0,'
    held = gone + '"finalizers":["x"],'

    assert [("8", "11")] == steps(store.own_write(scope, thing(version=11, more=held)))
    assert [("11", None)] == steps(store.own_write(scope, thing(version=12, more=gone)))


def test_t36c_an_object_that_left_does_not_come_back_with_older_news():
    """Nor does a late reply evict what came back since."""
    store, scope = world(thing(version=8))

    assert [("8", None)] == steps(store.own_exit(scope, thing(version=12)))
    assert [] == store.upsert(thing(version=11))
    assert [] == relist(store, scope, thing(version=11), version=11)
    assert [(None, "13")] == steps(store.own_write(scope, thing(version=13)))
    assert [] == store.own_exit(scope, thing(version=12))
    assert "13" == store.get("a").resource_version


def test_a_late_reply_during_the_first_content_is_to_be_confirmed():
    """What an own write put into a content that is not complete yet may be gone already."""
    store, scope = Store(), Scope()
    store.own_write(scope, thing(version=5))

    assert {"a"} == scope.unconfirmed
    scope.complete("9")
    assert set() == scope.unconfirmed


def test_doubts_are_by_cause_and_end_with_a_live_read():
    """Two objects may doubt the same; whoever reads it settles it for both."""
    store, _ = world(thing(version=8))
    store.doubt("a", "one", 1)
    store.doubt("a", "two", 2)

    assert (["a"], ["a"], []) == (
        store.doubts_of("one"),
        store.doubts_of("two"),
        store.doubts_of("three"),
    )
    assert 1 == store.doubtful
    store.settle("a", 2)
    assert ([], 0) == (store.doubts_of("one"), store.doubtful)


def test_a_read_settles_the_doubts_that_were_there_before_it():
    """Of two writes for the same object the later counts."""
    store, _ = world(thing(version=8))
    for number, cause in enumerate(("one", "two", "one"), start=1):
        store.doubt("a", cause, number)

    store.settle("a", 2)

    assert (["a"], []) == (store.doubts_of("one"), store.doubts_of("two"))


def test_a_scope_that_ends_leaves_nothing_behind():
    """Objects are told as deleted; what was hidden, moved out or in doubt there is forgotten."""
    store, scope = Store(), Scope("ns")
    other = Scope("other")
    for name in ("a", "b"):
        store.upsert(thing(name, namespace="ns"))
    store.upsert(thing("c", namespace="other"))
    scope.complete("10")
    store.own_delete("ns/a", "a")
    store.own_exit(scope, thing("x", 20, namespace="ns"))
    store.doubt("ns/y", "cause", 1)
    store.doubt("other/y", "cause", 2)

    assert [("1", None)] == steps(store.clear(scope))
    assert (["other/c"], {}, {}) == (list(store.all_keys()), store._buried, store._departures)
    assert ["other/y"] == store.doubts_of("cause")
    assert not scope.synced
    assert ["other/c"] == store.keys_in(other)


def test_a_successor_is_told_as_an_end_and_a_beginning():
    """Another uid under the same name is another object, for indexes and handlers alike."""
    store, _ = world(thing(version=8))
    store.add_index("uid", lambda found: [found.meta.uid])

    assert [("8", None), (None, "9")] == steps(store.upsert(thing(version=9, uid="next")))
    assert ([], ["a"]) == (store.index_keys("uid", "a"), store.index_keys("uid", "next"))


@pytest.mark.parametrize("seed", range(20))
def test_indexes_and_changes_agree_with_the_content(seed):
    """Whatever happens in whatever order: replaying the changes gives the store, and its index."""
    rng = random.Random(seed)
    store, scope = world()
    store.add_index("half", lambda found: [str(int(found.resource_version) % 2), "all"])
    told, version = {}, 10
    for _ in range(300):
        version += 1
        name, at = f"o{rng.randrange(6)}", version - rng.choice((0, 0, 0, 3))
        one = thing(name, at, uid=f"{name}-{rng.randrange(2)}")
        changes = rng.choice(
            (
                lambda one=one: store.upsert(one),
                lambda one=one: store.delete(one, scope),
                lambda one=one: store.own_write(scope, one),
                lambda one=one: store.own_delete(one.key, one.meta.uid),
                lambda one=one: store.own_exit(scope, one),
                lambda one=one, at=at: relist(store, scope, one, version=at),
            )
        )()
        for change in changes:
            assert change.old is told.get(change.key)
            told[change.key] = change.new
    held = {key: found for key, found in told.items() if found is not None}

    assert held == {found.key: found for found in store}
    assert sorted(held) == sorted(store.index_keys("half", "all"))
    for half in ("0", "1"):
        expected = [k for k, found in held.items() if int(found.resource_version) % 2 == int(half)]
        assert sorted(expected) == sorted(store.index_keys("half", half))
