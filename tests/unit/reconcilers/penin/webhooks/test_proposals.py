"""Who may propose, who may approve, and what nobody can forge."""

import pytest
from msgspec.structs import replace

from controller.runtime.webhook.admission import Admission, Denied, User
from informers.meta.object import ObjectMeta
from reconcilers.penin.api.proposal import Proposer
from reconcilers.penin.webhooks.proposals import attest, stamp
from tests.unit.reconcilers.penin.proposal import world

JANE, JOE = User(name="jane", uid="1"), User(name="joe", uid="2")
SR = User(name="system:serviceaccount:default:a-sr-omega-infinity", uid="3")


def proposal(*, proposer=None, **annotations):
    """Return a proposal, annotated."""
    made = world.proposal()
    given = Proposer() if proposer is None else Proposer(username=proposer.name, uid=proposer.uid)
    said = {f"penin.ai/{name.replace('_', '-')}": word for name, word in annotations.items()}
    return replace(
        made,
        spec=replace(made.spec, proposer=given),
        metadata=ObjectMeta(name="p", annotations=said),
    )


def admitted(new, *, user, old=None, namespace="default"):
    """Return what both webhooks make of a request, in the order of the API server."""
    operation = "CREATE" if old is None else "UPDATE"
    asked = {"operation": operation, "old": old, "user": user, "namespace": namespace}
    new = stamp(Admission(new=new, **asked))
    attest(Admission(new=new, **asked))
    return new


@pytest.mark.parametrize("user", [JANE, SR], ids=["person", "SR-Ω∞"])
def test_who_asks_is_stamped(user):
    """With name and uid, whether or not they say it themselves."""
    expected = Proposer(username=user.name, uid=user.uid)

    assert expected == admitted(proposal(), user=user).spec.proposer
    assert expected == admitted(proposal(proposer=user), user=user).spec.proposer


@pytest.mark.parametrize(
    "claimed", [JOE, User(name="jane", uid="9"), User(name="jane"), User(uid="1")]
)
def test_a_forged_proposer_is_refused(claimed):
    """In the name, or in the uid alone."""
    with pytest.raises(Denied, match="jane proposes this"):
        admitted(proposal(proposer=claimed), user=JANE)


@pytest.mark.parametrize(
    ("name", "namespace"),
    [
        ("system:serviceaccount:default:b-sr-omega-infinity", "default"),
        ("system:serviceaccount:other:a-sr-omega-infinity", "default"),
        ("system:serviceaccount:default:a-omega-meta", "default"),
        ("system:serviceaccount:default:default", "default"),
    ],
)
def test_other_service_accounts_may_not_propose(name, namespace):
    """Not those of other clusters, other namespaces or other services."""
    with pytest.raises(Denied, match="may not propose for a"):
        admitted(proposal(), user=User(name=name, uid="4"), namespace=namespace)


@pytest.mark.parametrize("word", ["approved", "denied"])
def test_who_approves_is_stamped(word):
    """A later word of somebody else has their name."""
    first = admitted(proposal(proposer=SR, approval=word), user=JANE, old=proposal(proposer=SR))
    assert "jane" == first.metadata.annotations["penin.ai/approval-by"]

    other = "denied" if word == "approved" else "approved"
    changed = proposal(proposer=SR, approval=other, approval_by="jane")
    second = admitted(changed, user=JOE, old=first)
    assert "joe" == second.metadata.annotations["penin.ai/approval-by"]


def test_a_word_that_is_taken_back_takes_the_name_with_it():
    """Whose it was does not matter any more."""
    old = proposal(proposer=SR, approval="approved", approval_by="jane")

    found = admitted(proposal(proposer=SR, approval_by="jane"), user=JANE, old=old)

    assert {} == found.metadata.annotations


@pytest.mark.parametrize(
    ("new", "old", "user", "message"),
    [
        ({"approval": "approved"}, {}, SR, "nobody approves"),
        ({"approval": "approved", "approval_by": "joe"}, {}, JANE, "jane says this"),
        ({"approval_by": "joe"}, {}, JANE, "jane says this"),
        ({"approval": "maybe"}, {}, JANE, "say one of"),
        (
            {"approval": "approved", "approval_by": "joe"},
            {"approval": "approved", "approval_by": "jane"},
            SR,
            "nobody approves",
        ),
    ],
)
def test_forged_approvals_are_refused(new, old, user, message):
    """By the proposer, or in the name of somebody else."""
    with pytest.raises(Denied, match=message):
        admitted(proposal(proposer=SR, **new), user=user, old=proposal(proposer=SR, **old))


def test_nobody_approves_while_proposing():
    """The annotations come later, by others."""
    with pytest.raises(Denied, match="nobody approves"):
        admitted(proposal(approval="approved"), user=JANE)


def test_other_changes_pass():
    """A finalizer, or an annotation of somebody's own."""
    old = proposal(proposer=SR, approval="approved", approval_by="jane")
    new = proposal(proposer=SR, approval="approved", approval_by="jane", note="x")

    assert new == admitted(new, user=User(name="operator"), old=old)


def test_the_spec_stays():
    """Where the API server does not know the rule, the webhook holds it."""
    old = proposal(proposer=SR)
    with pytest.raises(Denied, match="cannot be changed"):
        admitted(replace(old, spec=replace(old.spec, rationale="x")), user=JANE, old=old)
