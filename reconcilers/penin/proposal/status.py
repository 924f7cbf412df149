"""What there is to say of a proposal: pure functions of what was decided."""

import datetime as dt
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from controller.runtime.stated import stated
from informers.meta.conditions import Condition
from informers.meta.microtime import MicroTime
from reconcilers.penin.api.proposal import (
    FieldBefore,
    LedgerReference,
    PeninProposal,
    PeninProposalStatus,
    ProposalPhase,
)
from reconcilers.penin.api.v1alpha1 import PeninOmegaCluster
from reconcilers.penin.ledger.chain import Entry, hash_of, written
from reconcilers.penin.proposal.course import FINAL, Wait

APPLYING: Final = "Applying"


def waiting(
    proposal: PeninProposal, step: Wait, *, generation: int | None, now: dt.datetime
) -> PeninProposalStatus:
    """Return the status of a proposal about which nothing new is decided.

    `generation` is that of a cluster whose services are ready; None if they are not.
    """
    status = _spoken(proposal, step.phase, step.reason, step.message)
    if generation is None or status.settled_generation == generation:
        return status
    return replace(status, settled_at=MicroTime.of(now), settled_generation=generation)


def applying(
    proposal: PeninProposal, before: tuple[FieldBefore, ...], cluster: PeninOmegaCluster
) -> PeninProposalStatus:
    """Return the status of one that is about to be applied: how to take it back."""
    status = _spoken(proposal, "Pending", APPLYING, "what it changes is remembered")
    return replace(status, before=before, baseline=cluster.status.metrics)


def applied(
    proposal: PeninProposal, last: Entry | None, *, now: dt.datetime
) -> PeninProposalStatus:
    """Return the status of one that was just applied."""
    status = _spoken(proposal, "Applied", "Settling", "the cluster was changed")
    return replace(status, applied_at=MicroTime.of(now), ledger=reference(last))


def ended(
    proposal: PeninProposal,
    phase: ProposalPhase,
    *,
    reason: str,
    message: str,
    last: Entry | None,
    cluster: PeninOmegaCluster | None,
    now: dt.datetime,
) -> PeninProposalStatus:
    """Return the status of one that nothing more comes of."""
    status = _spoken(proposal, phase, reason, message)
    return replace(
        status,
        finished_at=MicroTime.of(now),
        result=UNSET if cluster is None else cluster.status.metrics,
        ledger=reference(last),
    )


def unwritable(proposal: PeninProposal, trouble: str) -> PeninProposalStatus:
    """Return the status of one whose next decision the ledger cannot take."""
    phase = proposal.status.phase
    message = f"nothing is decided without the ledger, which cannot be written: {trouble}"
    return _spoken(proposal, "Pending" if phase is UNSET else phase, "LedgerUnwritable", message)


def stuck(proposal: PeninProposal, trouble: str) -> PeninProposalStatus:
    """Return the status of one whose change has to go, and which the API server keeps in place."""
    message = (
        f"the change is to be taken back, and the API server refuses that: {trouble}; change the "
        "fields yourself, or whatever refuses it"
    )
    return _spoken(proposal, "Applied", "RevertRefused", message)


def reference(entry: Entry | None) -> LedgerReference:
    """Return where a decision stands."""
    if entry is None:
        return LedgerReference(sequence=0, hash="")
    return LedgerReference(sequence=entry.sequence, hash=hash_of(written(entry)))


def conditions(proposal: PeninProposal, status: PeninProposalStatus) -> tuple[Condition, ...]:
    """Return all conditions of a proposal."""
    phase = status.phase
    return (
        _condition(proposal, status, "Applied", is_so=phase in ("Applied", "Kept")),
        _condition(proposal, status, "Finished", is_so=phase in FINAL),
    )


def _condition(
    proposal: PeninProposal, status: PeninProposalStatus, kind: str, *, is_so: bool
) -> Condition:
    reason = "Unknown" if status.reason is UNSET else status.reason
    message = "" if status.message is UNSET else status.message
    return stated(proposal, kind, reason, message, is_so=is_so)


def _spoken(
    proposal: PeninProposal, phase: ProposalPhase, reason: str, message: str
) -> PeninProposalStatus:
    return replace(
        proposal.status,
        observed_generation=proposal.metadata.generation,
        phase=phase,
        reason=reason,
        message=message,
    )
