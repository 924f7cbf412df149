"""What left a store stays out, whatever late news of it still come."""

import pytest

from informers.departures import MOST, Departures
from informers.store import Scope
from tests.unit.informers.test_store import relist, steps, thing, world


def seen(*, deleted=12):
    """Return a store whose watch told of an object and of its deletion, and its scope."""
    store, scope = world(thing(version=8))
    scope.version = str(deleted)
    assert [("8", None)] == steps(store.delete(thing(version=deleted), scope))
    return store, scope


def test_an_older_event_behind_a_deletion_brings_nothing_back():
    """It is refused and counted, as often as it comes."""
    store, _ = seen()

    assert [[], []] == [store.upsert(thing(version=version)) for version in (11, 8)]
    assert (0, 2) == (len(store), store.stale_refused)


@pytest.mark.parametrize("uid", ["a", "next"], ids=["itself", "its successor"])
def test_what_comes_after_a_deletion_is_there(uid):
    """An object may move into what is selected again, or have a successor of the same name."""
    store, _ = seen()

    assert [(None, "13")] == steps(store.upsert(thing(version=13, uid=uid)))
    assert [] == store.upsert(thing(version=11))
    assert "13" == store.get("a").resource_version


@pytest.mark.parametrize(("version", "shown"), [(11, []), (12, ["a"])], ids=["before", "after"])
def test_a_list_from_after_a_deletion_knows_better(version, shown):
    """That of a server which was restored from a backup, say; one that lags does not."""
    store, scope = seen()

    relist(store, scope, thing(version=7), version=version)

    assert shown == list(store.all_keys())


def test_a_deletion_that_is_told_late_counts_for_no_less():
    """What an own write moved out later stays out for what is older than that write."""
    store, scope = world(thing(version=8))
    store.own_exit(scope, thing(version=20))
    store.delete(thing(version=12), scope)

    assert [] == store.upsert(thing(version=15))


def test_what_others_tell_as_deleted_may_come_back_at_any_version():
    """A store that follows another believes what that one says."""
    store, _ = world(thing(version=8))
    store.delete(thing(version=12))

    assert [(None, "5")] == steps(store.upsert(thing(version=5)))


def test_versions_that_do_not_compare_are_not_remembered():
    """Whether such news are late cannot be told, so they are taken."""
    store, _ = seen(deleted="v12")

    assert [(None, "v11")] == steps(store.upsert(thing(version="v11")))
    assert {} == store._departures


def test_the_last_so_many_are_remembered():
    """However many go; but none is forgotten that its watch is still to tell of."""
    departures, ahead, behind = Departures(), Scope(), Scope()
    ahead.version = str(10 * MOST)
    departures.note("awaited", behind, "5")
    for number in range(1, 3 * MOST):
        departures.note(f"x{number}", ahead, str(number))

    assert MOST >= len(departures)
    assert departures.is_late("awaited", "4")
    assert departures.keys() >= {f"x{number}" for number in range(3 * MOST - MOST // 2, 3 * MOST)}
