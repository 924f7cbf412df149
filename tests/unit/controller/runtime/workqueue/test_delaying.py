"""The heap of delays: the earlier wins, the dead are buried, memory is bounded."""

import math

from hypothesis import given
from hypothesis import strategies as st

from controller.runtime.workqueue.delaying import DelayHeap


def test_an_empty_heap_is_never_due() -> None:
    """Without delays the next moment is infinitely far."""
    assert math.inf == DelayHeap().next_due
    assert [] == list(DelayHeap().pop_due(1e9))


def test_keys_come_by_moment_then_by_who_asked_first() -> None:
    """Due keys leave in the order of their moments, equal moments in the order of asking."""
    heap = DelayHeap()
    for key, due in (("c", 2.0), ("a", 1.0), ("d", 2.0), ("b", 1.0), ("late", 9.0)):
        heap.put(key, due=due, priority=0)
    heap.put("c", due=2.0, priority=0)  # asking again does not cost the place in line

    assert ["a", "b", "c", "d"] == [key for key, _ in heap.pop_due(2.0)]
    assert (["late"], 9.0) == (list(heap), heap.next_due)


def test_the_earlier_moment_and_the_higher_priority_win() -> None:
    """Both are kept whatever the order in which they come."""
    heap = DelayHeap()
    heap.put("a", due=5.0, priority=0)
    heap.put("a", due=9.0, priority=7)
    heap.put("a", due=3.0, priority=-7)

    assert [("a", 7)] == list(heap.pop_due(3.0))
    assert (0, []) == (len(heap), list(heap.pop_due(100.0)))


def test_cancel_tells_whether_there_was_a_delay() -> None:
    """A cancelled key does not become due; cancelling again finds nothing."""
    heap = DelayHeap()
    heap.put("a", due=1.0, priority=0)

    assert [True, False] == [heap.cancel("a"), heap.cancel("a")]
    assert "a" not in heap
    assert math.inf == heap.next_due


def test_a_cancelled_key_may_come_back_later() -> None:
    """The dead entry of the first delay does not stand for the second."""
    heap = DelayHeap()
    heap.put("a", due=1.0, priority=0)
    heap.cancel("a")
    heap.put("a", due=5.0, priority=0)

    assert [] == list(heap.pop_due(4.0))
    assert [("a", 0)] == list(heap.pop_due(5.0))


def test_memory_is_bounded_by_the_keys() -> None:
    """Twenty thousand overtaken and cancelled delays leave no more than a few entries."""
    heap = DelayHeap()
    for i in range(20_000):
        heap.put("overtaken", due=1e6 - i, priority=0)
        heap.put(f"cancelled-{i}", due=1e7 + i, priority=0)
        heap.cancel(f"cancelled-{i}")

    assert 1 == len(heap)
    assert len(heap._heap) < 100


def test_cancelling_gives_memory_back() -> None:
    """Delays that are all cancelled leave no entries, also if none is asked for after them."""
    heap = DelayHeap()
    for i in range(5000):
        heap.put(i, due=float(i), priority=0)
    for i in range(5000):
        heap.cancel(i)

    assert (0, True) == (len(heap), len(heap._heap) < 100)


def test_clear_drops_everything() -> None:
    """After clear nothing is due."""
    heap = DelayHeap()
    heap.put("a", due=1.0, priority=0)
    heap.clear()

    assert (0, math.inf) == (len(heap), heap.next_due)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(-2, 2))))
def test_each_key_is_due_once_at_its_earliest_moment(asked) -> None:
    """For any delays, a key comes once, with its least moment and its greatest priority."""
    heap = DelayHeap()
    for key, due, priority in asked:
        heap.put(key, due=float(due), priority=priority)
    due_at = {key: min(due for k, due, _ in asked if k == key) for key, _, _ in asked}
    urgency = {key: max(p for k, _, p in asked if k == key) for key, _, _ in asked}

    came = [(key, now, p) for now in range(10) for key, p in heap.pop_due(float(now))]
    assert sorted((key, due_at[key], urgency[key]) for key in due_at) == sorted(came)
