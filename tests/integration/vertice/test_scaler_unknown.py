"""Writes of a scale that are refused, or of which nobody hears what became of them."""

import pytest

from reconcilers.vertice.api.scaler import VERTICE_SCALER
from reconcilers.vertice.scaler.reconciler import set_up
from tests.integration.vertice.test_scaler import becomes
from tests.integration.vertice.world import AT_ONCE
from tests.kit.answers import refusal
from tests.kit.faults import Cut, Match
from tests.kit.hosting import hosted

SCALE = Match(method="PUT", path="/scale$")
NOBODY = {"cron": "* * * * *", "replicas": 0, "mode": "exact"}
LOST = {"lost": Cut(at="reply"), "an error instead": refusal(504, at="reply")}


@pytest.fixture
async def between(world, proxied):
    """Run the controller, with whom it asks in between."""
    async with hosted(proxied, set_up, namespaces=[world.namespace]) as host:
        yield host


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
@pytest.mark.usefixtures("between")
async def test_whose_answer_is_lost_knows_that_it_took_the_last_pod(world, proxy, fault):
    """The write was done; the next look finds no pods, and knows whose doing that is."""
    world.deploy(replicas=1)
    with proxy.add(fault, SCALE, times=1) as rule:
        world.create(minReplicas=0, metrics=None, schedule=[NOBODY])
        await becomes(lambda: world.condition("ScaledToZero"), ("True", "Idle"))
    assert (1, 0) == (rule.fired, world.replicas())

    world.change(schedule=[{"cron": "* * * * *", "replicas": 3}])
    await becomes(world.replicas, 3)
    assert 1 == world.status()["originalReplicas"]


@pytest.mark.usefixtures("between")
async def test_what_is_refused_was_never_meant(world, busy, proxy):
    """It is told for as long as it is refused, and a wrong target can be mended."""
    await busy("10m", replicas=4)
    with proxy.add(refusal(403, 'admission webhook "w" denied it: no fewer than four'), SCALE):
        world.create(behavior=AT_ONCE)
        await becomes(lambda: world.condition("AbleToScale"), ("False", "Refused"))
        for generation in (2, 3):
            world.change(maxReplicas=10 + generation)
            await becomes(lambda: world.status().get("observedGeneration"), generation)
            assert ("False", "Refused") == world.condition("AbleToScale")
        assert "originalReplicas" not in world.status()
        world.change(target={"name": "web-2"})
        world.change(target={"name": "web"})

    await becomes(world.replicas, 1)
    assert 4 == world.status()["originalReplicas"]


@pytest.mark.usefixtures("between")
async def test_an_overloaded_server_does_not_keep_what_is_to_be_given_back(world, busy, proxy):
    """The deletion waits until it answers."""
    await busy()
    world.create(restoreReplicas=True)
    await becomes(world.replicas, 4)
    await becomes(lambda: world.status().get("originalReplicas"), 2)
    path = VERTICE_SCALER.path(world.namespace, "web")

    with proxy.add(refusal(503), SCALE, times=2) as rule:
        world.rest.delete(path)
        await becomes(lambda: world.rest.request("GET", path).status, 404)

    assert 2 == world.replicas()
    assert 2 == rule.fired
