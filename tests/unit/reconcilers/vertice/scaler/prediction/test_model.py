"""What a model says of a moment, and what of the last hour is remembered."""

import math
from array import array

import attrs
import pytest

from informers.meta.duration import Duration
from reconcilers.vertice.api.prediction import Prediction
from reconcilers.vertice.scaler.prediction.model import Model, Point, Recent, median
from reconcilers.vertice.scaler.prediction.plan import Plan
from reconcilers.vertice.scaler.prediction.score import Score

WANTED = Prediction(season="1d", lookahead=Duration.parse("30m"))
MIDNIGHT = 1_700_006_400
SCORE = Score(error=1, naive=2, plain=2, points=9)


def model(values=None, *, growth=1.0, wanted=WANTED):
    """Return one whose season has these numbers at some minutes of the day, and else 10."""
    plan = Plan.of(wanted)
    usual = array("f", [10.0]) * plan.season
    for minute, value in (values or {}).items():
        usual[minute * 60 // plan.step] = value
    return Model(
        plan=plan, usual=usual, growth=growth, score=SCORE, trained_at=MIDNIGHT, last_hour=()
    )


def hour(*values, at=MIDNIGHT):
    """Return what was measured in the last hour, every five minutes."""
    return tuple(
        Point(at - 300 * place, value) for place, value in enumerate(reversed(values), start=0)
    )[::-1]


QUIET = hour(10, 10, 10)


@pytest.mark.parametrize(
    ("numbers", "found"),
    [([3, 1, 2], 2), ([4, 1, 2, 9], 3), ([5, math.nan, 1, 3], 3), ([1, 2], None), ([], None)],
)
def test_a_median_takes_three_numbers(numbers, found):
    """Gaps are none."""
    value = median(numbers)

    assert found == (None if math.isnan(value) else value)


def test_the_most_until_the_end_of_the_lookahead_is_foreseen():
    """Not what comes after it."""
    found = model({15: 30, 30: 20, 35: 99}).most(QUIET, MIDNIGHT)

    assert Point(MIDNIGHT + 15 * 60, 30) == found


def test_now_is_part_of_what_is_foreseen():
    """What falls from now on is still there."""
    assert Point(MIDNIGHT, 50) == model({0: 50}).most(QUIET, MIDNIGHT)


def test_growth_and_the_last_hour_are_added():
    """As the formula has it: growth * usual + lately."""
    found = model({15: 30}, growth=1.5).most(hour(17, 17, 17, 99), MIDNIGHT)

    assert 1.5 * 30 + 2 == found.value


def test_below_zero_there_is_nothing():
    """A load that has vanished is not negative."""
    assert 0 == model(growth=0.5).most(hour(0, 0, 0), MIDNIGHT).value
    assert 0 == model(growth=2.0).most(hour(0, 0, 0), MIDNIGHT).value


def test_without_a_last_hour_nothing_is_foreseen():
    """Two measurements are too few."""
    assert model().most(hour(10, 10), MIDNIGHT) is None


def test_a_time_that_was_never_measured_is_left_out():
    """The rest of the lookahead is foreseen."""
    gaps = model(dict.fromkeys(range(0, 30, 5), math.nan) | {30: 12})

    known = hour(10, 10, 10, at=MIDNIGHT - 600)
    assert Point(MIDNIGHT + 1800, 12) == gaps.most(known, MIDNIGHT)


def test_seasons_are_those_of_utc():
    """The first point of a day is that of midnight there, whatever is done to clocks elsewhere."""
    assert 0 == Plan.of(WANTED).slot(MIDNIGHT)
    assert 1 == Plan.of(WANTED).slot(MIDNIGHT + 599)


@pytest.mark.parametrize(
    ("days", "season", "step", "points"),
    [(28, "7d", 300, 8064), (34, "1d", 300, 9792), (35, "7d", 600, 5040), (56, "7d", 600, 8064)],
)
def test_a_history_has_no_more_points_than_prometheus_gives(days, season, step, points):
    """A longer one is read in coarser steps."""
    plan = Plan.of(Prediction(history_days=days, season=season))

    assert (step, points) == (plan.step, plan.points)
    assert 2 == attrs.evolve(plan, ahead=2).ahead


def test_the_last_hour_is_kept_in_the_grain_of_the_history():
    """Four looks a minute are not four measurements."""
    recent = Recent()
    for second in range(0, 7200, 15):
        recent.add(Point(MIDNIGHT + second, 1.0), step=300)
    kept = recent.within(MIDNIGHT + 7185)

    assert len(kept) in {12, 13}
    assert all(each.at >= MIDNIGHT + 3585 for each in kept)


def test_a_history_corrects_what_was_remembered():
    """Up to its end; what was measured since is not in it."""
    recent = Recent()
    for minute in (0, 10, 20):
        recent.add(Point(MIDNIGHT + minute * 60, 1.0), step=300)
    recent.correct((Point(MIDNIGHT + 300, 5.0), Point(MIDNIGHT + 600, 6.0)))

    assert [5.0, 6.0, 1.0] == [each.value for each in recent.within(MIDNIGHT + 1200)]
    recent.correct(())
    assert 3 == len(recent.within(MIDNIGHT + 1200))


@pytest.mark.parametrize(
    ("score", "is_better"),
    [
        (Score(error=9, naive=10, plain=10, points=1), True),
        (Score(error=9.1, naive=10, plain=20, points=1), False),
        (Score(error=9.1, naive=20, plain=10, points=1), False),
        (Score(error=0, naive=0, plain=0, points=1), False),
        (Score(error=0, naive=1, plain=1, points=0), False),
    ],
    ids=["a tenth", "not that much", "a plain guess", "nothing to win", "never tried"],
)
def test_what_is_better_than_all_its_rivals_may_act(score, is_better):
    """By a tenth."""
    assert is_better == score.is_better
