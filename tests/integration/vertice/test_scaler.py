"""A VerticeScaler on a real control plane: pods played by fake nodes, what they use made up."""

import pytest

from controller.runtime.freezer import Freezer
from controller.runtime.intent import TargetRef
from informers.client import Client
from informers.connection import connect
from informers.meta.builtin import DEPLOYMENT, STATEFUL_SET
from reconcilers.vertice.api.scaler import VERTICE_SCALER
from tests.integration.vertice.world import AT_ONCE, TARGET, WITHIN
from tests.kit.eventually import eventually

HPA = "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers"


async def becomes(probe, wanted):
    """Wait for it."""
    return await eventually(probe, equals=wanted, within=WITHIN)


def events(world):
    """Return what was told of scalers."""
    found = world.rest.get(f"/api/v1/namespaces/{world.namespace}/events")["items"]
    return {
        (each["reason"], each["message"])
        for each in found
        if each["involvedObject"]["kind"] == "VerticeScaler"
    }


@pytest.mark.usefixtures("host")
async def test_busy_pods_get_company(world, busy):
    """As many as the HorizontalPodAutoscaler would make of them, and told step by step."""
    await busy("90m")
    world.create()

    await becomes(world.replicas, 4)
    status = await eventually(world.status, where=lambda found: "decision" in found, within=WITHIN)
    (metric,) = status["currentMetrics"]
    assert {"type": "cpu", "current": "90%", "target": "50%"} == metric
    decision = status["decision"]
    assert (2, 4, 4, "AsMeasured") == (
        decision["current"],
        decision["asked"],
        decision["replicas"],
        decision["reason"],
    )
    assert "from 2 to 4 pods: cpu asks for 4" == decision["message"]
    assert ("True", "AsMeasured") == world.condition("Ready")
    await eventually(lambda: ("Scaled", decision["message"]) in events(world), within=WITHIN)


@pytest.mark.usefixtures("host")
async def test_idle_pods_go_when_the_window_lets_them(world, busy):
    """Not at once: as many as there are were wanted a moment ago."""
    await busy("10m", replicas=4)
    world.create()
    await becomes(world.decided, "HeldByWindow")
    assert 4 == world.replicas()

    world.change(behavior=AT_ONCE)

    await becomes(world.replicas, 1)


@pytest.mark.usefixtures("host")
async def test_pods_without_figures_stay_as_they_are(world):
    """And the reason is told."""
    world.deploy(replicas=3)
    await becomes(world.ready, 3)
    world.create(behavior=AT_ONCE)

    await becomes(lambda: world.condition("ScalingActive"), ("False", "MetricsMissing"))
    assert 3 == world.replicas()
    assert "no pod that counts was measured" in world.status()["currentMetrics"][0]["error"]


@pytest.mark.usefixtures("host")
async def test_another_autoscaler_keeps_it_from_writing(world, busy):
    """Until that is gone."""
    await busy()
    path = HPA.format(world.namespace)
    target = {"apiVersion": "apps/v1", **TARGET}
    spec = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 2}
    world.rest.create(
        path,
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "other"},
            "spec": spec,
        },
    )
    world.create()
    await becomes(lambda: world.condition("AbleToScale"), ("False", "OwnedByAnother"))
    assert ("False", "OwnedByAnother") == world.condition("Ready")
    assert "so this one changes nothing: delete one of the two" in world.said("Ready")
    assert 2 == world.replicas()
    assert 4 == world.status()["desiredReplicas"]

    world.rest.delete(f"{path}/other")

    await becomes(world.replicas, 4)
    await becomes(lambda: world.condition("Ready")[0], "True")


@pytest.mark.usefixtures("host")
async def test_the_younger_of_two_scalers_does_nothing(world, busy):
    """It says whose the target is."""
    await busy()
    world.create()
    await becomes(world.replicas, 4)
    world.create("younger", minReplicas=8)

    await becomes(lambda: world.condition("AbleToScale", "younger"), ("False", "OwnedByAnother"))
    assert 4 == world.replicas()


