"""What is learned of histories with seasons, and that nothing is of those without."""

import math
import random
import time
from array import array

import attrs
import pytest
from msgspec.structs import replace

from informers.meta.duration import Duration
from reconcilers.vertice.api.prediction import Prediction
from reconcilers.vertice.scaler.prediction.learning import NotEnough, learned
from reconcilers.vertice.scaler.prediction.plan import DAY
from tests.unit.reconcilers.vertice.scaler.prediction import histories
from tests.unit.reconcilers.vertice.scaler.prediction.histories import (
    DAILY,
    END,
    WEEKLY,
    history,
    learn,
    load,
    plan,
    weekly,
)

LONG = Prediction(history_days=56)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("growth", [0.0, 0.05, 0.1, -0.05], ids="growth {}".format)
def test_a_week_that_comes_again_is_learned(seed, growth):
    """With noise, and with more or less of it from week to week."""
    score = learn(weekly(random.Random(seed), growth=growth)).score

    assert score.is_better, f"seed {seed}: {score}"
    assert 2016 == score.points


@pytest.mark.parametrize("hours", [0, 5, 17])
@pytest.mark.parametrize("wanted", [WEEKLY, DAILY, LONG], ids=["7d", "1d", "7d of 56"])
def test_what_grows_is_foreseen_as_large_as_it_will_be(wanted, hours):
    """Not as large as it was in the middle of the weeks before; in a quiet hour and a busy one."""

    def grown(moment):
        return 1000 * load(moment) * 1.1 ** ((moment - END) / (7 * DAY))

    found = replace(wanted, lookahead=Duration.parse("2h"))
    end = END + hours * 3600
    model = learn(history(lambda moments: [grown(each) for each in moments], found, end=end), found)
    most = model.most(model.last_hour, end)
    truth = max(grown(end + minute * 60) for minute in range(0, 121, 5))

    assert abs(most.value / truth - 1) < 0.04, f"{most.value} of {truth}"


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("wanted", [WEEKLY, DAILY], ids=["7d", "1d"])
@pytest.mark.parametrize(
    "made",
    [
        histories.white,
        histories.walk,
        histories.noisy_walk,
        histories.wandering,
        histories.bursts,
    ],
    ids=lambda made: made.__name__,
)
def test_what_has_no_season_is_not_let_act(made, wanted, seed):
    """Though medians of some of it are far better than what was a season before."""
    score = learn(made(random.Random(seed)), wanted).score

    assert not score.is_better, f"seed {seed}: {score}"


def test_the_same_time_last_season_alone_lets_anything_pass():
    """Which is why a forecast has to beat what knows no seasons, too."""
    noise = learn(histories.white(random.Random(0))).score
    walk = learn(histories.walk(random.Random(0))).score

    assert noise.score > 0.1
    assert walk.score > 0.5


