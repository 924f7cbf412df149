"""Intervals hold the truth however often one looks; their parts are what statistics says."""

import math
import random
import statistics

import pytest

from reconcilers.penin.api.evidence import Sums
from reconcilers.penin.experiment import sequence
from tests.unit.reconcilers.penin.experiment.world import arm


def summed(batches):
    """Return the sums of (total, count) batches."""
    return arm(batches).primary


def test_the_ratio_is_that_of_the_sums():
    """Batches count by their samples, not alike."""
    assert 0.25 == sequence.mean(summed([(1, 10), (9, 30)]))


def test_without_samples_nothing_is_known():
    """Neither a mean nor a bound."""
    assert math.isnan(sequence.mean(Sums()))
    assert sequence.UNKNOWN is sequence.of_ratio(Sums(), alpha=0.05, scale=1, binary=True)
    assert Sums() == sequence.add(Sums(), 5, 0)


@pytest.mark.parametrize("far", [0.0, 1e9], ids=["near zero", "far from zero"])
def test_the_variance_is_that_of_the_batches(far):
    """Of batches of equal size, the variance of their means by their number; wherever they are."""
    rng = random.Random(1)
    means = [far + rng.gauss(0, 2) for _ in range(200)]

    found = sequence.variance(summed([(5 * mean, 5) for mean in means]), binary=False)

    assert statistics.variance(means) / 200 == pytest.approx(found, rel=1e-4)


def test_yes_or_no_has_a_least_variance():
    """None of a hundred so far is not never: as if there had been one more of both."""
    found = sequence.variance(summed([(0, 50), (0, 50)]), binary=True)

    assert (1 / 102) * (101 / 102) / 100 == pytest.approx(found)


def test_readings_that_never_differ_prove_little():
    """The least deviation believed in stands in for what was not seen yet."""
    found = sequence.variance(summed([(0.5, 1)] * 4), binary=False, least=0.2)

    assert 0.01 == pytest.approx(found)


def test_requests_that_fail_together_count_as_one():
    """Ten times the same batch at once is as uncertain as the batch."""
    alone = summed([(0, 1), (1, 1)] * 50)
    together = summed([(0, 10), (10, 10)] * 50)

    assert sequence.variance(alone, binary=True) == pytest.approx(
        sequence.variance(together, binary=True), rel=0.02
    )


def test_the_radius_is_robbins():
    """The normal mixture, by its formula in terms of information."""
    information, rho, alpha = 400.0, 1 / 0.1**2, 0.05
    wanted = (
        math.sqrt((information + rho) * math.log((information + rho) / (alpha**2 * rho)))
        / information
    )

    assert wanted == pytest.approx(sequence.radius(1 / information, alpha=alpha, scale=0.1))


def test_no_variance_leaves_no_doubt_and_none_known_all():
    """The two ends of the scale."""
    assert 0.0 == sequence.radius(0.0, alpha=0.05, scale=1.0)
    assert math.inf == sequence.radius(math.inf, alpha=0.05, scale=1.0)


def test_the_truth_stays_inside_at_all_times():
    """1,000 runs of 300 looks each; the truth leaves the interval in at most 5 % of the runs."""
    rng = random.Random(20260101)
    left = 0
    for _ in range(1000):
        sums = Sums()
        for number in range(300):
            sums = sequence.add(sums, rng.gauss(0.3, 1.0), 1)
            found = sequence.of_ratio(sums, alpha=0.05, scale=0.2, binary=False)
            if number >= 60 and not found.lower <= 0.3 <= found.upper:
                left += 1
                break

    print(f"the truth left {left} of 1000 intervals")
    assert left <= 50
