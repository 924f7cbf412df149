"""What happens next to a proposal: a pure function of what is known about it.

    Pending → AwaitingApproval → Applied → Kept | Reverted | Superseded
            ↘ Rejected | DryRun | Expired

Each decision is recorded in the ledger before it has an effect, so what the ledger says of a
proposal is where it stands; the status follows.
"""

import datetime as dt
from typing import Final, Literal

import attrs
from msgspec import UNSET

from informers.meta.microtime import Time
from reconcilers.penin.api.proposal import PeninProposal, ProposalPhase
from reconcilers.penin.api.v1alpha1 import PeninOmegaCluster
from reconcilers.penin.ledger.chain import Decision
from reconcilers.penin.proposal import trial
from reconcilers.penin.proposal.policy import Refusal

OPERATOR: Final = "operator"
ENDS: Final[dict[Decision, ProposalPhase]] = {
    "rejected": "Rejected",
    "dry-run": "DryRun",
    "kept": "Kept",
    "reverted": "Reverted",
    "superseded": "Superseded",
    "expired": "Expired",
}
"""The decisions after which nothing more happens, and the phase of each."""
FINAL: Final = frozenset(ENDS.values())


@attrs.frozen(kw_only=True)
class Approval:
    """What a person says of a proposal that waits for one, and who it is."""

    word: Literal["approved", "denied"]
    by: str


@attrs.frozen(kw_only=True)
class Facts:
    """Everything that decides what happens next.

    `cluster` is None while there is none, or while it is being deleted. `stopped` says why all of
    this is switched off. `taken` says who else has changed a field of the change. `rival` is the
    proposal that is on trial. `refusal` is the policy's word.
    """

    proposal: PeninProposal
    cluster: PeninOmegaCluster | None
    last: Decision | None
    stopped: str = ""
    taken: str = ""
    rival: str = ""
    refusal: Refusal | None = None
    approval: Approval | None = None
    is_deleting: bool = False
    now: dt.datetime


@attrs.frozen(kw_only=True)
class Wait:
    """Nothing is decided yet."""

    phase: ProposalPhase
    reason: str
    message: str
    settled: bool | None = None
    seconds: float | None = None


@attrs.frozen
class Decide:
    """A decision, to be recorded and then carried out."""

    decision: Decision
    reason: str
    message: str
    by: str = attrs.field(default=OPERATOR, kw_only=True)


Step = Wait | Decide


def next_step(facts: Facts) -> Step:
    """Return what happens next to a proposal about which no final decision was made."""
    return _on_trial(facts) if facts.last == "applied" else _not_yet_applied(facts)


def _not_yet_applied(facts: Facts) -> Step:
    proposal, cluster = facts.proposal, facts.cluster
    ends = _ends_at(proposal)
    if facts.is_deleting:
        return Decide("expired", "Withdrawn", "it was deleted")
    if cluster is None:
        message = f"there is no PeninOmegaCluster {proposal.spec.cluster} in this namespace"
        return Decide("rejected", "NoCluster", message)
    if facts.now >= ends:
        message = f"it was not applied within {proposal.spec.ttl}"
        return Decide("expired", "TooLate", message)
    if facts.stopped:
        return Decide("rejected", "Stopped", facts.stopped)
    if facts.refusal is not None:
        message = facts.refusal.message
        return Decide("rejected", facts.refusal.reason, message)
    seconds = (ends - facts.now).total_seconds()
    return _approved(facts, cluster, seconds) or _ready(facts, cluster, seconds)


def _approved(facts: Facts, cluster: PeninOmegaCluster, seconds: float) -> Step | None:
    """Return what a person's word means; None if it is there or not wanted.

    Who takes a word back before the change is applied is heard as well.
    """
    policy, approval = cluster.spec.self_architecting, facts.approval
    if approval is not None and approval.word == "denied":
        message = f"{approval.by} does not want it"
        return Decide("rejected", "Denied", message, by=approval.by)
    if policy.mode != "Supervised":
        return None
    if approval is not None and facts.last == "approved":
        return None
    if approval is not None:
        message = f"{approval.by} approves of it"
        return Decide("approved", "Approved", message, by=approval.by)
    message = "the policy allows it; somebody else than its proposer has to approve of it"
    return Wait(phase="AwaitingApproval", reason="Supervised", message=message, seconds=seconds)


def _ready(facts: Facts, cluster: PeninOmegaCluster, seconds: float) -> Step:
    """Apply it if there is something to compare with later, and nothing else is on trial."""
    policy = cluster.spec.self_architecting
    if policy.mode == "DryRun":
        message = "the policy and the API server would allow it; the mode is DryRun"
        return Decide("dry-run", "WouldBeApplied", message)
    if facts.rival:
        message = f"waits for the end of {facts.rival}"
        return Wait(phase="Pending", reason="Queued", message=message, seconds=seconds)
    trouble = trial.unready(cluster)
    if trouble:
        message = f"waits for the cluster: {trouble}"
        return Wait(phase="Pending", reason="ClusterNotSettled", message=message, seconds=seconds)
    lacking = trial.lacking(policy, cluster)
    if lacking is not None:
        return Wait(
            phase="Pending", reason=lacking.reason, message=lacking.message, seconds=seconds
        )
    return Decide("applied", "Allowed", "the policy allows it")


def _on_trial(facts: Facts) -> Step:
    if facts.cluster is None:
        message = "the cluster is gone, or on its way"
        return Decide("superseded", "ClusterGone", message)
    if facts.taken:
        return Decide("superseded", "HumanWins", facts.taken)
    stopped = _stopped(facts, facts.cluster)
    if stopped is not None:
        return stopped
    found = trial.judge(facts.proposal, facts.cluster, now=facts.now)
    if found.end == "keep":
        return Decide("kept", found.reason, found.message)
    if found.end == "revert":
        return Decide("reverted", found.reason, found.message)
    return Wait(
        phase="Applied",
        reason=found.reason or "Soaking",
        message=found.message or "all services are ready with it",
        settled=found.settled,
        seconds=found.seconds,
    )


def _stopped(facts: Facts, cluster: PeninOmegaCluster) -> Decide | None:
    """Take a change on trial back when nobody wants it any more."""
    if facts.stopped:
        return Decide("reverted", "Stopped", facts.stopped)
    if not cluster.spec.self_architecting.enabled:
        message = "spec.selfArchitecting.enabled was switched off"
        return Decide("reverted", "Disabled", message)
    if facts.is_deleting:
        return Decide("reverted", "Withdrawn", "it was deleted")
    return None


def _ends_at(proposal: PeninProposal) -> dt.datetime:
    created = proposal.metadata.creation_timestamp
    assert created is not UNSET, "the API server stamps every object"
    return Time.parse(created).datetime + proposal.spec.ttl.timedelta
