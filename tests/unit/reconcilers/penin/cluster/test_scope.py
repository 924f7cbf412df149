"""The plan of one reconcile: the time of a part's turn is kept, whatever its Deployment says."""

import datetime as dt
import functools

import attrs
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


def scope(*, since, settled=None, stuck=""):
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
                seen=Seen(settings=parts[role.key], settled_for=settled, stuck=stuck)
                if role.key == GUARD
                else Seen(settings=parts[role.key], settled_for=9)
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


def returning(*, since):
    """Return a way back on which the first Deployment still speaks of the way there."""
    found = scope(since=since, stuck="it has timed out progressing")
    good, spec = found.target, wanted(placement={"nodeSelector": {"no": "such-node"}})
    target = Revision.of(functools.partial(desired.parts, spec))
    rolled = {"revision": good.name, "good": good.name, "failed": target.name}
    said = {"rollout": {**rolled, "service": GUARD, "since": since}}
    limits = {"progressDeadline": "1m", "rollback": True}
    body = {"metadata": {"name": "a"}, "spec": {"rollout": limits}, "status": said}
    return attrs.evolve(
        found,
        cluster=codec.convert(body, PeninOmegaCluster),
        target=target,
        revisions={each.name: each for each in (good, target)},
    )


@pytest.mark.parametrize(
    ("since", "stuck"),
    [
        ("2026-01-01T11:59:30Z", ""),
        ("2026-01-01T11:58:00Z", "it did not become ready within 1m0s"),
    ],
    ids=["in time", "late"],
)
def test_on_the_way_back_only_the_own_time_counts(since, stuck):
    """A Deployment may keep saying that it is late after it was given what it had before."""
    made = plan(returning(since=since))

    assert (GUARD, stuck) == (made.at, made.stuck)
