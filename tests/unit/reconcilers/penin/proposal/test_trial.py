"""What becomes of a change on trial."""

import pytest

from informers.meta import codec
from reconcilers.penin.api.architecting import Guard
from reconcilers.penin.proposal import trial
from tests.unit.reconcilers.penin.proposal.world import NOW, ago, cluster, proposal, stamp

EXPECTED = {"metric": "alpha", "direction": "Rise", "by": 0.1}


def tried(*, settled=None, generation=2, applied=None, baseline=None, **spec):
    """Return a proposal that was applied an hour ago."""
    status = {
        "phase": "Applied",
        "appliedAt": stamp(applied or ago(hours=1)),
        "baseline": {"srScore": 0.8} if baseline is None else baseline,
    }
    if settled is not None:
        status |= {"settledAt": stamp(settled), "settledGeneration": generation}
    return proposal(status=status, **spec)


def verdict(found, at):
    """Return how it ends, and why."""
    judged = trial.judge(found, at, now=NOW)
    return judged.end, judged.reason


@pytest.mark.parametrize(
    ("found", "at", "wanted"),
    [
        (tried(settled=ago(minutes=10)), cluster(), ("keep", "GuardsHeld")),
        (tried(settled=ago(minutes=9)), cluster(), ("", "Soaking")),
        (tried(), cluster(), ("", "")),
        (tried(settled=ago(hours=1), generation=1), cluster(), ("", "")),
        (
            tried(settled=ago(minutes=1)),
            cluster(status={"metrics": {"srScore": 0.7}}),
            ("revert", "GuardFailed"),
        ),
        (
            tried(settled=ago(minutes=1)),
            cluster(status={"metrics": {"srScore": 0.77}}),
            ("", "Soaking"),
        ),
        (tried(settled=ago(minutes=1)), cluster(status={"metrics": {}}), ("", "Soaking")),
        (
            tried(settled=ago(minutes=10)),
            cluster(status={"metrics": {}}),
            ("revert", "GuardUnknown"),
        ),
        (tried(settled=ago(minutes=10), baseline={}), cluster(), ("revert", "GuardUnknown")),
        (
            tried(settled=ago(minutes=1)),
            cluster(status={"phase": "Updating"}),
            ("revert", "GuardFailed"),
        ),
        (tried(), cluster(status={"phase": "Failed"}), ("revert", "PhaseFailed")),
        (tried(), cluster(status={"phase": "Updating"}), ("revert", "NotSettled")),
        (
            tried(applied=ago(minutes=14)),
            cluster(status={"phase": "Updating"}),
            ("", "Settling"),
        ),
        (
            tried(applied=ago(minutes=34), settled=ago(minutes=9), generation=1),
            cluster(status={"phase": "Updating"}),
            ("", "Settling"),
        ),
        (
            tried(applied=ago(minutes=35), settled=ago(minutes=9), generation=1),
            cluster(status={"phase": "Updating"}),
            ("revert", "NotSettled"),
        ),
    ],
)
def test_verdicts(found, at, wanted):
    """One for each state of the cluster and of its figures."""
    assert wanted == verdict(found, at)


def test_one_unready_service_is_enough():
    """Though the phase is Running."""
    services = {"omegaMeta": {"ready": False, "replicas": 2, "readyReplicas": 1}}

    assert ("revert", "GuardFailed") == verdict(
        tried(settled=ago(minutes=1)), cluster(status={"services": services})
    )


@pytest.mark.parametrize(
    ("metrics", "asked", "wanted"),
    [
        ({"alpha": 0.6}, False, ("keep", "AsExpected")),
        ({"alpha": 0.55}, False, ("keep", "GuardsHeld")),
        ({"alpha": 0.55}, True, ("revert", "NotAsExpected")),
        ({}, False, ("keep", "GuardsHeld")),
        ({}, True, ("revert", "GuardUnknown")),
    ],
)
def test_what_was_expected(metrics, asked, wanted):
    """It is told in any case, and asked for where the policy says so."""
    found = tried(
        settled=ago(minutes=10), baseline={"alpha": 0.5, "srScore": 0.8}, expected=EXPECTED
    )
    at = cluster(status={"metrics": {"srScore": 0.8} | metrics}, requireExpected=asked)

    assert wanted == verdict(found, at)


@pytest.mark.parametrize(
    ("guard", "before", "value", "worse"),
    [
        ({"mustNot": "Fall", "relative": 0.1}, 1.0, 0.9, False),
        ({"mustNot": "Fall", "relative": 0.1}, 1.0, 0.89, True),
        ({"mustNot": "Rise", "relative": 0.1}, -2.0, -1.8, False),
        ({"mustNot": "Rise", "relative": 0.1}, -2.0, -1.7, True),
        ({"mustNot": "Rise", "relative": 0, "absolute": 0.5}, 0.0, 0.5, False),
        ({"mustNot": "Rise", "relative": 0, "absolute": 0.5}, 0.0, 0.6, True),
        ({"mustNot": "Fall", "relative": 0}, 1.0, 2.0, False),
    ],
)
def test_worse(guard, before, value, worse):
    """In one direction, by more than the larger of two tolerances."""
    made = codec.convert({"metric": "alpha"} | guard, Guard)

    assert worse == trial.is_worse(made, before, value)
