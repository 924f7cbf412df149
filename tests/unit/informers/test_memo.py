"""What is decoded is decoded once, and not kept for ever."""

from informers.memo import Memo, Memos
from informers.meta.object import Resource
from informers.snapshot import seal
from tests.unit.informers.silent import pod


class Pod(Resource, frozen=True, kw_only=True):
    """As much of a Pod as is read here."""


def state(name, version=1):
    """Return a snapshot of a Pod."""
    return seal(pod(name, version))


def test_the_same_snapshot_gives_the_same_object():
    """Nothing is decoded twice as long as it is remembered; another state is another object."""
    counts = Memos()
    memo, first = Memo(Pod, counts), state("a")
    found = memo.typed(first)

    assert found is memo.typed(first)
    assert "2" == memo.typed(state("a", 2)).metadata.resource_version
    assert (1, 2, 1) == (counts.hits, counts.misses, len(counts))


def test_what_was_not_read_for_longest_goes_first():
    """The bound is a number of objects, and reading one again keeps it."""
    counts = Memos()
    memo = Memo(Pod, counts, bound=2)
    one, two, three = (state(name) for name in "abc")
    for snapshot in (one, two, one, three, one):
        memo.typed(snapshot)

    assert (2, 2, 3) == (len(memo), counts.hits, counts.misses)
    memo.typed(two)
    assert 4 == counts.misses


def test_counts_outlive_what_they_counted():
    """A memo that nobody uses takes its objects along and leaves what it counted."""
    counts = Memos()
    memo = Memo(Pod, counts)
    memo.typed(state("a"))
    assert 1 == len(counts)
    del memo

    assert (0, 0, 1) == (len(counts), counts.hits, counts.misses)


def test_the_same_state_is_recognised_by_uid_and_version():
    """However many bytes it is shown with; a successor of the name is another object."""
    memo, whole = Memo(Pod, Memos()), state("a")
    memo.typed(whole)

    assert whole is memo.same(seal(pod("a", 1, labels='{"x":"y"}')))
    assert memo.same(state("a", 2)) is None
    assert memo.same(seal(pod("a", 1, uid="other"))) is None
    assert memo.same(state("b")) is None
