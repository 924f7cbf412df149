"""What is decided, beyond the numbers of the HorizontalPodAutoscaler, and the word for it."""

import attrs
import pytest

from reconcilers.vertice.scaler.decision import HOUR, Hourly, Situation, decide, remembered
from reconcilers.vertice.scaler.groups import SECOND
from reconcilers.vertice.scaler.history import Past, Recommendation, ScaleEvent
from reconcilers.vertice.scaler.normal import DOWN, UP, Behaviour, Bounds
from reconcilers.vertice.scaler.rates import Policy
from reconcilers.vertice.scaler.schedule import Limits
from reconcilers.vertice.scaler.votes import Vote

NOW = 100_000 * SECOND
AT_ONCE = Behaviour(
    up=attrs.evolve(UP, policies=(Policy(type="Pods", value=1000, period=15 * SECOND),)),
    down=attrs.evolve(DOWN, window=0),
)


def asks(replicas, **more):
    """Return a metric that asks for so many pods."""
    return Vote(name="cpu", replicas=replicas, **more)


def trigger(replicas, *, active):
    """Return the answer of a query."""
    return Vote(name="q", replicas=replicas, is_trigger=True, is_active=active, is_idle=not active)


def situation(current, *votes, least=1, most=20, by="spec", **more):
    """Return one in which changes are made at once."""
    limits = Limits(bounds=Bounds(least=least, most=most), by=by)
    found = Situation(
        current=current,
        ready=current,
        limits=limits,
        votes=votes,
        behaviour=AT_ONCE,
        past=Past(),
        now=NOW,
    )
    return attrs.evolve(found, **more)


MISSING = Vote(name="q", note="no answer", is_trigger=True)
IGNORED = Vote(name="cpu", note="no answer", is_left_out=True)
LEFT_OUT = attrs.evolve(MISSING, is_left_out=True)
SLOW_UP = attrs.evolve(
    AT_ONCE, up=attrs.evolve(UP, policies=(Policy(type="Pods", value=2, period=60 * SECOND),))
)
SLOW_DOWN = attrs.evolve(AT_ONCE, down=DOWN)
HELD = Past(recommendations=(Recommendation(9, NOW - 60 * SECOND),))


@pytest.mark.parametrize(
    ("found", "replicas", "reason"),
    [
        (situation(5, asks(5)), 5, "WithinTolerance"),
        (situation(5, asks(7), asks(3)), 7, "AsMeasured"),
        (situation(5, asks(3)), 3, "AsMeasured"),
        (situation(5, asks(50)), 20, "AtMaximum"),
        (situation(5, asks(1), least=2), 2, "AtMinimum"),
        (situation(1, asks(9), least=2), 2, "AtMinimum"),
        (situation(30, asks(30)), 20, "AtMaximum"),
        (situation(5, asks(12), behaviour=SLOW_UP), 7, "LimitedByPolicy"),
        (situation(9, asks(3), behaviour=SLOW_DOWN, past=HELD), 9, "HeldByWindow"),
        (situation(5, asks(3), least=10, by="schedule 0 8 * * *"), 10, "BySchedule"),
        (situation(12, asks(3), least=10, by="schedule 0 8 * * *"), 10, "BySchedule"),
        (situation(5, least=2), 2, "AtMinimum"),
        (situation(5, least=5, by="schedule 0 8 * * *"), 5, "BySchedule"),
        (situation(5, least=5), 5, "AtMinimum"),
        (situation(5, MISSING), 5, "MetricsMissing"),
        (situation(5, MISSING, asks(3)), 5, "MetricsMissing"),
        (situation(5, MISSING, asks(8)), 8, "AsMeasured"),
        (situation(5, attrs.evolve(MISSING, is_left_out=True), asks(3)), 3, "AsMeasured"),
        (situation(5, attrs.evolve(MISSING, is_left_out=True)), 5, "MetricsMissing"),
        (situation(5, asks(3, is_recovering=True)), 5, "MetricsRecovering"),
        (situation(5, asks(8, is_recovering=True)), 8, "AsMeasured"),
        (situation(5, asks(9, is_fallback=True), asks(3)), 9, "ByFallback"),
        (situation(5, asks(7, is_fallback=True), asks(12)), 12, "AsMeasured"),
        (situation(7, asks(7, is_fallback=True)), 7, "ByFallback"),
        (situation(7, asks(7, is_fallback=True), asks(7)), 7, "WithinTolerance"),
        (situation(5, asks(3), ready=0), 5, "NoPodReady"),
        (situation(5, asks(8), ready=0), 8, "AsMeasured"),
    ],
    ids=[
        "near enough",
        "the most of several",
        "fewer",
        "as many as there may be",
        "as few as there may be",
        "below the limits it jumps",
        "above them as well",
        "no faster than policies allow",
        "not below what was asked for lately",
        "to the floor of a schedule",
        "down to the floor of a schedule",
        "nothing is measured: as few as the clock allows",
        "it has as many as the clock wants",
        "or as few as the spec allows",
        "nothing can be read",
        "fewer cannot be meant while something cannot be read",
        "more can",
        "what is ignored keeps nobody from going down",
        "all are ignored",
        "after a gap nothing goes down",
        "after a gap it goes up",
        "the fallback is one voice",
        "and no more than that",
        "it holds what there is",
        "what is measured has asked for as many",
        "an outage is not a lack of load",
        "more pods may end it",
    ],
)
def test_a_decision_has_a_number_and_a_word(found, replicas, reason):
    """The word names the step that had the last say."""
    decision = decide(found)

    assert (replicas, reason) == (decision.replicas, decision.reason)


