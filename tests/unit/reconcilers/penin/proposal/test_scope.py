"""How long a finished proposal is kept: as long as anybody has to know of it."""

import attrs
import pytest

from informers.meta import codec
from informers.snapshot import seal
from reconcilers.penin.proposal.scope import Scope
from tests.unit.reconcilers.penin.proposal.world import NOW, ago, cluster, proposal, stamp

HOUR = 3600.0
SHORT = {"history": "1h", "mute": {"window": "1h"}}


def scope(*, applied, **policy):
    """Return a proposal that ended half an hour ago, applied or not."""
    status = {"phase": "Kept", "finishedAt": stamp(ago(minutes=30))}
    if applied:
        status["appliedAt"] = stamp(ago(minutes=40))
    found = proposal(status=status)
    return Scope(
        proposal=found,
        snapshot=seal(codec.encode({"kind": "PeninProposal", "metadata": {"name": "p"}})),
        cluster=cluster(**policy),
        cluster_snapshot=None,
        decisions=(),
        now=NOW,
    )


@pytest.mark.parametrize(
    ("applied", "policy", "hours"),
    [
        (False, SHORT, 0.5),
        (True, SHORT, 23.5),
        (True, SHORT | {"cooldown": "48h"}, 47.5),
        (True, {"history": "168h"}, 167.5),
    ],
    ids=["refused", "counted for a day", "cools down longer", "kept longer anyway"],
)
def test_what_was_applied_is_kept_while_it_counts(applied, policy, hours):
    """Else a short history would let more be applied in a day than the policy says."""
    assert hours * HOUR == scope(applied=applied, **policy).history_left


def test_one_whose_cluster_is_gone_does_not_stay_for_ever():
    """A namespace in which clusters come and go would fill with them."""
    gone = attrs.evolve(scope(applied=True), cluster=None)
    assert 167.5 * HOUR == gone.history_left
