"""One pass: limits first, then what metrics ask for."""

import pytest

from reconcilers.vertice.scaler.groups import SECOND
from reconcilers.vertice.scaler.history import Past, Recommendation
from reconcilers.vertice.scaler.normal import Behaviour, Bounds
from reconcilers.vertice.scaler.turn import together, turn

NOW = 10_000 * SECOND
BOUNDS = Bounds(least=2, most=20)
SEEN = Past(recommendations=(Recommendation(5, NOW - 3600 * SECOND),))


@pytest.mark.parametrize(
    ("proposals", "current", "number"),
    [
        ([4, 7, 6], 5, 7),
        ([None, 7], 5, 7),
        ([None, 4], 5, None),
        ([None, 5], 5, 5),
        ([None, None], 5, None),
        ([-3], 5, 0),
        ([], 5, None),
    ],
)
def test_the_most_of_all_counts_and_silence_never_lowers(proposals, current, number):
    """A metric that says nothing may have asked for more than there are."""
    assert number == together(proposals, current)


@pytest.mark.parametrize(("current", "number"), [(1, 2), (21, 20), (300, 20)])
@pytest.mark.parametrize("behaviour", [None, Behaviour()])
def test_what_is_outside_its_limits_jumps_into_them(current, number, behaviour):
    """Whatever is measured; windows and policies are for what is inside."""
    found = turn(current, [None], BOUNDS, behaviour, past=SEEN, now=NOW)
    assert (number, None) == (found.replicas, found.asked)


def test_what_there_is_at_first_sight_counts_as_asked_for():
    """So a new program, or one without its memory, lowers nothing for the length of a window."""
    found = turn(15, [3], BOUNDS, None, past=Past(), now=NOW)
    assert (15, 3) == (found.replicas, found.asked)
    later = turn(15, [3], BOUNDS, None, past=found.past, now=NOW + 301 * SECOND)
    assert 3 == later.replicas


@pytest.mark.parametrize(("current", "number"), [(2, 4), (3, 6), (15, 20)])
def test_without_a_behaviour_a_step_is_a_doubling_or_four(current, number):
    """The older rules."""
    assert number == turn(current, [100], BOUNDS, None, past=SEEN, now=NOW).replicas
