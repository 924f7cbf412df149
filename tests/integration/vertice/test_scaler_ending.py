"""What a scaler that is deleted gives back, and when it leaves everything as it is."""

import pytest
from structlog.testing import capture_logs

from controller.runtime.freezer import Freezer
from controller.runtime.intent import TargetRef
from informers.client import Client
from informers.connection import connect
from informers.meta.builtin import DEPLOYMENT
from reconcilers.vertice.api.scaler import VERTICE_SCALER
from tests.integration.vertice.test_scaler import HPA, becomes, events
from tests.integration.vertice.world import TARGET, WITHIN
from tests.kit.eventually import eventually


def delete(world, name="web"):
    """Delete a scaler; returns a probe of whether it is gone."""
    path = VERTICE_SCALER.path(world.namespace, name)
    world.rest.delete(path)
    return lambda: world.rest.request("GET", path).status


@pytest.mark.usefixtures("host")
async def test_who_never_changed_anything_gives_nothing_back(world, busy):
    """It only told what it would do; the number is somebody else's."""
    await busy()
    world.create(preview=True, restoreReplicas=True)
    await becomes(world.decided, "AsMeasured")
    assert "originalReplicas" not in world.status()
    world.scale(5)

    await becomes(delete(world), 404)
    assert 5 == world.replicas()


@pytest.mark.usefixtures("host")
async def test_what_somebody_else_scales_by_then_is_left_to_them(world, busy):
    """An autoscaler that came later has it now."""
    await busy()
    world.create("mine", preview=True, restoreReplicas=True)
    await becomes(lambda: world.status("mine").get("desiredReplicas"), 4)
    world.change("mine", preview=None)
    await becomes(world.replicas, 4)
    hpa = {"scaleTargetRef": {"apiVersion": "apps/v1", **TARGET}, "minReplicas": 4}
    world.rest.create(
        HPA.format(world.namespace),
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "other"},
            "spec": {**hpa, "maxReplicas": 4},
        },
    )
    await becomes(lambda: world.condition("AbleToScale", "mine"), ("False", "OwnedByAnother"))

    await becomes(delete(world, "mine"), 404)
    assert 4 == world.replicas()
    left = "the number of pods stays as it is: HorizontalPodAutoscaler other scales web now"
    await eventually(lambda: ("NotRestored", left) in events(world), within=WITHIN)


@pytest.mark.usefixtures("host")
async def test_the_scaler_that_goes_on_has_the_number_that_the_older_one_leaves(world, busy):
    """It would take it over at its next look; until then there would be fewer pods."""
    await busy()
    world.create("older", restoreReplicas=True)
    await becomes(world.replicas, 4)
    world.create("younger")
    await becomes(lambda: world.condition("AbleToScale", "younger"), ("False", "OwnedByAnother"))

    await becomes(delete(world, "older"), 404)

    left = "the number of pods stays as it is: VerticeScaler younger scales web now"
    await eventually(lambda: ("NotRestored", left) in events(world), within=WITHIN)
    assert 4 == world.replicas()


@pytest.mark.usefixtures("host")
async def test_a_scaler_that_only_looks_on_does_not_go_on(world, busy):
    """Nobody would hold the number that it left."""
    await busy()
    world.create("older", restoreReplicas=True)
    await becomes(world.replicas, 4)
    await becomes(lambda: world.status("older").get("originalReplicas"), 2)
    world.create("younger", preview=True)
    await becomes(lambda: world.condition("AbleToScale", "younger"), ("False", "OwnedByAnother"))

    await becomes(delete(world, "older"), 404)

    assert 2 == world.replicas()


@pytest.mark.usefixtures("host")
async def test_a_freeze_holds_up_what_is_given_back(world, busy, cluster):
    """A failover that is under way does not lose its pods."""
    await busy()
    world.create(restoreReplicas=True)
    await becomes(world.replicas, 4)
    await becomes(lambda: world.status().get("originalReplicas"), 2)
    client = Client(await connect(kubeconfig=cluster.kubeconfig))
    other, target = Freezer(client, "failover"), TargetRef.of(DEPLOYMENT, world.namespace, "web")
    await other.freeze(target, why="a replica is promoted", seconds=600)

    status = delete(world)
    await becomes(lambda: world.condition("AbleToScale"), ("True", "Withheld"))
    assert (200, 4) == (status(), world.replicas())

    await other.release(target)
    await becomes(status, 404)
    assert 2 == world.replicas()
    told = "Restored", "from 4 to 2 pods, as before the scaler's first change"
    await eventually(lambda: told in events(world), within=WITHIN)
    await client.close()


@pytest.mark.usefixtures("host")
async def test_the_log_has_a_line_for_each_change(world, busy):
    """What was done to which workload, also where nobody reads Events any more."""
    with capture_logs() as lines:
        await busy()
        world.create(restoreReplicas=True)
        await becomes(world.replicas, 4)
        await becomes(lambda: world.status().get("originalReplicas"), 2)
        await becomes(delete(world), 404)

    target = "Deployment.apps/web"
    assert [
        {"target": target, "before": 2, "after": 4, "reason": "AsMeasured"},
        {"target": target, "before": 4, "after": 2},
    ] == [
        {
            key: value
            for key, value in each.items()
            if key in {"target", "before", "after", "reason"}
        }
        for each in lines
        if each["event"] in {"workload_scaled", "workload_restored"}
    ]
