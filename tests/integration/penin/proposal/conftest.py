"""Fixtures: a cluster whose state the test tells, and the controller of proposals alone."""

import pytest

from reconcilers.penin.proposal.reconciler import set_up
from tests.integration.penin.proposal.world import World
from tests.kit.hosting import hosted


@pytest.fixture
def world(cluster, rest, namespace, family):
    """Return the cluster `a` of a test, to be made."""
    assert family.kinds
    return World(cluster.kubeconfig, rest, namespace)


@pytest.fixture
def home(namespace):
    """Return the operator's own namespace."""
    return namespace


@pytest.fixture
async def judging(cluster, namespace, home, family):
    """Run the controller of proposals."""
    assert family.kinds

    def at_home(runtime):
        runtime.namespace = home
        return set_up(runtime)

    async with hosted(cluster, at_home, namespaces={namespace, home}) as host:
        yield host
