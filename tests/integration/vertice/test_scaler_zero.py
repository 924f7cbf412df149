"""No pods at all: whoever took the last one brings it back, whatever happened in between."""

import asyncio

import pytest

from reconcilers.vertice.scaler.reconciler import set_up
from tests.integration.vertice.test_scaler import HPA, becomes
from tests.integration.vertice.world import AT_ONCE, TARGET, WITHIN
from tests.kit.crashpoints import Guillotine
from tests.kit.hosting import hosted

POINTS = 8
"""The fence is asked twice for each write: of the intention, the scale, the status, the Event."""
NOBODY = {"cron": "* * * * *", "replicas": 0, "mode": "exact"}
THREE = {"cron": "* * * * *", "replicas": 3}


def asleep(world):
    """Say whether it is us who left the workload without pods."""
    return world.replicas(), *world.condition("ScaledToZero")


@pytest.mark.parametrize("point", range(POINTS))
async def test_the_next_manager_brings_back_what_the_last_one_took(
    world, cluster, namespace, point
):
    """Wherever between its writes the last one died."""
    world.deploy(replicas=1)
    death = Guillotine(point)
    async with hosted(cluster, set_up, namespaces=[namespace], fence=death):
        world.create(minReplicas=0, metrics=None, schedule=[NOBODY])
        async with asyncio.timeout(WITHIN):
            await death.fell.wait()

    async with hosted(cluster, set_up, namespaces=[namespace]):
        await becomes(lambda: asleep(world), (0, "True", "Idle"))
        world.change(schedule=[THREE])
        await becomes(world.replicas, 3)


@pytest.mark.usefixtures("host")
async def test_who_is_kept_from_waking_it_wakes_it_later(world):
    """A pause does not make a stranger of us."""
    world.deploy(replicas=1)
    world.create(minReplicas=0, metrics=None, schedule=[NOBODY])
    await becomes(lambda: asleep(world), (0, "True", "Idle"))

    world.change(pause="Up", schedule=[THREE])
    await becomes(lambda: world.status()["decision"].get("guard"), "spec.pause is Up")
    assert (0, "True", "Idle") == asleep(world)

    world.change(pause=None)
    await becomes(world.replicas, 3)
    await becomes(lambda: world.condition("ScaledToZero"), ("False", "InUse"))


@pytest.mark.usefixtures("host")
async def test_a_workload_that_is_named_in_more_words_is_the_same(world):
    """To say the version that was meant makes no stranger of us either."""
    world.deploy(replicas=1)
    world.create(minReplicas=0, metrics=None, schedule=[NOBODY])
    await becomes(lambda: asleep(world), (0, "True", "Idle"))

    world.change(target={"apiVersion": "apps/v1"}, schedule=[THREE])
    await becomes(world.replicas, 3)


@pytest.mark.usefixtures("host")
async def test_who_is_given_another_workload_sends_its_last_pod_away_likewise(world):
    """Nothing has asked for one of its pods for the cooldown, whatever was of the other's."""
    world.deploy(replicas=1)
    world.deploy("other", replicas=1)
    query = {"query": "vector(0)", "target": "1"}
    nothing = {"type": "external", "external": query, "onMissing": "zero"}
    world.create(minReplicas=0, metrics=[nothing], cooldown="1h", behavior=AT_ONCE)
    await becomes(lambda: world.condition("AbleToScale"), ("True", "ReadyForNewScale"))

    world.change(target={"name": "other"}, cooldown="0s")
    await becomes(lambda: world.replicas("other"), 0)


@pytest.mark.usefixtures("host")
async def test_what_people_take_is_not_ours_to_bring_back(world):
    """Also where it was us the time before."""
    world.deploy(replicas=1)
    world.create(minReplicas=0, metrics=None, schedule=[NOBODY])
    await becomes(lambda: asleep(world), (0, "True", "Idle"))
    world.change(schedule=[THREE])
    await becomes(lambda: asleep(world), (3, "False", "InUse"))

    world.scale(0)
    world.look()

    await becomes(world.decided, "ScalingDisabled")
    assert (0, "False", "ScalingDisabled") == asleep(world)
    command = f"kubectl scale deployment/web -n {world.namespace} --replicas=1"
    assert world.status()["decision"]["message"].endswith(command)


@pytest.mark.usefixtures("host")
async def test_what_has_no_pods_at_first_is_woken_if_it_may_have_none(world):
    """As it comes from another autoscaler, or from a scaler that was deleted and made again."""
    world.deploy(replicas=0)
    world.create(minReplicas=0, metrics=None, schedule=[NOBODY])
    await becomes(lambda: asleep(world), (0, "True", "Idle"))

    world.change(schedule=[THREE])

    await becomes(world.replicas, 3)


@pytest.mark.usefixtures("host")
async def test_what_has_no_pods_at_first_is_left_so_if_it_may_not(world):
    """Then somebody turned it off, as for the other autoscaler."""
    world.deploy(replicas=0)
    world.create(minReplicas=1, metrics=None, schedule=[THREE])

    await becomes(world.decided, "ScalingDisabled")
    assert 0 == world.replicas()


@pytest.mark.usefixtures("host")
async def test_what_another_autoscaler_left_without_pods_is_woken_when_that_is_gone(world):
    """Whoever changes over looks at both beside each other first."""
    world.deploy(replicas=1)
    path = HPA.format(world.namespace)
    autoscaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "other"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", **TARGET}, "maxReplicas": 4},
    }
    world.rest.create(path, autoscaler)
    world.create(minReplicas=0, metrics=None, schedule=[THREE])
    await becomes(lambda: world.condition("AbleToScale"), ("False", "OwnedByAnother"))
    world.scale(0)
    world.look()
    await becomes(lambda: asleep(world), (0, "False", "OwnedByAnother"))

    world.rest.delete(f"{path}/other")

    await becomes(world.replicas, 3)
