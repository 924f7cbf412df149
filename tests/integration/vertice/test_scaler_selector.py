"""A VerticeScaler of a kind whose scale does not say which pods are its own."""

import json

import pytest

from informers.meta.kinds import Kind
from tests.integration.vertice.asking import said
from tests.integration.vertice.test_scaler import becomes
from tests.integration.vertice.world import AT_ONCE, CPU
from tests.kit.crds import established
from tests.kit.scripted import ScriptedServer

CROWD = Kind("pentad.test", "v1", "Crowd", "crowds")
ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
SCALE = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": CROWD.resource, "labels": {"pentad.test/only-for": "tests"}},
    "spec": {
        "group": CROWD.group,
        "scope": "Namespaced",
        "names": {"kind": CROWD.kind, "plural": CROWD.plural},
        "versions": [
            {
                "name": CROWD.version,
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"spec": ANYTHING, "status": ANYTHING},
                    }
                },
                "subresources": {"scale": SCALE},
            }
        ],
    },
}
TARGET = {"apiVersion": CROWD.api_version, "kind": CROWD.kind, "name": "web"}


@pytest.fixture
def crowd(kubectl, world):
    """Make one of four pods; return how many it is to have."""
    text = json.dumps(DEFINITION)
    kubectl("apply", "--server-side", "-f", "-", stdin=text)
    established(kubectl, "-f", "-", stdin=text)
    path = CROWD.path(world.namespace)
    body = {
        "apiVersion": CROWD.api_version,
        "kind": CROWD.kind,
        "metadata": {"name": "web"},
        "spec": {"replicas": 4},
        "status": {"replicas": 4},
    }
    world.rest.create(path, body)
    return lambda: world.rest.get(f"{path}/web")["spec"]["replicas"]


async def answering_two(peer):
    """Answer a fifth of the target, as often as somebody asks."""
    while True:
        await peer.request()
        await peer.reply(said("2"))


@pytest.mark.usefixtures("host")
async def test_a_workload_without_a_number_is_told(world, crowd):
    """The API server calls that an error of its own, which no time heals."""
    path = CROWD.path(world.namespace, "web")
    world.rest.merge(path, {"spec": {"replicas": None}})
    world.create(target=TARGET, schedule=[{"cron": "* * * * *", "replicas": 5}], metrics=None)

    await becomes(lambda: world.condition("AbleToScale"), ("False", "Unreadable"))
    world.rest.merge(path, {"spec": {"replicas": 2}})
    world.look()
    await becomes(crowd, 5)


@pytest.mark.parametrize("kind", ["Value", "AverageValue"])
@pytest.mark.usefixtures("host")
async def test_a_query_lowers_though_nobody_knows_its_pods(world, crowd, kind):
    """That no pod is known to be ready is no outage."""
    query = {"query": "sum(q)", "target": "10", "targetType": kind}
    with ScriptedServer(always=answering_two) as server:
        world.create(
            target=TARGET,
            metrics=[{"type": "external", "external": query}],
            prometheus={"address": server.url},
            behavior=AT_ONCE,
        )

        await becomes(crowd, 1)


@pytest.mark.parametrize(
    "metric",
    [CPU, {"type": "custom", "target": {"averageValue": "1"}, "custom": {"name": "requests"}}],
    ids=["cpu", "custom"],
)
@pytest.mark.usefixtures("host")
async def test_what_pods_do_cannot_be_told(world, crowd, metric):
    """With the remedy, and nothing goes."""
    world.create(target=TARGET, metrics=[metric], behavior=AT_ONCE)

    await becomes(lambda: world.condition("ScalingActive"), ("False", "MetricsMissing"))
    assert "subresources.scale.labelSelectorPath" in world.status()["currentMetrics"][0]["error"]
    assert 4 == crowd()
