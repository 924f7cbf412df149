"""What is remembered in a status, and by a manager that has just begun."""

import random

import attrs
import pytest
from msgspec import UNSET

from informers.meta.codec import decode, encode
from reconcilers.vertice.api.decision import History
from reconcilers.vertice.scaler.decision import Hourly, decide, remembered, spans
from reconcilers.vertice.scaler.groups import SECOND
from reconcilers.vertice.scaler.history import Past, Recommendation, ScaleEvent, Spans
from reconcilers.vertice.scaler.memory import Memories, now_of
from reconcilers.vertice.scaler.votes import Memory
from tests.unit.reconcilers.vertice.scaler.test_decision import NOW, asks, situation
from tests.unit.reconcilers.vertice.scaler.test_told import any_behaviour

SPANS = Spans(up_window=0, down_window=300 * SECOND, up_period=60 * SECOND, down_period=60 * SECOND)


def test_what_is_written_is_read_back():
    """To the microsecond, which is what a status can hold."""
    memories = Memories(
        past=Past(
            recommendations=(Recommendation(4, NOW - 5 * SECOND), Recommendation(3, NOW)),
            ups=(ScaleEvent(2, NOW),),
            downs=(ScaleEvent(1, NOW - SECOND),),
        ),
        metrics=(Memory(), Memory(failures=2, failed_at=NOW)),
        active_at=NOW,
        is_zeroed=True,
    )

    assert memories == Memories.of(decode(encode(memories.told()), History))


def test_a_status_without_a_history_remembers_nothing():
    """As of a scaler that is new."""
    assert Memories() == Memories.of(UNSET)


def test_moments_are_cut_to_what_a_status_holds():
    """So that what is compared later is the same number."""
    assert 1_234_567_000 == now_of(1_234_567_891)


def test_a_manager_that_begins_takes_what_there_is_for_wanted():
    """It went by what its predecessor knew."""
    found = Memories().resumed(8, None, spans=SPANS, now=NOW)

    assert (Recommendation(8, NOW),) == found.past.recommendations
    assert NOW == found.active_at


def test_a_change_of_which_nobody_told_is_one_of_this_moment():
    """Its author died before it could say so."""
    found = Memories().resumed(5, 8, spans=SPANS, now=NOW)

    assert (ScaleEvent(3, NOW),) == found.past.downs
    assert () == Memories().resumed(8, 8, spans=SPANS, now=NOW).past.downs


@pytest.mark.parametrize("seed", range(20))
def test_what_people_raised_meanwhile_is_no_more_to_take_back(seed):
    """Policies allow what they would have allowed a manager that was there, as it is nobody's."""
    chance = random.Random(seed)
    for step in range(200):
        told, current = chance.randrange(1, 21), chance.randrange(1, 21)
        found = situation(current, asks(chance.randrange(1, 21)), behaviour=any_behaviour(chance))
        memory = Memories().resumed(current, told, spans=spans(found), now=NOW)
        least = min(decide(found).replicas, current)
        restarted = decide(attrs.evolve(found, past=memory.past))
        assert restarted.replicas >= least, f"seed {seed}, step {step}"


def test_a_rise_of_which_nobody_told_counts_for_the_hour():
    """It may have been a manager's own, which died before it could say so."""
    memory = Memories().resumed(8, 5, spans=SPANS, now=NOW)
    found = situation(8, asks(20), past=memory.past, hourly=Hourly(up=4))

    assert 9 == decide(found).replicas


def test_what_is_of_the_future_counts_as_of_now():
    """So a clock that was wrong holds nothing for longer than a window."""
    late = NOW + 10**9 * SECOND
    past = Past(
        recommendations=(Recommendation(9, late),),
        ups=(ScaleEvent(1, late),),
        downs=(ScaleEvent(2, late),),
    )
    memories = Memories(past=past, metrics=(Memory(failures=1, failed_at=late), Memory()))

    found = memories.resumed(5, None, spans=SPANS, now=NOW)

    asked = {(each.replicas, each.at) for each in found.past.recommendations}
    assert asked == {(9, NOW), (5, NOW)}
    assert ((ScaleEvent(1, NOW),), (ScaleEvent(2, NOW),)) == (found.past.ups, found.past.downs)
    assert (Memory(failures=1, failed_at=NOW), Memory()) == found.metrics


def test_of_other_metrics_than_before_none_lowers_sooner():
    """What failed a moment ago may be any of them."""
    memories = Memories(metrics=(Memory(), Memory(failures=2, failed_at=NOW)))

    assert (Memory(failed_at=NOW),) * 3 == memories.of_metrics(3)
    assert (Memory(),) * 2 == Memories(metrics=(Memory(),)).of_metrics(2)


@pytest.mark.parametrize("seed", range(20))
def test_a_restart_never_scales_lower_than_an_unbroken_run(seed):
    """Whatever was forgotten since the status was written last."""
    chance = random.Random(seed)
    behaviour = chance.choice([None, any_behaviour(chance)])
    unbroken, written, current, now = Past(), Past(), 10, NOW
    for step in range(200):
        now += chance.randrange(1, 30) * SECOND
        found = situation(
            current, asks(chance.randrange(1, 21)), behaviour=behaviour, past=unbroken, now=now
        )
        memory = Memories(past=written).resumed(current, None, spans=spans(found), now=now)
        restarted = decide(
            situation(current, *found.votes, behaviour=behaviour, past=memory.past, now=now)
        )
        decision = decide(found)
        least = min(decision.replicas, current)
        assert restarted.replicas >= least, f"seed {seed}, step {step}"
        is_told = decision.replicas != current or chance.random() < 0.2
        unbroken, current = remembered(found, decision), decision.replicas
        written = unbroken if is_told else written


@pytest.mark.parametrize(
    ("current", "least", "is_ours"), [(0, 0, True), (0, 1, False), (1, 0, False)]
)
def test_what_has_no_pods_at_first_is_ours_if_it_may_have_none(current, least, is_ours):
    """Whoever allows a scaler to take the last pod lets it bring one back, too."""
    assert is_ours == Memories.first(current, least=least).is_zeroed
