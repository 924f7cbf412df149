"""Guards: failed and passed are shown, undecided is neither, missing has no data."""

import pytest
from msgspec.structs import replace

from reconcilers.penin.api.evidence import ArmState, Durations, ExperimentState, PodCounters
from reconcilers.penin.experiment import durations
from reconcilers.penin.experiment.guards import Pods, checks, judge
from tests.unit.reconcilers.penin.experiment.world import arm, spec

PODS = Pods(champion=4, challenger=1)
BOUNDS = (0.1, 0.5, 1.0)


def result(guard, state):
    """Return how the only limit of a guard stands."""
    (check,) = checks(spec(guards=[guard]).guards)
    return judge(check, state, alpha=0.05, pods=PODS).result


def errors(champion, challenger, *, batches=50):
    """Return what is known after so many batches of 400 and of 100 requests."""
    return ExperimentState(
        champion=arm([], errors=[(champion, 400)] * batches),
        challenger=arm([], errors=[(challenger, 100)] * batches),
    )


@pytest.mark.parametrize(
    ("guard", "state", "wanted"),
    [
        ({"maximum": 0.05}, errors(4, 1), "Passed"),
        ({"maximum": 0.05}, errors(40, 20), "Failed"),
        ({"maximum": 0.05}, errors(4, 5), "Undecided"),
        ({"maximum": 0.05}, errors(4, 1, batches=0), "Missing"),
        ({"margin": 0.05}, errors(40, 10), "Passed"),
        ({"margin": 0.05}, errors(40, 30), "Failed"),
        ({"margin": 0.05}, errors(40, 15), "Undecided"),
        ({"margin": 0.05}, errors(40, 10, batches=1), "Undecided"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_errors(guard, state, wanted):
    """Against a number, and against the champion."""
    assert wanted == result({"metric": "errorRatio", **guard}, state)


def timed(*totals, count, batches=20):
    """Return durations of so many batches like this one."""
    found = Durations()
    for _ in range(batches):
        found = durations.add(found, BOUNDS, totals, count)
    return ArmState(durations=found)


FAST, SLOW = timed(99.8, 100, 100, count=100), timed(60, 80, 90, count=100)


@pytest.mark.parametrize(
    ("guard", "champion", "challenger", "wanted"),
    [
        ({"maximum": 0.5}, FAST, FAST, "Passed"),
        ({"maximum": 0.5}, FAST, SLOW, "Failed"),
        ({"maximum": 0.5}, FAST, timed(60, 99, 100, count=100), "Undecided"),
        ({"maximum": 0.5}, FAST, ArmState(), "Missing"),
        ({"maximum": 5}, FAST, SLOW, "Undecided"),
        ({"margin": 0.5}, FAST, FAST, "Passed"),
        ({"margin": 0.4}, FAST, SLOW, "Failed"),
        ({"margin": 0.1}, SLOW, SLOW, "Undecided"),
        ({"margin": 0.1}, ArmState(), FAST, "Missing"),
    ],
    ids=str,
)
def test_late_requests(guard, champion, challenger, wanted):
    """One in a hundred may be later; beyond the last bound nobody can tell."""
    state = ExperimentState(champion=champion, challenger=challenger)

    assert wanted == result({"metric": "p99Latency", **guard}, state)


@pytest.mark.parametrize(
    ("guard", "champion", "challenger", "wanted"),
    [
        ({"maximum": 0}, 0, 0, "Passed"),
        ({"maximum": 0}, 0, 1, "Failed"),
        ({"maximum": 2}, 0, 2, "Passed"),
        ({"margin": 1}, 8, 3, "Passed"),
        ({"margin": 1}, 4, 3, "Failed"),
    ],
    ids=str,
)
def test_restarts_are_counted(guard, champion, challenger, wanted):
    """All of the challenger's pods together, or per pod against the champion's four."""
    seen = {"a": PodCounters(at=0.0)}
    state = ExperimentState(
        champion=ArmState(restarts=champion), challenger=ArmState(restarts=challenger, pods=seen)
    )

    assert wanted == result({"metric": "restarts", **guard}, state)
    nobody = replace(state, challenger=ArmState())
    assert "Missing" == result({"metric": "restarts", **guard}, nobody)


def test_one_guard_may_have_both_limits():
    """Each is a comparison of its own, with its own part of alpha."""
    found = checks(spec(guards=[{"metric": "errorRatio", "maximum": 0.1, "margin": 0.01}]).guards)

    assert ["maximum", "margin"] == [each.limit for each in found]