LONG_AGO = NOW - 301 * SECOND
LATELY = NOW - 299 * SECOND


@pytest.mark.parametrize(
    ("found", "replicas", "reason"),
    [
        (situation(1, trigger(0, active=False), least=0, active_at=LONG_AGO), 0, "ScaledToZero"),
        (situation(1, trigger(0, active=False), least=0, active_at=LATELY), 1, "AtMinimum"),
        (situation(1, trigger(3, active=False), least=0, active_at=LONG_AGO), 0, "ScaledToZero"),
        (situation(1, trigger(1, active=True), least=0, active_at=LONG_AGO), 1, "WithinTolerance"),
        (
            situation(5, trigger(0, active=False), asks(4), least=0, active_at=LONG_AGO),
            4,
            "AsMeasured",
        ),
        (
            situation(5, trigger(0, active=False), asks(1), least=0, active_at=LONG_AGO),
            0,
            "ScaledToZero",
        ),
        (situation(1, MISSING, least=0, active_at=LONG_AGO), 1, "MetricsMissing"),
        (situation(9, IGNORED, least=0, active_at=LONG_AGO), 9, "MetricsMissing"),
        (situation(9, LEFT_OUT, least=0, active_at=LONG_AGO), 9, "MetricsMissing"),
        (situation(9, LEFT_OUT, asks(1), least=0, active_at=LONG_AGO), 1, "AsMeasured"),
        (situation(1, trigger(0, active=False), least=0), 1, "AtMinimum"),
        (situation(1, trigger(0, active=False), active_at=LONG_AGO), 1, "AtMinimum"),
        (situation(0, trigger(9, active=True), least=0), 0, "ScalingDisabled"),
        (situation(0, trigger(0, active=False), least=0, is_zeroed=True), 0, "Idle"),
        (situation(0, trigger(9, active=True), least=0, is_zeroed=True), 9, "Activated"),
        (situation(0, MISSING, least=0, is_zeroed=True), 0, "Idle"),
        (situation(0, asks(1), least=2, is_zeroed=True), 2, "Activated"),
        (
            situation(0, asks(1), least=4, is_zeroed=True, by="schedule 0 8 * * *"),
            4,
            "BySchedule",
        ),
        (situation(3, asks(9), least=0, most=0, by="schedule 0 8 * * *"), 0, "BySchedule"),
    ],
    ids=[
        "nothing asked for a pod for the cooldown",
        "not for that long yet",
        "what is below its activation asks for none",
        "one that is active keeps a pod",
        "others keep more than one",
        "and none where one is all they ask for",
        "what cannot be read may be asking",
        "a metric that is left out says nothing of the last pod",
        "so does a query that is left out",
        "nor when others are heard",
        "it was never looked at before",
        "the spec wants one pod at least",
        "people who set 0 are left alone",
        "nothing to do",
        "one is active",
        "what cannot be read wakes nobody",
        "the spec does not want 0 any more",
        "the clock wakes it",
        "the clock puts it to sleep",
    ],
)
def test_no_pods_at_all(found, replicas, reason):
    """Only where that is wanted, and only as long as it is."""
    decision = decide(found)

    assert (replicas, reason) == (decision.replicas, decision.reason)


def test_to_zero_it_goes_no_faster_than_policies_allow():
    """The last pods are pods as well."""
    two = attrs.evolve(DOWN, window=0, policies=(Policy(type="Pods", value=2, period=60 * SECOND),))
    idle = situation(
        5,
        trigger(0, active=False),
        least=0,
        active_at=LONG_AGO,
        behaviour=attrs.evolve(AT_ONCE, down=two),
    )

    assert (3, "LimitedByPolicy") == (decide(idle).replicas, decide(idle).reason)


@pytest.mark.parametrize(
    ("current", "asked", "replicas", "reason"),
    [
        (5, 20, 8, "LimitedPerHour"),
        (5, 8, 8, "AsMeasured"),
        (9, 1, 7, "LimitedPerHour"),
        (9, 7, 7, "AsMeasured"),
    ],
)
def test_an_hour_has_its_limits(current, asked, replicas, reason):
    """What was done more than an hour ago does not count."""
    past = Past(
        ups=(ScaleEvent(50, NOW - HOUR), ScaleEvent(2, NOW - HOUR + 1)),
        downs=(ScaleEvent(3, NOW - SECOND),),
    )
    found = situation(current, asks(asked), past=past, hourly=Hourly(up=5, down=5))

    assert (replicas, reason) == (decide(found).replicas, decide(found).reason)


