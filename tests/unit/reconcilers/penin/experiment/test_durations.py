"""Percentiles of histograms as Prometheus computes them, and how sure one can be of them."""

import math

import pytest

from reconcilers.penin.api.evidence import Durations
from reconcilers.penin.experiment import durations

BOUNDS = (0.1, 0.5, 1.0)


def kept(*batches):
    """Return what is kept of batches of (totals, count)."""
    found = Durations()
    for totals, count in batches:
        found = durations.add(found, BOUNDS, totals, count)
    return found


@pytest.mark.parametrize(
    ("totals", "wanted"),
    [
        ((100, 100, 100), 0.099),
        ((98, 100, 100), 0.3),
        ((50, 60, 100), 1 - 0.5 * 1 / 40),
        ((50, 60, 70), 1.0),
    ],
    ids=["first bucket", "second", "third", "beyond"],
)
def test_the_percentile_is_prometheus_own(totals, wanted):
    """Linear within a bucket; beyond the last bound that bound."""
    assert wanted == pytest.approx(durations.percentile(kept((totals, 100))))


def test_without_requests_there_is_none():
    """Nor a bound for it."""
    assert math.isnan(durations.percentile(Durations()))
    assert math.inf == durations.surely_above(Durations(), alpha=0.05)


def test_other_buckets_than_before_are_not_added():
    """They would be nonsense."""
    before = kept(((1, 2, 3), 4))

    assert before == durations.add(before, (0.2, 0.5, 1.0), (1, 2, 3), 4)
    assert before == durations.add(before, BOUNDS, (0, 0, 0), 0)


def test_who_is_late_is_a_ratio():
    """Between two bounds requests are evenly spread."""
    found = durations.later(kept(*[((50, 90, 100), 100)] * 10), 0.3, alpha=0.05)

    assert 0.3 == pytest.approx(found.estimate)
    assert found.lower < 0.3 < found.upper


def test_what_the_percentile_is_not_above():
    """The first bound beyond which surely less than one in a hundred are."""
    sure = kept(*[((1000, 1000, 1000), 1000)] * 10)
    unsure = kept(*[((20, 20, 20), 20)] * 3)

    assert 0.1 == durations.surely_above(sure, alpha=0.05)
    assert math.inf == durations.surely_above(unsure, alpha=0.05)
