"""How fast a number may change: Kubernetes' own answers, and what is remembered for them."""

import random

import pytest

from reconcilers.vertice.scaler.groups import SECOND
from reconcilers.vertice.scaler.history import MOST, Past, Recommendation, ScaleEvent, Spans
from reconcilers.vertice.scaler.normal import Behaviour, Bounds, normalized
from reconcilers.vertice.scaler.rates import (
    Policy,
    Rules,
    down_limit,
    lately,
    up_limit,
)

NOW = 10_000 * SECOND
BOUNDS = Bounds(least=1, most=1000)
FOUR = Policy(type="Pods", value=4, period=15 * SECOND)
HALF = Policy(type="Percent", value=50, period=60 * SECOND)
EVENT = ScaleEvent(2, NOW - 30 * SECOND)


def stabilized(current, asked, past, *, up, down, now):
    """Return the number nearest to the current one that the windows allow."""
    return lately(asked, past, up=up, down=down, now=now).nearest(current)


def rules(select="Max", window=0, policies=(FOUR, HALF)):
    """Return rules of one direction."""
    return Rules(window=window * SECOND, policies=policies, select=select)


@pytest.mark.parametrize(
    ("select", "ups", "downs"),
    [
        ("Max", (5, 7, 11, 14, 147), (-3, -1, 3, 6, 51)),
        ("Min", (-1, 2, 8, 12, 104), (1, 2, 4, 6, 96)),
        ("Disabled", (1, 3, 7, 10, 100), (1, 3, 7, 10, 100)),
    ],
)
def test_limits_are_those_of_kubernetes(select, ups, downs):
    """The golden vectors: two policies, and one change of two pods half a minute ago."""
    up = [
        up_limit(current, Past(ups=(EVENT,)), rules(select), now=NOW)
        for current in (1, 3, 7, 10, 100)
    ]
    down = [
        down_limit(current, Past(downs=(EVENT,)), rules(select), now=NOW)
        for current in (1, 3, 7, 10, 100)
    ]
    assert (ups, downs) == (tuple(up), tuple(down))


def test_a_limit_that_is_used_up_holds_where_it_is():
    """It may lie on the wrong side of what there is, and then nothing changes."""
    up, down = rules("Min"), rules("Min")
    past = Past(ups=(EVENT,), downs=(EVENT,))
    one = Past(ups=(ScaleEvent(50, NOW),), downs=(ScaleEvent(50, NOW),))
    behaviour = Behaviour(up=up, down=down)

    def reached(asked, past):
        return normalized(10, asked, BOUNDS, behaviour, past=past, now=NOW).replicas

    assert 10 == reached(11, Past(ups=one.ups))
    assert 10 == reached(9, Past(downs=one.downs))
    assert 10 == reached(10, past)


@pytest.mark.parametrize(
    ("current", "asked", "lately", "number"),
    [
        (5, 3, (), 3),
        (5, 3, ((10, 8),), 5),
        (5, 3, ((10, 4),), 4),
        (5, 3, ((61, 9),), 3),
        (5, 9, ((10, 6),), 6),
        (5, 9, ((10, 2),), 5),
        (5, 9, ((31, 2),), 9),
        (5, 4, ((10, 7), (12, 6)), 5),
    ],
)
def test_windows_take_the_cautious_side(current, asked, lately, number):
    """Down to the most of a minute, up to the least of half a minute."""
    past = [Recommendation(replicas, NOW - age * SECOND) for age, replicas in lately]
    up, down = rules(window=30), rules(window=60)
    assert number == stabilized(current, asked, past, up=up, down=down, now=NOW)


SPANS = Spans(up_window=60 * SECOND, down_window=300 * SECOND)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_forgotten_decides_nothing(seed):
    """Of all that was ever asked for, what is kept gives the same number, pass for pass."""
    rng = random.Random(seed)
    up, down = rules(window=60), rules(window=300)
    past, everything, now = Past(), [], NOW
    for _ in range(300):
        now += rng.choice((1, 15, 15, 60)) * SECOND
        asked, current = rng.randint(0, 12), rng.randint(0, 12)
        kept = stabilized(current, asked, past.recommendations, up=up, down=down, now=now)
        assert kept == stabilized(current, asked, everything, up=up, down=down, now=now)
        past = past.recommended(asked, spans=SPANS, now=now)
        everything.append(Recommendation(asked, now))
        assert len(past.recommendations) <= 26


def test_of_too_many_the_cautious_ones_stay():
    """A long fall: what is kept says never fewer than what was, for as long as that counts."""
    past, everything, now = Past(), [], NOW
    for asked in range(4 * MOST, 0, -1):
        now += SECOND
        past = past.recommended(asked, spans=SPANS, now=now)
        everything.append(Recommendation(asked, now))
    assert MOST + 1 >= len(past.recommendations)
    up, down = rules(), rules(window=300)
    for later in range(0, 310, 7):
        at = now + later * SECOND
        kept = stabilized(200, 0, past.recommendations, up=up, down=down, now=at)
        assert kept >= stabilized(200, 0, everything, up=up, down=down, now=at)


def test_events_are_few_however_many_there_were():
    """Of too many, two become one that counts for longer, so nothing is faster for that."""
    spans = Spans(up_window=0, down_window=0, up_period=1800 * SECOND, down_period=1800 * SECOND)
    past = Past()
    for number in range(100):
        past = past.scaled(number, number + 1, spans=spans, now=NOW + number)
    assert MOST == len(past.ups)
    assert 100 == sum(each.change for each in past.ups)


def test_an_event_too_old_for_its_direction_makes_room_for_the_next():
    """It may count for the other direction till then; that is how the numbers come about."""
    spans = Spans(up_window=0, down_window=0, up_period=60 * SECOND, down_period=60 * SECOND)
    past = Past()
    for age in (200, 190, 30):
        past = past.scaled(3, 4, spans=spans, now=NOW - age * SECOND)
    assert [NOW - 200 * SECOND, NOW - 30 * SECOND] == [each.at for each in past.ups]
    past = past.scaled(4, 2, spans=spans, now=NOW)
    assert (ScaleEvent(2, NOW),) == past.downs
