"""What users are told, step by step, and once."""

import pytest
from msgspec import UNSET

from informers.meta.conditions import Condition
from reconcilers.penin.api.v1alpha1 import Found, PeninOmegaClusterStatus, RolloutStatus
from reconcilers.penin.cluster.events import Told, steps

RUNNING = PeninOmegaClusterStatus(phase="Running", rollout=RolloutStatus(revision="r1", good="r1"))


def found(phase="Running", **rollout):
    """Return a status as it is written now."""
    return Found(phase=phase, rollout=RolloutStatus(**{"revision": "r1", "good": "r1", **rollout}))


def condition(kind, status, reason, message="why"):
    """Return a condition."""
    return Condition(type=kind, status=status, reason=reason, message=message)


def test_nothing_new_is_not_told():
    """However often it is looked."""
    assert () == steps(RUNNING, found())


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (found("Updating"), [Told("Updating", "a change is on its way")]),
        (
            found(revision="r2", service="sigmaGuard"),
            [Told("RollingOut", "Σ-Guard is being given revision r2")],
        ),
        (
            found(revision="r2", good="r2"),
            [Told("RolledOut", "all services run with revision r2")],
        ),
        (
            found(failed="r2"),
            [Told("RollingBack", "revision r2 did not become ready; going back to r1", "Warning")],
        ),
        (
            found("Terminating"),
            [Told("Terminating", "the cluster is being deleted; its children go with it")],
        ),
    ],
    ids=["phase", "the next service", "done", "given up", "deleted"],
)
def test_each_step_is_told(after, told):
    """In the words of what happened."""
    assert told == list(steps(RUNNING, after))


def test_a_failure_is_told_with_its_reason():
    """Which stands in the condition Ready."""
    [told] = steps(RUNNING, found("Failed"), [condition("Ready", "False", "R", "no image")])

    assert Told("Failed", "no image", "Warning") == told


def test_what_becomes_wrong_is_told_once():
    """The next reconcile finds the condition there already."""
    worse = condition("Degraded", "True", "PodsNotReady")
    before = PeninOmegaClusterStatus(phase="Running", rollout=UNSET, conditions=(worse,))

    [told] = steps(RUNNING, found(), [worse])
    assert Told("PodsNotReady", "why", "Warning") == told
    assert () == steps(before, found(), [worse])


@pytest.mark.parametrize("reason", ["TurnedOff", "Pending"])
def test_what_is_not_wrong_is_not_told(reason):
    """A ledger that is off, or on its way."""
    assert () == steps(RUNNING, found(), [condition("LedgerReady", "False", reason)])


def test_the_first_status_tells_how_it_begins():
    """A cluster that is new."""
    [told] = steps(PeninOmegaClusterStatus(), found("Creating", good=UNSET))

    assert "Creating" == told.reason
