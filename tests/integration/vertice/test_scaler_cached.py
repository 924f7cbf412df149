"""Targets of apps/v1 are read from caches: what that saves, and what if they are late."""

import pytest
import structlog

from controller.runtime.runtime import Runtime, manager_name
from informers.client import Client
from informers.connection import connect
from informers.factory import Informers
from informers.meta.builtin import DEPLOYMENT, STATEFUL_SET
from reconcilers.vertice.api.scaler import Target
from reconcilers.vertice.scaler.reading.kinds import REPLICA_SET, Kinds
from reconcilers.vertice.scaler.reading.workloads import Workloads
from reconcilers.vertice.scaler.reconciler import set_up
from reconcilers.vertice.scaler.scale import Moved, Scales
from tests.integration.vertice.world import TARGET, WITHIN, deployment
from tests.kit.eventually import eventually
from tests.kit.faults import READS, Match
from tests.kit.hosting import hosted

WATCH = Match(path="/deployments$", watch=True)
ALWAYS = {"cron": "* * * * *", "replicas": 4}
WEB = Target(kind="Deployment", name="web")


async def becomes(probe, wanted):
    """Wait for it."""
    return await eventually(probe, equals=wanted, within=WITHIN)


@pytest.fixture
async def behind(world, proxied, proxy):
    """Run the controller, with whom it asks in between."""
    async with hosted(proxied, set_up, namespaces=[world.namespace]) as host:
        yield host
    assert proxy.seen()


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
@pytest.mark.usefixtures("behind")
async def test_a_look_asks_nobody_for_its_target(world, proxy, kind):
    """Only what is written goes there."""
    world.deploy(kind=kind)
    await becomes(lambda: len(world.pods()), 2)
    world.create(target={"kind": kind, "name": "web"})
    await becomes(lambda: world.condition("ScalingActive"), ("False", "MetricsMissing"))
    proxy.forget()
    before = world.status()["decision"]["at"]
    world.change(minReplicas=2)
    await eventually(lambda: world.status()["decision"]["at"] > before, within=WITHIN)

    assert [] == [each.path for each in proxy.seen(READS) if "/apis/apps/" in each.path]


@pytest.mark.usefixtures("behind")
async def test_a_look_knows_what_it_wrote_though_no_watch_tells_of_it(world, busy, proxy):
    """The target is read live once, so nothing is decided from before the write."""
    await busy("90m")
    with proxy.hold(WATCH):
        world.create()
        await becomes(world.replicas, 4)
        await becomes(lambda: world.status().get("decision", {}).get("replicas"), 4)
        world.change(minReplicas=2)

        await becomes(lambda: world.status()["decision"]["current"], 4)
        puts = proxy.seen(Match(method="PUT", path="/scale$"))
    assert [200] == [each.status for each in puts]


@pytest.mark.usefixtures("behind")
async def test_a_decision_from_before_a_change_by_others_is_void(world, busy, proxy):
    """The write is refused, and what is read then is what the next look starts from."""
    await busy("90m", replicas=4)
    world.create(pause="Up")
    await becomes(lambda: world.status().get("decision", {}).get("replicas"), 8)
    with proxy.hold(WATCH):
        world.scale(3)
        world.change(pause="None")

        await eventually(world.replicas, where=lambda found: found not in {3, 4}, within=WITHIN)
        await becomes(lambda: world.status()["decision"]["current"], 3)
        puts = proxy.seen(Match(method="PUT", path="/scale$"))
    assert (409, 200) == (puts[0].status, puts[-1].status)


@pytest.fixture
async def scales(world, cluster):
    """Return who reads and writes scales, without a cache that is kept current."""
    client = Client(await connect(kubeconfig=cluster.kubeconfig))
    async with Informers(client, namespaces=[world.namespace]) as informers:
        runtime = Runtime(client, informers, log=structlog.get_logger())
        yield Scales(client, Kinds(client), Workloads(runtime))
    await client.close()


async def test_only_a_change_of_the_number_makes_a_decision_void(world, scales):
    """Whatever else happened to the workload meanwhile, it is written."""
    world.deploy(replicas=2)
    old = await scales.read(world.namespace, WEB)
    path = DEPLOYMENT.path(world.namespace, "web")
    world.rest.merge(path, {"metadata": {"annotations": {"of": "others"}}})
    await scales.write(world.namespace, WEB, old, 3)
    assert 3 == world.replicas()

    with pytest.raises(Moved):
        await scales.write(world.namespace, WEB, old, 5)
    assert 3 == world.replicas()


