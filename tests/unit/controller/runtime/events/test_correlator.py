"""The rules by which Events are written, counted up, combined or kept back."""

from controller.runtime.events.correlator import (
    BURST,
    COMBINED,
    REFILL_SECONDS,
    REMEMBERED,
    SIMILAR_MOST,
    SIMILAR_SECONDS,
    About,
    Correlator,
    Notice,
)
from informers.meta.builtin import POD


def notice(message="it happened", *, name="p", reason="Happened"):
    """Return a notice about a pod."""
    about = About(kind=POD, namespace="n", name=name, uid=f"uid-{name}")
    return Notice(about=about, type="Normal", reason=reason, message=message)


def test_the_first_notice_is_a_new_event():
    """Something that was never told before is written as a new Event with a count of one."""
    write = Correlator().decide(notice(), now=0)

    assert write is not None
    assert (1, "") == (write.count, write.event)


def test_a_repeated_notice_is_counted_up():
    """The same notice again raises the count of the Event it has."""
    correlator = Correlator()
    first = correlator.decide(notice(), now=0)
    correlator.written(first, "p.1")

    again = correlator.decide(notice(), now=5)

    assert (2, "p.1", 0, 5) == (again.count, again.event, again.first, again.last)


def test_t47_a_thousand_identical_notices_cost_at_most_a_burst_of_writes():
    """1,000 identical notices are at most 25 writes, and the last write knows of all before it."""
    correlator = Correlator()

    writes = [w for _ in range(1000) if (w := correlator.decide(notice(), now=1.0)) is not None]

    assert BURST == len(writes)
    assert list(range(1, BURST + 1)) == [write.count for write in writes]
    assert 1000 - BURST == correlator.kept_back


def test_what_was_kept_back_is_in_the_next_count():
    """After five quiet minutes one more write is allowed, and it tells of everything."""
    correlator = Correlator()
    for _ in range(1000):
        correlator.decide(notice(), now=0)

    write = correlator.decide(notice(), now=REFILL_SECONDS)

    assert 1001 == write.count


def test_one_noisy_object_does_not_silence_another():
    """The bucket belongs to an object."""
    correlator = Correlator()
    for _ in range(1000):
        correlator.decide(notice(), now=0)

    assert correlator.decide(notice(name="other"), now=0) is not None


def test_many_different_messages_of_one_reason_are_combined():
    """From the tenth message on, similar notices share one Event."""
    correlator = Correlator()
    writes = [correlator.decide(notice(f"try {n}"), now=0) for n in range(SIMILAR_MOST + 2)]

    combined = [write for write in writes if write.notice.message.startswith(COMBINED)]

    assert 3 == len(combined)
    assert [1, 2, 3] == [write.count for write in combined]


def test_after_ten_minutes_messages_are_told_apart_again():
    """Combining looks at a window of time, not at the whole life of the program."""
    correlator = Correlator()
    for n in range(SIMILAR_MOST):
        correlator.decide(notice(f"try {n}"), now=0)

    later = correlator.decide(notice("another"), now=SIMILAR_SECONDS + 1)

    assert "another" == later.notice.message


def test_an_event_that_is_gone_is_written_anew():
    """Events expire on the server; the next notice must not count up what is not there."""
    correlator = Correlator()
    first = correlator.decide(notice(), now=0)
    correlator.written(first, "p.1")
    correlator.lost(first)

    assert "" == correlator.decide(notice(), now=1).event


def test_memory_is_bounded():
    """However many objects there are, only the latest few thousand are remembered."""
    correlator = Correlator()
    for n in range(REMEMBERED + 500):
        correlator.decide(notice(name=f"p{n}"), now=0)

    assert REMEMBERED == len(correlator._seen)
    assert REMEMBERED == len(correlator._buckets)
    assert REMEMBERED == len(correlator._similar)
    assert 3 * REMEMBERED == len(correlator)