@pytest.mark.parametrize("seed", range(5))
def test_a_pattern_that_has_changed_is_not_let_act(seed):
    """Whoever works at night since last week is not foreseen by the weeks before."""
    chance = random.Random(seed)

    def values(moments):
        turn = moments[-1] - 7 * DAY
        shifted = (each + DAY // 2 if each > turn else each for each in moments)
        return [max(0.0, load(each) * (1 + chance.gauss(0, 0.05))) for each in shifted]

    score = learn(values).score

    assert not score.is_better, f"seed {seed}: {score}"


@pytest.mark.parametrize("seed", range(5))
def test_gaps_are_no_numbers(seed):
    """With a sixth of all points lost, some of them for half a day, it says the same."""
    chance = random.Random(seed)
    whole = history(weekly(random.Random(seed)))
    values = array("d", whole.values)
    for place in chance.sample(range(len(values)), len(values) // 7):
        values[place] = math.nan
    for place in range(5000, 5144):
        values[place] = math.nan
    model, other = learn(attrs.evolve(whole, values=values)), learn(whole)

    assert model.score.is_better, f"seed {seed}: {model.score}"
    assert 0 < model.score.points < 2016
    pairs = zip(model.usual, other.usual, strict=True)
    differences = [abs(one - two) for one, two in pairs if not math.isnan(one)]
    assert len(differences) > 2000, f"seed {seed}"
    assert sum(differences) / len(differences) < 5, f"seed {seed}"


def test_nothing_at_all_is_a_number_as_well():
    """What is always zero is foreseen to be, and there is nothing to win."""
    model = learn(lambda moments: [0.0] * len(moments))

    assert not model.score.is_better
    assert (0, 0) == (model.score.error, model.score.score)
    assert 0 == model.most(model.last_hour, END).value


def test_one_number_for_ever_is_foreseen():
    """Without an error; nor is there one to be better than."""
    model = learn(lambda moments: [7.0] * len(moments))

    assert 7 == model.most(model.last_hour, END).value
    assert not model.score.is_better


@pytest.mark.parametrize("seed", range(5))
def test_a_longer_lookahead_leaves_more_to_foresee(seed):
    """How it is now says less of an hour from now; how it is at that time of a week, as much."""
    found = history(weekly(random.Random(seed), noise=0.2))
    soon, later = (
        learn(found, Prediction(lookahead=Duration.parse(each))).score for each in ("5m", "1h")
    )

    assert later.error / later.plain < soon.error / soon.plain, f"seed {seed}: {soon} {later}"
    assert later.is_better, f"seed {seed}: {later}"


@pytest.mark.parametrize("seed", range(5))
def test_forecasts_that_are_judged_know_nothing_of_what_comes(seed):
    """What came after a point, whatever it was, changes nothing of what was said of it before."""
    whole = history(weekly(random.Random(seed)))
    later = array("d", whole.values)
    for place in range(len(later) - 600, len(later)):
        later[place] = 1e6
    kept = plan()
    until = len(later) - 600 - kept.season

    def head(values):
        span = attrs.evolve(whole.span, last=whole.span.last - 600 * kept.step)
        return attrs.evolve(whole, span=span, values=values[:-600])

    assert until > 0
    assert learn(head(whole.values)).score == learn(head(later)).score


@pytest.mark.parametrize(
    ("values", "wanted", "why"),
    [
        pytest.param(
            lambda at: at > END - 20 * DAY, WEEKLY, "for 20.0 days; it takes 21", id="short"
        ),
        pytest.param(lambda at: at > END - 2 * DAY, DAILY, "for 2.0 days; it takes 3", id="days"),
        pytest.param(lambda at: at < 0, WEEKLY, "for 0.0 days", id="nothing"),
        pytest.param(lambda at: at % 1200, WEEKLY, "2016 of 8064 points.* gaps", id="gaps"),
        pytest.param(
            lambda at: at < END - 4 * DAY,
            WEEKLY,
            "only [0-9]+ of the last 2016 points could be foreseen",
            id="a hole",
        ),
    ],
)
def test_too_little_is_not_learned_from(values, wanted, why):
    """And what is lacking is said."""
    found = history(lambda moments: [1.0 if values(each) else math.nan for each in moments], wanted)

    with pytest.raises(NotEnough, match=why):
        learn(found, wanted)


def test_three_seasons_are_enough_though_more_are_asked_for():
    """The days before the first answer are not gaps."""
    model = learn(
        lambda moments: [load(each) if each > END - 22 * DAY else math.nan for each in moments]
    )

    assert 2016 == model.score.points


def test_no_slice_takes_long():
    """Of the longest history, in time of this thread alone: looks wait for no more than that."""
    slices = learned(
        history(weekly(random.Random(0)), long := Prediction(history_days=34)), plan(long)
    )
    longest, begin = 0.0, time.thread_time()
    for _ in slices:
        longest, begin = max(longest, time.thread_time() - begin), time.thread_time()

    assert longest < 0.02
