"""The plan of one reconcile: the time of a part's turn is kept, whatever its Deployment says."""

import datetime as dt
import functools

import pytest

from informers.meta import codec
from informers.snapshot import seal
from reconcilers.penin.api.v1alpha1 import PeninOmegaCluster
from reconcilers.penin.cluster import desired
from reconcilers.penin.cluster.observed import Observed
from reconcilers.penin.cluster.revisions import Revision
from reconcilers.penin.cluster.rollout import Seen
from reconcilers.penin.cluster.scope import Scope, plan
from reconcilers.penin.cluster.services import SERVICES
from tests.unit.reconcilers.penin.cluster.world import wanted

NOW = dt.datetime(2026, 1, 1, 12, 0, 0, tzinfo=dt.UTC)
GUARD = SERVICES[0].key


def scope(*, since, settled=None):
    """Return a rollout in which it has been the turn of the first service since then."""
    spec = wanted(rollout={"progressDeadline": "1m"})
    target = Revision.of(functools.partial(desired.parts, spec))
    said = {"rollout": {"revision": target.name, "good": "old", "service": GUARD, "since": since}}
    body = {"metadata": {"name": "a"}, "spec": {"rollout": {"progressDeadline": "1m"}}}
    parts = target.wish.settings
    return Scope(
        follows_from=None,
        cluster=codec.convert({**body, "status": said}, PeninOmegaCluster),
        snapshot=seal(codec.encode({**body, "kind": "PeninOmegaCluster"})),
        wanted=spec,
        target=target,
        revisions={target.name: target},
        observed={
            role.key: Observed(
                seen=Seen(settings=parts[role.key], settled_for=settled if role.key == GUARD else 9)
            )
            for role in SERVICES
        },
        now=NOW,
    )


@pytest.mark.parametrize(
    ("since", "stuck", "again"),
    [
        ("2026-01-01T11:59:30Z", "", 30.0),
        ("2026-01-01T11:59:00Z", "it did not become ready within 1m", None),
        ("2026-01-01T11:00:00Z", "it did not become ready within 1m", None),
    ],
    ids=["in time", "just late", "long late"],
)
def test_a_part_has_so_long(since, stuck, again):
    """Its Deployment may never say that it is late."""
    made = plan(scope(since=since))

    assert (GUARD, again) == (made.at, made.look_again)
    assert made.stuck.startswith(stuck)
    assert bool(stuck) == bool(made.stuck)


def test_a_part_that_is_ready_is_never_late():
    """However long it took."""
    assert plan(scope(since="2026-01-01T01:00:00Z", settled=1.0)).is_done
