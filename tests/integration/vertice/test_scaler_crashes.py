"""A manager that dies between any two of its writes: the next one ends where it would have."""

import asyncio

import pytest

from reconcilers.vertice.scaler.reconciler import set_up
from tests.integration.vertice.world import WITHIN
from tests.kit.crashpoints import Guillotine
from tests.kit.eventually import eventually
from tests.kit.hosting import hosted

POINTS = 8
"""The fence is asked twice for each write: of how many there were, the scale, the status, the Event
that tells."""


@pytest.mark.parametrize("point", range(POINTS))
async def test_the_next_manager_ends_the_same(world, busy, cluster, namespace, point):
    """As many pods as an undisturbed one would have made, told, and remembered as asked for."""
    await busy("90m")
    death = Guillotine(point)
    async with hosted(cluster, set_up, namespaces=[namespace], fence=death):
        world.create()
        async with asyncio.timeout(30):
            await death.fell.wait()

    async with hosted(cluster, set_up, namespaces=[namespace]):
        await eventually(world.replicas, equals=4, within=WITHIN)
        await eventually(lambda: world.status().get("desiredReplicas"), equals=4, within=WITHIN)
        await eventually(lambda: world.condition("AbleToScale")[0], equals="True", within=WITHIN)

    history = world.status()["history"]
    assert 4 == max(each["replicas"] for each in history["recommendations"])
    assert 4 == world.replicas()
