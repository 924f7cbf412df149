"""Fixtures of the VÉRTICE tests: its kinds are served, workloads and what they use are made up."""

import pytest

from informers.clock import LoopClock
from reconcilers.vertice.api.scaler import VerticeScaler
from reconcilers.vertice.scaler.reading.prometheus import Queries
from reconcilers.vertice.scaler.reconciler import set_up
from tests.integration.vertice.world import WITHIN, World, serve
from tests.kit.eventually import eventually
from tests.kit.hosting import hosted


@pytest.fixture(scope="session")
def scalers(kubectl):
    """Serve the kind, and figures of pods as metrics-server gives them."""
    serve(kubectl)
    return VerticeScaler


@pytest.fixture
def world(scalers, rest, namespace):
    """Return the test's namespace, with what is in it."""
    return World(scalers, rest, namespace)


@pytest.fixture
def managed(cluster, namespace, scalers):
    """Return a function that runs the controller as long as its block lasts."""

    def make(runtime):
        assert scalers.definition.kind.plural == "verticescalers"
        return set_up(runtime)

    return lambda: hosted(cluster, make, namespaces=[namespace])


@pytest.fixture
async def host(managed):
    """Run the controller."""
    async with managed() as found:
        yield found


@pytest.fixture
def busy(world):
    """Return a function that makes the workload `web` and waits until its pods are measured."""

    async def make(cpu="90m", **options):
        world.deploy(**options)
        await eventually(world.ready, equals=options.get("replicas", 2), within=WITHIN)
        world.use(cpu)

    return make


@pytest.fixture
async def queries():
    """Return who asks."""
    asking = Queries(LoopClock())
    yield asking
    await asking.close()
