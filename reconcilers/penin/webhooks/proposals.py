"""Who proposes and who approves, as the API server knows them and nobody else says.

`stamp` fills it in, `attest` looks at what is to be stored after all other webhooks. Both fail
closed: while no manager answers, no proposal is taken. A ServiceAccount may propose only for the
cluster whose SR-Ω∞ it is; people may where RBAC lets them. Nobody approves of what they propose.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from controller.runtime.registration import Webhook
from controller.runtime.webhook.admission import Admission, Denied
from informers.errors import Cause
from reconcilers.penin.api.proposal import PENIN_PROPOSAL, PeninProposal, Proposer
from reconcilers.penin.cluster.services import SR_OMEGA_INFINITY
from reconcilers.penin.proposal.scope import APPROVAL, APPROVED_BY

WORDS: Final = ("approved", "denied")
_ACCOUNT: Final = "system:serviceaccount:"


def stamp(request: Admission[PeninProposal]) -> PeninProposal:
    """Fill in who asks: as the proposer of a new proposal, as the approver of an old one."""
    found, user = request.object, request.user
    if request.operation == "CREATE":
        if found.spec.proposer == Proposer():
            spec = replace(found.spec, proposer=Proposer(username=user.name, uid=user.uid))
            found = replace(found, spec=spec)
        return found
    before, said = _annotations(request.old), dict(_annotations(found))
    if said.get(APPROVAL) == before.get(APPROVAL):
        return found
    if said.get(APPROVED_BY) == before.get(APPROVED_BY):
        said.pop(APPROVED_BY, None)  # it names who spoke before
        if said.get(APPROVAL):
            said[APPROVED_BY] = user.name
    return replace(found, metadata=replace(found.metadata, annotations=said))


def attest(request: Admission[PeninProposal]) -> None:
    """Refuse what says that somebody else asks than who does."""
    if request.operation == "CREATE":
        _attest_proposer(request)
    else:
        _attest_approver(request)


def _attest_proposer(request: Admission[PeninProposal]) -> None:
    proposal, user = request.object, request.user
    if proposal.spec.proposer != Proposer(username=user.name, uid=user.uid):
        given = proposal.spec.proposer.username
        raise _invalid("spec.proposer", f"{user.name} proposes this, not {given!r}: leave it out")
    if {APPROVAL, APPROVED_BY} & _annotations(proposal).keys():
        raise _invalid("metadata.annotations", "nobody approves of what they propose")
    cluster = proposal.spec.cluster
    expected = f"{_ACCOUNT}{request.namespace}:{SR_OMEGA_INFINITY.child(cluster)}"
    if user.name.startswith(_ACCOUNT) and user.name != expected:
        raise Denied(
            f"{user.name} may not propose for {cluster}: of ServiceAccounts, only "
            f"{SR_OMEGA_INFINITY.child(cluster)} of this namespace may"
        )


def _attest_approver(request: Admission[PeninProposal]) -> None:
    before, now = _annotations(request.old), _annotations(request.object)
    if request.old is not None and request.old.spec != request.object.spec:
        raise _invalid("spec", "a proposal cannot be changed: make another one")
    said = (before.get(APPROVAL), before.get(APPROVED_BY))
    says = (now.get(APPROVAL), now.get(APPROVED_BY))
    if says == said:
        return
    field = f"metadata.annotations[{APPROVAL}]"
    if now.get(APPROVAL) not in (*WORDS, None):
        raise _invalid(field, f"say one of {', '.join(WORDS)}")
    if request.user.name == request.object.spec.proposer.username:
        raise Denied("nobody approves of what they propose: somebody else has to")
    if says != (now.get(APPROVAL), request.user.name if now.get(APPROVAL) else None):
        raise _invalid(field, f"{request.user.name} says this, not {now.get(APPROVED_BY)!r}")


def _annotations(proposal: PeninProposal | None) -> Mapping[str, str]:
    if proposal is None or proposal.metadata.annotations is UNSET:
        return {}
    return proposal.metadata.annotations


def _invalid(field: str, message: str) -> Denied:
    return Denied(message, causes=[Cause(reason="FieldValueInvalid", message=message, field=field)])


WEBHOOKS: Final = (
    Webhook(name="stamp-proposer", kind=PENIN_PROPOSAL, mode="mutate", handler=stamp),
    Webhook(name="attest-proposer", kind=PENIN_PROPOSAL, mode="validate", handler=attest),
)
