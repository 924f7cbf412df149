"""How many pods one metric asks for, by what Kubernetes 1.36's own code answered."""

import pytest

from reconcilers.vertice.scaler.groups import SECOND, Patience, PodFacts, Sample, grouped
from reconcilers.vertice.scaler.proposals import (
    MOST,
    NoProposal,
    Tolerance,
    by_average,
    by_utilization,
    by_value,
    by_value_per_pod,
)

NOW = 10_000 * SECOND
CORE = 1000
STATES = {
    "ready": {"started_at": 0, "ready_at": 60 * SECOND},
    "pending": {"phase": "Pending"},
    "failed": {"phase": "Failed"},
    "never": {"started_at": 0, "ready": "False", "ready_at": 0},
    "was": {"started_at": 0, "ready": "False", "ready_at": 60 * SECOND},
    "young": {"started_at": NOW - 60 * SECOND, "ready": "False", "ready_at": NOW - 60 * SECOND},
}


def utilization(*pods, target=50, current=10):
    """Return what these pods ask for: each how many, in which state, what they use of a core."""
    facts, samples = [], {}
    for count, state, usage in pods:
        for _ in range(count):
            name = f"pod-{len(facts)}"
            facts.append(PodFacts(name=name, **STATES["ready" if state == "missing" else state]))
            if usage is not None:
                samples[name] = Sample(value=round(usage * CORE), at=NOW, window=30 * SECOND)
    groups = grouped(facts, samples, is_cpu=True, now=NOW, patience=Patience())
    requests = {each.name: CORE for each in facts}
    return by_utilization(
        current, target, samples, requests=requests, groups=groups, tolerance=Tolerance()
    ).replicas


@pytest.mark.parametrize(
    ("pods", "replicas"),
    [
        ([(10, "ready", 0.55)], 10),
        ([(10, "ready", 0.559)], 10),
        ([(10, "ready", 0.56)], 12),
        ([(10, "ready", 0.45)], 10),
        ([(10, "ready", 0.449)], 9),
        ([(6, "ready", 0.9)], 11),
        ([(8, "ready", 0.9), (2, "pending", None)], 15),
        ([(4, "ready", 0.7), (6, "pending", None)], 10),
        ([(8, "ready", 0.2), (2, "pending", None)], 4),
        ([(8, "ready", 0.9), (2, "missing", None)], 15),
        ([(8, "ready", 0.2), (2, "missing", None)], 8),
        ([(5, "ready", 0.2), (5, "missing", None)], 10),
        ([(8, "ready", 0.9), (2, "failed", None)], 15),
        ([(8, "ready", 0.9), (2, "never", 0.9)], 15),
        ([(8, "ready", 0.9), (2, "was", 0.9)], 18),
        ([(8, "ready", 0.9), (2, "young", 0.9)], 15),
    ],
)
def test_numbers_are_those_of_kubernetes(pods, replicas):
    """The golden vectors, which its GetResourceReplicas gave."""
    assert replicas == utilization(*pods)


def test_pods_without_a_sample_are_as_busy_as_wanted_where_that_is_more_than_all():
    """A target above 100 % is what they count with, when fewer are asked for."""
    assert 8 == utilization((8, "ready", 0.8), (2, "missing", None), target=120)


def test_pods_of_which_none_counts_say_nothing():
    """All of them are still starting."""
    with pytest.raises(NoProposal, match="may not be ready yet"):
        utilization((10, "pending", None))


@pytest.mark.parametrize("current", [0, 4])
def test_what_was_measured_of_strangers_says_nothing(current):
    """It is divided by what they asked for, which is not known."""
    samples = {"stranger": Sample(value=1)}
    groups = grouped([], samples, is_cpu=True, now=NOW, patience=Patience())
    with pytest.raises(NoProposal, match="none of its pods"):
        by_utilization(current, 50, samples, requests={}, groups=groups, tolerance=Tolerance())


def test_what_is_requested_is_more_than_nothing():
    """Nobody can say which share of 0 is used."""
    facts, samples = [PodFacts(name="a")], {"a": Sample(value=1)}
    groups = grouped(facts, samples, is_cpu=False, now=NOW, patience=Patience())
    with pytest.raises(NoProposal, match="its pods request 0"):
        by_utilization(1, 50, samples, requests={"a": 0}, groups=groups, tolerance=Tolerance())


@pytest.mark.parametrize(
    ("values", "replicas", "average"), [((-5, -4), 0, -4), ((1500, 1501), 3, 1500)]
)
def test_averages_are_cut_towards_zero(values, replicas, average):
    """As Go divides, where Python goes down."""
    facts = [PodFacts(name=str(number)) for number in range(2)]
    samples = {str(number): Sample(value=value) for number, value in enumerate(values)}
    groups = grouped(facts, samples, is_cpu=False, now=NOW, patience=Patience())
    found = by_average(2, 1000, samples, groups=groups, tolerance=Tolerance())
    assert (replicas, average) == (found.replicas, found.average)


@pytest.mark.parametrize(
    ("current", "value", "ready", "replicas"),
    [
        (5, 1000, 5, 5),
        (5, 1100, 5, 5),
        (5, 1101, 5, 6),
        (5, 3000, 2, 6),
        (5, 3000, 0, 0),
        (0, 0, 0, 0),
        (0, 1, 0, 1),
        (3, 10**18, 1000, MOST),
    ],
)
def test_one_value_for_all_counts_the_pods_that_are_ready(current, value, ready, replicas):
    """With none ready it asks for none, which nobody here listens to."""
    found = by_value(current, 1000, value, ready=ready, tolerance=Tolerance())
    assert replicas == found.replicas


@pytest.mark.parametrize(
    ("shown", "value", "replicas", "average"),
    [(4, 4000, 4, 1000), (4, 4401, 5, 1101), (4, 100, 1, 25), (0, 0, 0, 0), (0, 2001, 3, 2001)],
)
def test_one_value_is_shared_by_the_pods_that_there_are(shown, value, replicas, average):
    """Ready or not; without any the value itself says how many."""
    found = by_value_per_pod(shown, 1000, value, tolerance=Tolerance())
    assert (replicas, average) == (found.replicas, found.average)
