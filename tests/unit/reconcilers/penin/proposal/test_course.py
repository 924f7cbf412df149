"""What happens next to a proposal."""

import pytest

from reconcilers.penin.proposal.course import Approval, Facts, next_step
from reconcilers.penin.proposal.policy import Refusal
from tests.unit.reconcilers.penin.proposal.world import NOW, ago, cluster, proposal, stamp

OLD = proposal(created=ago(hours=1))
APPLIED = proposal(
    status={
        "phase": "Applied",
        "appliedAt": stamp(ago(minutes=11)),
        "settledAt": stamp(ago(minutes=10)),
        "settledGeneration": 2,
        "baseline": {"srScore": 0.8},
    }
)
JANE = Approval(word="approved", by="jane")
JOE = Approval(word="denied", by="joe")


def facts(**changes):
    """Return what is known of a proposal that nothing speaks against."""
    known = {"proposal": proposal(), "cluster": cluster(), "last": None, "now": NOW}
    return Facts(**(known | changes))


def said(step):
    """Return a step in two words: the decision or the phase, and why."""
    return getattr(step, "decision", "") or step.phase, step.reason


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        ({}, ("applied", "Allowed")),
        ({"cluster": None}, ("rejected", "NoCluster")),
        ({"proposal": OLD}, ("expired", "TooLate")),
        ({"is_deleting": True}, ("expired", "Withdrawn")),
        ({"stopped": "an incident"}, ("rejected", "Stopped")),
        ({"refusal": Refusal(reason="Frozen", message="")}, ("rejected", "Frozen")),
        ({"rival": "other"}, ("Pending", "Queued")),
        ({"cluster": cluster(status={"phase": "Updating"})}, ("Pending", "ClusterNotSettled")),
        ({"cluster": cluster(status={"metrics": {}})}, ("Pending", "NoBaseline")),
        ({"cluster": cluster(mode="DryRun")}, ("dry-run", "WouldBeApplied")),
        ({"cluster": cluster(mode="Supervised")}, ("AwaitingApproval", "Supervised")),
        ({"cluster": cluster(mode="Supervised"), "approval": JANE}, ("approved", "Approved")),
        ({"cluster": cluster(mode="Supervised"), "approval": JOE}, ("rejected", "Denied")),
        (
            {"cluster": cluster(mode="Supervised"), "last": "approved", "approval": JANE},
            ("applied", "Allowed"),
        ),
        (
            {"cluster": cluster(mode="Supervised"), "last": "approved"},
            ("AwaitingApproval", "Supervised"),
        ),
        ({"approval": JOE}, ("rejected", "Denied")),
    ],
)
def test_before_it_is_applied(known, wanted):
    """The first thing that speaks against it decides."""
    assert wanted == said(next_step(facts(**known)))


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        ({}, ("kept", "GuardsHeld")),
        ({"cluster": None}, ("superseded", "ClusterGone")),
        ({"taken": "replicas.omegaMeta"}, ("superseded", "HumanWins")),
        ({"taken": "it", "stopped": "an incident"}, ("superseded", "HumanWins")),
        ({"stopped": "an incident"}, ("reverted", "Stopped")),
        ({"is_deleting": True}, ("reverted", "Withdrawn")),
        ({"cluster": cluster(enabled=False)}, ("reverted", "Disabled")),
        ({"cluster": cluster(status={"phase": "Failed"})}, ("reverted", "PhaseFailed")),
        ({"cluster": cluster(soak="1h")}, ("Applied", "Soaking")),
    ],
)
def test_while_it_is_on_trial(known, wanted):
    """A person comes first, then the switches, then the guards."""
    assert wanted == said(next_step(facts(proposal=APPLIED, last="applied", **known)))


def test_who_denies_it_stands_in_the_decision():
    """The ledger is to name the person."""
    assert "joe" == next_step(facts(approval=JOE)).by