async def test_a_successor_of_the_same_name_is_not_written(world, scales):
    """It is somebody else's, though it has as many pods."""
    world.deploy(replicas=2)
    old = await scales.read(world.namespace, WEB)
    path = DEPLOYMENT.path(world.namespace, "web")
    world.rest.delete(path)
    await becomes(lambda: world.rest.request("GET", path).status, 404)
    world.deploy(replicas=2)

    with pytest.raises(Moved):
        await scales.write(world.namespace, WEB, old, 5)
    assert 2 == world.replicas()


@pytest.mark.parametrize("kind", [DEPLOYMENT, STATEFUL_SET, REPLICA_SET], ids=str)
async def test_what_follows_from_an_object_is_what_the_server_says(world, scales, kind):
    """Of its scale."""
    body = deployment(kind=kind.kind)
    expression = {"key": "app", "operator": "In", "values": ["web", "other"]}
    body["spec"]["selector"]["matchExpressions"] = [expression]
    world.rest.create(kind.path(world.namespace), body)
    told = world.rest.get(f"{kind.path(world.namespace, 'web')}/scale")

    found = await scales.read(world.namespace, Target(kind=kind.kind, name="web"))

    assert told["metadata"]["uid"] == found.uid
    assert (told["spec"]["replicas"], told["status"]["selector"]) == (
        found.replicas,
        found.selector,
    )


@pytest.mark.usefixtures("behind")
async def test_a_replica_set_of_a_deployment_is_refused(world):
    """Its Deployment would undo what is written; the remedy names it."""
    world.deploy(replicas=1)
    sets = REPLICA_SET.path(world.namespace)
    await eventually(lambda: len(world.rest.get(sets)["items"]) == 1, within=WITHIN)
    name = world.rest.get(sets)["items"][0]["metadata"]["name"]
    world.create(target={"kind": "ReplicaSet", "name": name}, minReplicas=3)

    await becomes(lambda: world.condition("AbleToScale"), ("False", "OwnedByDeployment"))
    (said,) = (each for each in world.status()["conditions"] if each["type"] == "AbleToScale")
    assert "belongs to Deployment web" in said["message"]
    assert "name that Deployment in spec.target" in said["message"]
    assert 1 == world.replicas()

    world.change(target=TARGET)

    await becomes(world.replicas, 3)


@pytest.mark.usefixtures("behind")
async def test_what_was_intended_for_a_number_that_moved_is_taken_back(world, proxy):
    """Or a deletion would give back a number that there was before somebody else's change."""
    world.deploy(replicas=2)
    world.create(minReplicas=4, metrics=None, schedule=[ALWAYS], preview=True)
    await becomes(lambda: world.status().get("decision", {}).get("current"), 2)
    with proxy.hold(WATCH):
        world.scale(5)
        world.change(preview=None, pause="Down")

        await becomes(lambda: world.status()["decision"]["current"], 5)
        puts = proxy.seen(Match(method="PUT", path="/scale$"))
    assert [409] == [each.status for each in puts]
    assert "originalReplicas" not in world.status()
    assert 5 == world.replicas()


@pytest.mark.parametrize("kind", [DEPLOYMENT, STATEFUL_SET], ids=str)
@pytest.mark.usefixtures("behind")
async def test_a_number_that_another_controller_of_ours_applies_is_left_alone(world, cluster, kind):
    """The two would take turns for ever; once it leaves the number out, the scaler has it."""
    body = deployment(replicas=1, kind=kind.kind)
    options = {"namespace": world.namespace, "manager": manager_name("test")}
    client = Client(await connect(kubeconfig=cluster.kubeconfig))
    try:
        await client.apply(kind, "web", body, **options)
        world.create(target={"kind": kind.kind, "name": "web"}, minReplicas=3)

        await becomes(lambda: world.condition("AbleToScale"), ("False", "SetByAnother"))
        (said,) = (each for each in world.status()["conditions"] if each["type"] == "AbleToScale")
        assert f"pentad-test sets the number of pods of {kind.kind} web" in said["message"]
        assert 1 == world.rest.get(kind.path(world.namespace, "web"))["spec"]["replicas"]

        del body["spec"]["replicas"]
        await client.apply(kind, "web", body, **options)
    finally:
        await client.close()

    world.look()
    await becomes(lambda: world.rest.get(kind.path(world.namespace, "web"))["spec"]["replicas"], 3)


@pytest.mark.usefixtures("behind")
async def test_a_replica_set_of_its_own_is_scaled(world):
    """Nobody else writes it."""
    path = REPLICA_SET.path(world.namespace)
    world.rest.create(path, deployment(replicas=1, kind="ReplicaSet"))
    world.create(target={"kind": "ReplicaSet", "name": "web"}, minReplicas=3)

    await becomes(lambda: world.rest.get(f"{path}/web")["spec"]["replicas"], 3)
