"""Of a page of metrics an experiment takes what it needs, and believes nothing."""

import pytest

from reconcilers.penin.experiment.reading import Reading, reading
from reconcilers.penin.metrics.exposition import parse
from tests.unit.reconcilers.penin.experiment.world import spec

PAGE = """\
# TYPE http_requests_total counter
http_requests_total{code="200",method="GET"} 90
http_requests_total{code="404",method="GET"} 5
http_requests_total{code="500",method="GET"} 3
http_requests_total{code="503",method="POST"} 2
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.1",method="GET"} 50
http_request_duration_seconds_bucket{le="1",method="GET"} 90
http_request_duration_seconds_bucket{le="+Inf",method="GET"} 95
http_request_duration_seconds_count{method="GET"} 95
http_request_duration_seconds_sum{method="GET"} 12
http_request_duration_seconds_bucket{le="0.1",method="POST"} 1
http_request_duration_seconds_bucket{le="1",method="POST"} 4
http_request_duration_seconds_bucket{le="+Inf",method="POST"} 5
http_request_duration_seconds_count{method="POST"} 5
http_request_duration_seconds_sum{method="POST"} 3
# TYPE penin_sr_score gauge
penin_sr_score{part="a"} 0.8
penin_sr_score{part="b"} 0.6
# TYPE penin_cycle_duration_seconds summary
penin_cycle_duration_seconds_count 4
penin_cycle_duration_seconds_sum 10
"""


def read(page=PAGE, **primary):
    """Return what is taken of a page."""
    wanted = spec(primary={"minimumEffect": 0.1, **primary}).primary
    return reading(parse(page), wanted, restarts=2)


def test_requests_and_their_durations_are_added_up():
    """Whatever their labels; errors are those of 500 and more."""
    found = read()

    assert (100.0, 5.0, 2) == (found.requests, found.errors, found.restarts)
    assert ((0.1, 1.0), (51.0, 94.0), 100.0) == (found.bounds, found.buckets, found.timed)


def test_of_a_gauge_the_mean_counts():
    """Of all its series."""
    assert 0.7 == pytest.approx(read(type="gauge", metric="penin_sr_score").gauge)


def test_of_a_histogram_sum_and_count():
    """Of all its series."""
    found = read(type="histogram", metric="penin_cycle_duration_seconds")

    assert (4.0, 10.0) == (found.count, found.total)


def test_what_is_not_served_is_absent():
    """Which is not zero."""
    assert Reading(restarts=2) == read("other 1\n")


@pytest.mark.parametrize("value", ["NaN", "+Inf"])
def test_what_is_no_number_does_not_count(value):
    """As if it were not served."""
    page = f'http_requests_total{{code="500"}} {value}\nhttp_requests_total{{code="200"}} 7\n'

    assert (7.0, 0.0) == (read(page).requests, read(page).errors)


def test_no_errors_yet_are_none():
    """A counter without series for a code has counted none of it."""
    assert 0.0 == read('http_requests_total{code="200"} 7\n').errors