@pytest.mark.parametrize(
    ("spec", "guard", "word"),
    [
        ({"pause": "Up"}, "spec.pause is Up", "Paused"),
        ({"pause": "Both"}, "spec.pause is Both", "Paused"),
        ({"preview": True}, "spec.preview is on", "Preview"),
    ],
)
@pytest.mark.usefixtures("host")
async def test_a_decision_may_be_told_and_not_carried_out(world, busy, spec, guard, word):
    """What would be done is there to see, and nobody takes it for done."""
    await busy()
    world.create(**spec)
    await becomes(world.decided, "AsMeasured")
    decision = world.status()["decision"]
    assert (4, guard) == (decision["replicas"], decision["guard"])
    would = f"would go from 2 to 4 pods: cpu asks for 4; held: {guard}"
    assert would == decision["message"] == world.said("Ready")
    assert ("True", word) == world.condition("Ready")
    assert 2 == world.replicas()

    world.change(**dict.fromkeys(spec))

    await becomes(world.replicas, 4)


@pytest.mark.usefixtures("host")
async def test_a_pause_in_one_direction_leaves_the_other(world, busy):
    """Down is paused, up is not."""
    await busy()
    world.create(pause="Down")

    await becomes(world.replicas, 4)


@pytest.mark.usefixtures("host")
async def test_another_controller_of_ours_can_have_it_left_alone(world, busy, cluster):
    """A failover, say, for as long as it takes."""
    await busy()
    client = Client(await connect(kubeconfig=cluster.kubeconfig))
    other = Freezer(client, "vertice-failover/web")
    target = TargetRef.of(DEPLOYMENT, world.namespace, "web")
    await other.freeze(target, why="a replica is being promoted", seconds=600)
    world.create()
    await becomes(
        lambda: world.status().get("decision", {}).get("guard"),
        "vertice-failover/web asked to leave it alone: a replica is being promoted",
    )
    assert ("True", "Frozen") == world.condition("Ready")
    assert 2 == world.replicas()

    await other.release(target)

    await becomes(world.replicas, 4)
    await client.close()


@pytest.mark.usefixtures("host")
async def test_the_clock_has_its_say(world, busy):
    """A floor is reached at once; what is measured decides above it."""
    await busy("10m")
    world.create(schedule=[{"cron": "* * * * *", "replicas": 6}])

    await becomes(world.replicas, 6)
    await becomes(world.decided, "BySchedule")
    schedule = world.status()["schedule"]
    assert "* * * * *" == schedule["entry"]
    assert schedule["since"] < schedule["next"]


@pytest.mark.usefixtures("host")
async def test_a_schedule_that_says_nothing_certain_is_told(world):
    """With what to write instead."""
    world.deploy()
    world.create(schedule=[{"cron": "0 8 * *", "replicas": 6}])

    await becomes(lambda: world.condition("Ready"), ("False", "InvalidSchedule"))


@pytest.mark.usefixtures("host")
async def test_a_workload_that_people_set_to_zero_is_left_alone(world):
    """Until they set it to something else."""
    world.deploy(replicas=0)
    world.create(minReplicas=2)
    await becomes(world.decided, "ScalingDisabled")
    assert 0 == world.replicas()

    world.scale(1)
    world.look()

    await becomes(world.replicas, 2)


@pytest.mark.usefixtures("host")
async def test_a_target_that_is_missing_is_told(world, kubectl):
    """Also in the line that kubectl prints; and found when it comes."""
    world.create(minReplicas=3)
    await becomes(lambda: world.condition("AbleToScale"), ("False", "TargetMissing"))
    missing = f"there is no Deployment web in namespace {world.namespace}: make it there, or name"
    assert world.said("Ready").startswith(missing)
    _, row = kubectl("get", "vsc", "-n", world.namespace, "-o", "wide").splitlines()
    assert ["False", "TargetMissing"] == row.split()[4:6]
    assert missing in row

    world.deploy(replicas=1)
    world.look()

    await becomes(world.replicas, 3)
    await becomes(lambda: world.condition("AbleToScale"), ("True", "ReadyForNewScale"))