def test_the_limits_of_an_hour_hold_for_the_clock_as_well():
    """Whoever sets them means it."""
    found = situation(1, asks(1), least=10, by="schedule 0 8 * * *", hourly=Hourly(up=3))

    assert (4, "LimitedPerHour") == (decide(found).replicas, decide(found).reason)


def test_what_was_done_is_remembered_for_the_hour():
    """Also where policies have no use for it."""
    found = situation(5, asks(8), hourly=Hourly(up=5), behaviour=None)
    past = remembered(found, decide(found))

    assert (3,) == tuple(each.change for each in past.ups)
    later = attrs.evolve(found, current=8, ready=8, votes=(asks(20),), past=past, now=NOW + SECOND)
    assert 10 == decide(later).replicas


def test_a_decision_tells_each_of_its_steps():
    """As they are told to users, and gone through again."""
    found = situation(5, asks(12), behaviour=SLOW_UP)
    decision = decide(found)

    assert (12, 12, 7) == (decision.asked, decision.normal.stabilized, decision.normal.limit)
    assert (12, 12) == (decision.normal.window.least, decision.normal.window.most)
    assert "spec" == decision.by


@pytest.mark.parametrize(
    ("found", "replicas", "reason"),
    [
        (situation(5, asks(5), predicted=8), 8, "ByPrediction"),
        (situation(5, asks(3), predicted=8), 8, "ByPrediction"),
        (situation(5, asks(3), predicted=4), 4, "ByPrediction"),
        (situation(5, asks(3), predicted=5), 5, "ByPrediction"),
        (situation(5, asks(7), predicted=6), 7, "AsMeasured"),
        (situation(5, asks(5), predicted=0), 5, "WithinTolerance"),
        (situation(5, asks(5), predicted=99), 20, "AtMaximum"),
        (situation(5, asks(5), predicted=9, most=7, by="schedule"), 7, "BySchedule"),
        (situation(5, asks(9, is_fallback=True), asks(3), predicted=8), 9, "ByFallback"),
        (situation(5, asks(7, is_fallback=True), asks(3), predicted=8), 8, "ByPrediction"),
        (situation(5, asks(5), predicted=12, behaviour=SLOW_UP), 7, "LimitedByPolicy"),
        (situation(5, asks(5), predicted=12, hourly=Hourly(up=1)), 6, "LimitedPerHour"),
        (situation(9, asks(3), predicted=5, behaviour=SLOW_DOWN, past=HELD), 9, "HeldByWindow"),
        (situation(5, asks(6), MISSING, predicted=8), 8, "ByPrediction"),
        (situation(5, asks(3), MISSING, predicted=4), 5, "MetricsMissing"),
        (situation(5, asks(3), MISSING, predicted=8), 8, "ByPrediction"),
        (situation(5, asks(3), ready=0, predicted=4), 5, "NoPodReady"),
        (
            situation(1, trigger(0, active=False), least=0, active_at=LONG_AGO, predicted=9),
            0,
            "ScaledToZero",
        ),
        (situation(0, trigger(0, active=False), least=0, is_zeroed=True, predicted=9), 0, "Idle"),
        (situation(0, asks(3), predicted=9), 0, "ScalingDisabled"),
    ],
    ids=[
        "more than are asked for",
        "instead of fewer",
        "fewer than there are, but not as few",
        "as many as there are",
        "metrics ask for more",
        "it never lowers",
        "no more than there may be",
        "nor than the clock allows",
        "a fallback asks for more",
        "or for less",
        "no faster than policies allow",
        "nor than the hour does",
        "what was asked for lately holds it",
        "while another metric cannot be read",
        "nothing goes down then",
        "but up it may",
        "an outage is not a lack of load",
        "it keeps no last pod",
        "it wakes nobody",
        "nor what people set to 0",
    ],
)
def test_what_is_foreseen_only_raises(found, replicas, reason):
    """What metrics ask for together; windows, policies and limits are those of any change."""
    decision = decide(found)

    assert (replicas, reason) == (decision.replicas, decision.reason)


def test_what_was_foreseen_holds_for_the_window_when_it_is_no_more():
    """So a forecast that comes and goes does not take pods and give them back."""
    high = situation(5, asks(5), predicted=9, behaviour=SLOW_DOWN)
    past = remembered(high, decide(high))
    low = attrs.evolve(high, current=9, ready=9, past=past, predicted=None)

    soon = attrs.evolve(low, now=NOW + 299 * SECOND)
    assert (9, "HeldByWindow") == (decide(soon).replicas, decide(soon).reason)
    assert 5 == decide(attrs.evolve(low, now=NOW + 301 * SECOND)).replicas
