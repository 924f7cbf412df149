"""What a metric says when it can be read, when it cannot, and after it could not."""

import pytest

from reconcilers.vertice.scaler.groups import SECOND
from reconcilers.vertice.scaler.votes import Absence, Heard, Memory, Vote, loudest, vote

NOW = 10_000 * SECOND
WINDOW = 300 * SECOND
QUERY = Heard(name="external q", replicas=4, ratio=1.2, is_trigger=True, is_active=True)
SILENT = Heard(name="external q", error="no answer within 5 s", is_trigger=True)


def said(heard, absence=None, memory=None):
    """Return the vote after a look."""
    return vote(heard, absence or Absence(), memory or Memory(), now=NOW, window=WINDOW)


def test_a_metric_that_is_read_votes():
    """For so many pods, and as a trigger for any at all."""
    found = said(QUERY)

    assert (4, 1.2, True, False) == (found.replicas, found.ratio, found.is_active, found.is_idle)


@pytest.mark.parametrize(
    ("absence", "failures", "wanted"),
    [
        (Absence(means="hold"), 1, (None, False, False)),
        (Absence(means="ignore"), 1, (None, True, False)),
        (Absence(means="zero"), 1, (0, False, True)),
        (Absence(means="fallback", replicas=6, after=3), 2, (None, False, False)),
        (Absence(means="fallback", replicas=6, after=3), 3, (6, False, False)),
    ],
    ids=["hold", "ignore", "zero", "too few failures for the fallback", "fallback"],
)
def test_what_it_means_that_a_metric_cannot_be_read_is_in_the_spec(absence, failures, wanted):
    """It is never zero by itself, and the reason is told."""
    found = said(SILENT, absence, Memory(failures=failures, failed_at=NOW))

    assert wanted == (found.replicas, found.is_left_out, found.is_idle)
    assert "no answer within 5 s" in found.note


def test_a_fallback_wakes_a_workload():
    """Else nobody would be there as long as nobody can be asked."""
    memory = Memory(failures=3, failed_at=NOW)

    assert said(SILENT, Absence(means="fallback", replicas=6, after=3), memory).is_active
    assert not said(SILENT, Absence(means="hold"), memory).is_active


def test_failures_are_counted_in_a_row():
    """One look that succeeds begins anew."""
    memory = Memory()
    for _ in range(3):
        memory = memory.after(SILENT, now=NOW, window=WINDOW)
    assert 3 == memory.failures

    assert 0 == memory.after(QUERY, now=NOW, window=WINDOW).failures


@pytest.mark.parametrize(("later", "is_recovering"), [(0, True), (299, True), (300, False)])
def test_after_a_gap_nothing_goes_down_for_a_window(later, is_recovering):
    """Rates are low where part of what they are computed from is missing."""
    memory = Memory().after(SILENT, now=NOW, window=WINDOW)
    then = NOW + later * SECOND
    memory = memory.after(QUERY, now=then, window=WINDOW)

    found = vote(QUERY, Absence(), memory, now=then, window=WINDOW)
    assert is_recovering == found.is_recovering
    until = (
        "it could not be read lately; nothing goes down until 1970-01-01T02:51:40Z, "
        "when it has been whole for 300 s"
    )
    assert (until if is_recovering else "") == found.note


def test_who_asks_for_most_is_the_loudest():
    """Of two that ask for as many, the one that was heard."""
    fallback, heard = Vote(name="a", replicas=7, is_fallback=True), Vote(name="b", replicas=7)

    assert heard == loudest([fallback, heard, Vote(name="c", replicas=2), Vote(name="d")])
    assert fallback == loudest([fallback, Vote(name="c", replicas=2)])
    assert loudest([Vote(name="d")]) is None
