"""Counters become increases as Prometheus does it, whatever happens to pods and managers."""

import attrs
import pytest
from msgspec import UNSET
from msgspec.structs import replace

from informers.meta import codec
from reconcilers.penin.api.evidence import MOST_PODS, ExperimentState
from reconcilers.penin.experiment.counters import increase, measured
from reconcilers.penin.experiment.reading import Reading
from tests.unit.reconcilers.penin.experiment.world import spec

SUCCESSES = spec().primary
HISTOGRAM = spec(primary={"type": "histogram", "metric": "d", "minimumEffect": 1}).primary
GAUGE = spec(primary={"type": "gauge", "metric": "g", "minimumEffect": 1}).primary


def told(requests, errors=0, **more):
    """Return what one pod told."""
    return Reading(requests=requests, errors=errors, **more)


def after(*rounds, primary=SUCCESSES, seconds=30.0):
    """Return what was added up after these rounds of (champion's, challenger's) readings."""
    state = ExperimentState()
    for number, (champion, challenger) in enumerate(rounds):
        state = replace(state, elapsed=number * seconds)
        state = measured(state, primary, champion=champion, challenger=challenger)
    return state


@pytest.mark.parametrize(
    ("before", "now", "wanted"),
    [(3.0, 10.0, 7.0), (10.0, 3.0, 3.0), (UNSET, 3.0, 3.0), (3.0, None, 0.0), (3.0, 3.0, 0.0)],
    ids=["rose", "started anew", "is new", "is gone", "the same"],
)
def test_an_increase_is_what_prometheus_means(before, now, wanted):
    """A lower counter was started anew, so that all of it is new."""
    assert wanted == increase(before, now)


def test_the_first_reading_only_says_where_counters_stand():
    """A pod that has run for a year brings nothing of that with it."""
    state = after(({"a": told(10**6, 10)}, {}))

    assert 0 == state.champion.primary.count

    state = after(({"a": told(10**6, 10)}, {}), ({"a": told(10**6 + 100, 11)}, {}))
    assert 100 == state.champion.primary.count
    assert 99 == state.champion.primary.total + state.champion.primary.shift * 100
    assert 1 == state.champion.errors.batches


def test_a_restarted_pod_counts_from_zero():
    """Nothing is lost but what nobody read, and nothing counts twice."""
    state = after(({"a": told(100)}, {}), ({"a": told(150)}, {}), ({"a": told(20, restarts=1)}, {}))

    assert 70 == state.champion.primary.count
    assert 1 == state.champion.restarts


def test_a_gap_is_made_up_for():
    """A pod that could not be asked once has its whole increase the next time."""
    silent = {"a": Reading(served=False, restarts=0)}
    state = after(({"a": told(100)}, {}), (silent, {}), (silent, {}), ({"a": told(160)}, {}))

    assert 60 == state.champion.primary.count
    assert 90.0 == state.champion.pod_seconds


def test_a_pod_that_was_silent_at_first_brings_no_past():
    """What it counted before anybody asked belongs to no interval."""
    silent = {"a": Reading(served=False)}
    state = after((silent, {}), ({"a": told(10**6)}, {}), ({"a": told(10**6 + 5)}, {}))

    assert 5 == state.champion.primary.count


def test_restarts_are_known_of_silent_pods():
    """The API server tells of them."""
    state = after(
        ({}, {"a": Reading(served=False, restarts=1)}),
        ({}, {"a": Reading(served=False, restarts=4)}),
    )

    assert 3 == state.challenger.restarts


def test_a_new_manager_goes_on_with_the_same_numbers():
    """Through the status and back, in any step, nothing changes."""
    rounds = [
        ({"a": told(10.5 * n, n, bounds=(0.1, 1.0), buckets=(n, 2.0 * n), timed=3.0 * n)}, {})
        for n in range(1, 8)
    ]
    state = ExperimentState()
    for number, (champion, challenger) in enumerate(rounds):
        state = replace(state, elapsed=30.0 * number)
        state = measured(state, SUCCESSES, champion=champion, challenger=challenger)
        state = codec.decode(codec.encode(state), ExperimentState)

    assert after(*rounds) == state


def test_pods_come_and_go():
    """Of one that is gone nothing more comes; it is not remembered."""
    state = after(({"a": told(5), "b": told(5)}, {}), ({"b": told(9), "c": told(50)}, {}))

    assert 4 == state.champion.primary.count
    assert ["b", "c"] == list(state.champion.pods)


def test_no_more_pods_are_remembered_than_there_is_room_for():
    """Whatever is handed in."""
    many = {f"pod-{number:03}": told(1) for number in range(2 * MOST_PODS)}

    assert MOST_PODS == len(after((many, {})).champion.pods)


def test_the_split_counts_both():
    """The challenger's requests among all."""
    state = after(
        ({"a": told(0), "b": told(0)}, {"c": told(0)}),
        ({"a": told(40), "b": told(40)}, {"c": told(20)}),
    )

    assert 100 == state.split.count
    assert 60.0 == state.champion.pod_seconds
    assert 30.0 == state.challenger.pod_seconds


def test_a_histogram_is_its_sum_by_its_count():
    """Both started anew together, since a sum may fall by itself."""
    state = after(
        ({"a": Reading(count=10, total=100.0)}, {}),
        ({"a": Reading(count=14, total=92.0)}, {}),
        ({"a": Reading(count=2, total=6.0)}, {}),
        primary=HISTOGRAM,
    )

    sums = state.champion.primary
    assert (6, -2.0) == (sums.count, sums.total + sums.shift * sums.count)


def test_each_reading_of_a_gauge_is_a_sample():
    """All pods of one look are one batch."""
    looks = [({"a": Reading(gauge=0.5), "b": Reading(gauge=0.7)}, {"c": Reading()})] * 3
    state = after(*looks, primary=GAUGE)

    assert (3, 6) == (state.champion.primary.batches, state.champion.primary.count)
    assert 0 == state.challenger.primary.batches


def test_durations_of_pods_with_other_buckets_are_left_out():
    """They cannot be added up; the requests still count."""
    one = told(0, bounds=(0.1,), buckets=(0.0,), timed=0.0)
    other = told(0, bounds=(0.2,), buckets=(0.0,), timed=0.0)
    later = {
        "a": attrs.evolve(one, requests=8, buckets=(4.0,), timed=8.0),
        "b": attrs.evolve(other, requests=8, buckets=(8.0,), timed=8.0),
    }
    state = after(({"a": one, "b": other}, {}), (later, {}))

    assert ((0.1,), (4.0,)) == (state.champion.durations.bounds, state.champion.durations.totals)
    assert 16 == state.champion.primary.count


def test_durations_of_a_restarted_pod_are_all_new():
    """Seen by any bucket that fell."""
    one = told(0, bounds=(0.1, 1.0), buckets=(5.0, 9.0), timed=10.0)
    fresh = attrs.evolve(one, buckets=(2.0, 3.0), timed=4.0)
    state = after(({"a": one}, {}), ({"a": fresh}, {}))

    found = state.champion.durations
    assert ((2.0, 3.0), 4.0) == (found.totals, found.count)
