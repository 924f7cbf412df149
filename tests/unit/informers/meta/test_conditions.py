"""Conditions against apimachinery's and kstatus' recorded answers, and their laws."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from informers.meta import codec
from informers.meta.conditions import (
    Condition,
    find_condition,
    is_false,
    is_true,
    remove_condition,
    set_condition,
    set_conditions,
)
from informers.meta.kstatus import READY, RECONCILING, STALLED, Health, report, summarize
from informers.meta.microtime import Time
from tests.unit.informers.meta.recorded import differences, recorded

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(minutes=1)

conditions = st.builds(
    Condition,
    type=st.sampled_from(["Ready", "Reconciling", "Stalled", "Paused"]),
    status=st.sampled_from(["True", "False", "Unknown"]),
    reason=st.sampled_from(["Up", "Down"]),
    message=st.sampled_from(["", "because"]),
    observed_generation=st.sampled_from([UNSET, 0, 1, 2]),
)
lists = st.lists(conditions, max_size=4, unique_by=lambda condition: condition.type).map(tuple)


class Foreign:
    """A condition of some other kind, which may say anything."""

    def __init__(self, kind, status, reason, message):
        self.type, self.status, self.reason, self.message = kind, status, reason, message


def made(row, *, stamped=True):
    """A recorded row as a condition."""
    kind, status, reason, message, generation, second = row
    return Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message,
        observed_generation=generation,
        last_transition_time=Time(second * 10**9) if stamped else UNSET,
    )


@pytest.mark.parametrize("stamped", [True, False], ids=["carried time", "time now"])
def test_every_recorded_chain_of_edits_ends_as_gos(stamped):
    """Order, transition times and the changed flag, whichever way the time comes in."""
    for (*chain,) in recorded("conditions", "edits"):
        now = ()
        for edit, expected, changed in chain:
            if isinstance(edit, str):
                now, ours = remove_condition(now, edit)
            else:
                time = dt.datetime.fromtimestamp(edit[5], dt.UTC)
                now, ours = set_condition(now, made(edit, stamped=stamped), now=time)
            assert tuple(map(made, expected)) == now
            assert changed == ours


def test_every_recorded_object_is_summed_up_as_kstatus_does():
    """Health of custom resources; the message too where a condition brings it."""

    def answer(generation, observed, deleting, rows):
        summary = summarize(
            [Foreign(*row) for row in rows],
            generation=UNSET if generation is None else generation,
            observed_generation=UNSET if observed is None else observed,
            deleting=deleting,
        )
        message = summary.message
        if message.startswith("generation is"):
            message = (
                f"Widget generation is {generation}, but latest observed generation is {observed}"
            )
        return [summary.health, message]

    assert [] == list(differences("conditions", "kstatus", answer, inputs=4))


@settings(deadline=None)
@given(lists, conditions)
def test_setting_twice_changes_nothing_more(before, wanted):
    """A status that says nothing new is not written."""
    once, _ = set_condition(before, wanted, now=NOW)
    twice, changed = set_condition(once, wanted, now=LATER)
    assert not changed
    assert twice is once


@settings(deadline=None)
@given(lists, conditions)
def test_the_transition_time_moves_with_the_status_alone(before, wanted):
    """Reason, message and generation may change without it."""
    first, _ = set_conditions((), before, now=NOW)
    after, _ = set_condition(first, wanted, now=LATER)
    old, new = find_condition(first, wanted.type), find_condition(after, wanted.type)
    moved = old is None or old.status != wanted.status
    assert Time.of(LATER if moved else NOW) == new.last_transition_time
    others = [condition for condition in after if condition.type != wanted.type]
    assert [condition for condition in first if condition.type != wanted.type] == others


@settings(deadline=None)
@given(lists, st.sampled_from([Health.CURRENT, Health.IN_PROGRESS, Health.FAILED]))
def test_what_is_reported_is_read_back(before, health):
    """A reader like kstatus sees in our conditions what we meant, whatever stood there before."""
    after, _ = report(before, health, reason="Why", message="because", generation=3, now=NOW)
    summary = summarize(after, generation=3, observed_generation=3)
    assert health is summary.health
    assert (health is Health.CURRENT) == is_true(after, READY)
    again, changed = report(after, health, reason="Why", message="because", generation=3, now=LATER)
    assert (after, False) == (again, changed)


def test_an_object_being_deleted_is_reported_as_progress():
    """There is no condition for it; the deletion timestamp says it."""
    after, changed = report(
        (), Health.TERMINATING, reason="Deleting", message="", generation=1, now=NOW
    )
    assert changed
    assert is_true(after, RECONCILING)
    assert is_false(after, READY)
    assert find_condition(after, STALLED) is None


def test_an_absent_condition_is_neither_true_nor_false():
    """Absence says nothing."""
    assert not is_true((), READY)
    assert not is_false((), READY)
    assert ((), False) == remove_condition((), READY)


def test_a_condition_travels_as_metav1_condition():
    """Names and forms on the wire are Kubernetes' own."""
    raw = (
        b'{"type":"Ready","status":"True","reason":"Up","message":"",'
        b'"lastTransitionTime":"2026-01-01T00:00:00Z","observedGeneration":3}'
    )
    condition = codec.decode(raw, Condition)
    assert Time.of(NOW) == condition.last_transition_time
    assert raw == codec.encode(condition)
