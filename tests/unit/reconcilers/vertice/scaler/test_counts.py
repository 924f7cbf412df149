"""Changes are counted by scaler and direction, as long as the scaler lives."""

import gc
import weakref

from informers.snapshot import seal
from reconcilers.vertice.scaler.counts import Count, Counts


def scaler(uid="u"):
    """Return a scaler as the cache has it."""
    return seal(
        b'{"metadata":{"name":"web","namespace":"ns","uid":"%s","resourceVersion":"1"}}'
        % uid.encode()
    )


class Manager:
    """As much of a runtime as counts hang on."""


def test_a_scaler_that_was_never_changed_has_no_changes():
    """And reading of it keeps nothing."""
    counts = Counts()

    assert Count() == counts.read(scaler())
    assert {} == counts._found


def test_each_direction_is_counted_by_itself():
    """However many pods a change is about, it is one."""
    counts = Counts()
    for before, after in ((1, 9), (9, 8), (8, 10)):
        counts.scaled(scaler(), before, after)

    assert Count(up=2, down=1) == counts.read(scaler())


def test_looks_are_counted_beside_changes():
    """Neither loses the other."""
    counts = Counts()
    counts.looked(scaler())
    counts.scaled(scaler(), 1, 2)
    counts.looked(scaler())

    assert Count(up=1, looks=2) == counts.read(scaler())


def test_a_scaler_of_an_old_name_begins_at_zero():
    """It is another one, whether or not anybody saw the old one go."""
    counts = Counts()
    counts.scaled(scaler("old"), 1, 2)

    assert Count() == counts.read(scaler("new"))
    counts.scaled(scaler("new"), 2, 1)
    assert Count(down=1) == counts.read(scaler("new"))


def test_nothing_is_kept_of_a_scaler_that_is_gone():
    """What was never counted can be forgotten, too."""
    counts = Counts()
    counts.scaled(scaler(), 1, 2)
    for _ in range(2):
        counts.forget("ns/web")

    assert {} == counts._found


def test_who_counts_and_who_reads_have_the_same():
    """Of one manager; another one counts for itself, and one that is gone is let go of."""
    one, other = Manager(), Manager()
    counts = Counts.of(one)

    assert counts is Counts.of(one)
    assert counts is not Counts.of(other)
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None
