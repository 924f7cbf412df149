"""Many clusters cost what they need: a sample of what `make bench` does with five hundred."""

import asyncio

import pytest

from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER
from reconcilers.penin.cluster.reconciler import NAME
from tests.integration.penin.world import is_running, made
from tests.kit.audit import Audit
from tests.kit.eventually import eventually
from tests.kit.hosting import hosted

NAMES = [f"c{index}" for index in range(10)]
WITHIN = 240
REDIS = {"cache": {"type": "redis"}}
MOST = 60
"""Requests about the objects of one cluster: 22 for its children, then status and Events."""


@pytest.fixture
def asked(cluster, namespace):
    """Return a function that begins a record of the requests about single objects of the test."""

    def begin():
        audit = Audit(cluster.audit_log, user="kubernetes-admin")
        return lambda: [
            f"{entry.verb} {entry.request_uri}"
            for entry in audit.entries()
            if entry.object_ref.namespace == namespace and entry.verb not in {"list", "watch"}
        ]

    return begin


def is_at_rest(host):
    """Whether every cluster was reconciled and no controller has anything left to do."""
    found = {each.name: each.statistics for each in host.controllers}
    waiting = sum(
        sum(controller.queue.statistics().depth.values()) for controller in host.controllers
    )
    done = sum(found[NAME].outcomes.values())
    return done >= len(NAMES) and not waiting and not any(each.active for each in found.values())


@pytest.fixture
def hosting(cluster, namespace, family):
    """Return a function that runs all controllers of the family for the test's namespace."""
    set_up = [controller.set_up for controller in family.controllers]
    return lambda: hosted(cluster, *set_up, namespaces=[namespace])


async def test_a_restart_on_settled_clusters_asks_for_nothing(hosting, namespace, rest, asked):
    """Each is reconciled, and no object is read or written; making them took few requests."""
    at = PENIN_OMEGA_CLUSTER.path(namespace)

    def are_running():
        return all(map(is_running, rest.get(at)["items"]))

    creating = asked()
    async with hosting() as host:
        for name in NAMES:
            await asyncio.to_thread(rest.create, at, made(name, storage=REDIS))
        await eventually(lambda: asyncio.to_thread(are_running), within=WITHIN)
        await eventually(lambda: is_at_rest(host), within=WITHIN)
    assert len(creating()) / len(NAMES) < MOST

    again = asked()
    async with hosting() as host:
        await eventually(lambda: is_at_rest(host), within=WITHIN)

    assert [] == again()