@pytest.mark.usefixtures("host")
async def test_of_a_target_that_went_nothing_is_told_any_more(world, busy):
    """But what a later look goes on with; and that the spec was seen."""
    await busy()
    world.create(pause="Both")
    await becomes(lambda: world.condition("ScalingActive"), ("True", "Measured"))

    world.rest.delete(DEPLOYMENT.path(world.namespace, "web"))
    world.change(maxReplicas=11)

    await becomes(lambda: world.condition("ScalingActive"), ("False", "TargetMissing"))
    status = world.status()
    assert {"observedGeneration", "history", "conditions"} == set(status)
    assert 2 == status["observedGeneration"]


@pytest.mark.parametrize(
    ("target", "reason", "words"),
    [
        ({"apiVersion": "apps/v1", "kind": "Deploymint"}, "UnknownKind", "for its spelling"),
        ({"apiVersion": "none.test/v1", "kind": "Thing"}, "UnknownKind", "for its spelling"),
        ({"apiVersion": "v1", "kind": "ConfigMap"}, "NotScalable", "name another kind"),
        ({"apiVersion": "apps/v1", "kind": "DaemonSet"}, "NotScalable", "name another kind"),
        (
            {"apiVersion": "vertice.io/v1alpha1", "kind": "VerticeScaler"},
            "NotScalable",
            "its definition needs subresources.scale",
        ),
    ],
)
@pytest.mark.usefixtures("host")
async def test_what_cannot_be_scaled_is_told(world, target, reason, words):
    """By what is wrong with it, and what would mend it."""
    world.create(target={"name": "web", **target})

    await becomes(lambda: world.condition("AbleToScale"), ("False", reason))
    assert words in world.said("Ready")


@pytest.mark.usefixtures("host")
async def test_a_stateful_set_is_scaled_likewise(world):
    """Only its scale is written: it belongs to whoever made it."""
    path = STATEFUL_SET.path(world.namespace)
    world.deploy(replicas=1, kind="StatefulSet")
    world.create(target={"kind": "StatefulSet", "name": "web"}, minReplicas=3)

    await becomes(lambda: world.rest.get(f"{path}/web")["spec"]["replicas"], 3)
    managers = world.rest.get(f"{path}/web")["metadata"]["managedFields"]
    ours = [each for each in managers if each["manager"] == "pentad-vertice-scaler"]
    assert [{"f:spec": {"f:replicas": {}}}] == [each["fieldsV1"] for each in ours]
    assert ["scale"] == [each["subresource"] for each in ours]


async def test_the_next_manager_goes_on_where_the_last_one_ended(world, busy, managed):
    """What was asked for lately still holds."""
    await busy("90m")
    async with managed():
        world.create()
        await becomes(world.replicas, 4)
        await becomes(world.ready, 4)
        await becomes(lambda: world.status().get("desiredReplicas"), 4)
    world.use("1m")

    async with managed():
        await becomes(world.decided, "HeldByWindow")

    assert 4 == world.replicas()
    asked = world.status()["history"]["recommendations"]
    assert 4 == max(each["replicas"] for each in asked)


@pytest.mark.usefixtures("host")
async def test_the_number_of_pods_is_given_back_where_that_is_wanted(world, busy):
    """When the scaler is deleted."""
    await busy()
    world.create(restoreReplicas=True)
    await becomes(world.replicas, 4)
    await becomes(lambda: world.status().get("originalReplicas"), 2)

    path = VERTICE_SCALER.path(world.namespace, "web")
    world.rest.delete(path)

    await becomes(lambda: world.rest.request("GET", path).status, 404)
    assert 2 == world.replicas()
