"""A VerticeScaler that goes by custom metrics: a real adapter behind the API server's aggregation.

The number beside ours is that of the controller manager's own HorizontalPodAutoscaler.
"""

import json
from functools import partial

import pytest

from reconcilers.vertice.api.scaler import VERTICE_SCALER
from reconcilers.vertice.scaler.reading.custom import GROUP, CustomMetrics
from reconcilers.vertice.scaler.reading.resources import Unread
from reconcilers.vertice.scaler.reconciler import set_up
from tests.integration.vertice.test_scaler import HPA, becomes
from tests.integration.vertice.world import AT_ONCE, LATE, WITHIN
from tests.kit.eventually import eventually
from tests.kit.faults import Answer, Match
from tests.kit.hosting import hosted

TWIN = 100
"""Seconds for the other autoscaler, which looks every 15 and not at once."""
served = pytest.mark.usefixtures("scalers", "adapter", "host")
"""In this order: an adapter looks up kinds when it starts, and starting takes a moment."""


def requests(target=None, **custom):
    """Return a metric of a spec."""
    return {
        "type": "custom",
        "target": target or {"averageValue": "10"},
        "custom": {"name": "requests", **custom},
    }


def of_pods(world, value, name="web", **labels):
    """Return what each pod of a workload is said to do."""
    return [
        {"metric": "requests", "resource": "pods", "name": pod, "value": value, "labels": labels}
        for pod in world.pods(name)
    ]


def of(resource, name, value):
    """Return what one object is said to do."""
    return {"metric": "requests", "resource": resource, "name": name, "value": value}


async def deployed(world, name="web"):
    """Make a workload of two pods that are ready."""
    world.deploy(name)
    await becomes(lambda: world.ready(name), 2)


async def decided(world):
    """Return how many pods were asked for, and what was measured."""
    status = await eventually(world.status, where=lambda found: "decision" in found, within=WITHIN)
    (metric,) = status["currentMetrics"]
    return status["decision"].get("asked"), metric.get("current", metric.get("error"))


def message(world, kind):
    """Return what a condition says in words."""
    (found,) = [each for each in world.status()["conditions"] if each["type"] == kind]
    return found["message"]


def autoscaler(name):
    """Return the other autoscaler of a workload, by the same metric; it goes down at once, too."""
    target = {"type": "AverageValue", "averageValue": "10"}
    pods = {"metric": {"name": "requests"}, "target": target}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": 1,
            "maxReplicas": 10,
            "metrics": [{"type": "Pods", "pods": pods}],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
        },
    }


async def missing(world):
    """Wait until the metric is missing; return what is told of it."""
    await becomes(lambda: world.condition("ScalingActive"), ("False", "MetricsMissing"))
    return world.status()["currentMetrics"][0]["error"]


@pytest.mark.parametrize(
    "adapter",
    [("v1beta2", "v1beta1"), ("v1beta2",), ("v1beta1",)],
    ids=["both", "new", "old"],
    indirect=True,
)
@served
async def test_busy_pods_get_company(world, adapter):
    """As many as there is work for, whichever version of the API is served."""
    await deployed(world)
    adapter.measure(*of_pods(world, "17500m"))
    world.create(metrics=[requests()])

    await becomes(world.replicas, 4)
    status = await eventually(world.status, where=lambda found: "decision" in found, within=WITHIN)
    assert "from 2 to 4 pods: custom requests asks for 4" == status["decision"]["message"]
    (metric,) = status["currentMetrics"]
    assert {
        "type": "custom",
        "name": "requests",
        "current": "17500m per pod",
        "target": "10 per pod",
    } == metric


@pytest.mark.parametrize(
    ("api_version", "kind", "resource"),
    [
        ("v1", "Service", "services"),
        ("apps/v1", "Deployment", "deployments.apps"),
        (VERTICE_SCALER.api_version, VERTICE_SCALER.kind, VERTICE_SCALER.resource),
    ],
    ids=["core", "group", "custom"],
)
@pytest.mark.parametrize(
    ("target", "asked", "current"),
    [({"value": "10"}, 7, "35"), ({"averageValue": "10"}, 4, "17500m per pod")],
    ids=["all", "each"],
)
@served
async def test_an_object_says_how_many(
    world, adapter, api_version, kind, resource, target, asked, current
):
    """Its value is for all pods together, or is shared by them."""
    await deployed(world)
    adapter.measure(of(resource, "front", "35"), of(resource, "other", "1"))
    object_ = {"apiVersion": api_version, "kind": kind, "name": "front"}
    world.create(metrics=[requests(target, object=object_)], preview=True)

    assert (asked, current) == await decided(world)


@served
async def test_a_namespace_says_how_many(world, adapter):
    """The scaler's own, and no other."""
    await deployed(world)
    adapter.measure(of("namespaces", world.namespace, "35") | {"namespace": ""})
    own = {"kind": "Namespace", "name": world.namespace}
    world.create(metrics=[requests(object=own)], preview=True)
    assert (4, "17500m per pod") == await decided(world)

    world.change(metrics=[requests(object=own | {"name": "default"})])

    assert "the metrics of Namespace default are not for scalers" in await missing(world)


@pytest.mark.parametrize("by", ["pods", "object"])
@served
async def test_labels_say_which_of_a_metric(world, adapter, by):
    """They are labels of the metric, not of what it is of."""
    await deployed(world)
    adapter.measure(
        *of_pods(world, "15", route="pay"),
        *of_pods(world, "40", route="other"),
        of("services", "front", "70") | {"labels": {"route": "other"}},
        of("services", "front", "30") | {"labels": {"route": "pay"}},
    )
    which = {"object": {"kind": "Service", "name": "front"}} if by == "object" else {}
    world.create(metrics=[requests(selector={"route": "pay"}, **which)], preview=True)

    assert (3, "15 per pod") == await decided(world)


@pytest.mark.parametrize(
    "adapter",
    [("v1beta2", "v1beta1"), ("v1beta2",), ("v1beta1",)],
    ids=["both", "new", "old"],
    indirect=True,
)
@pytest.mark.parametrize(
    ("custom", "words"),
    [
        ({}, "the metric requests for pods"),
        (
            {"object": {"kind": "Service", "name": "front"}},
            "the metric requests for services front",
        ),
    ],
    ids=["pods", "object"],
)
@served
async def test_a_metric_that_the_adapter_does_not_know_is_told(world, adapter, custom, words):
    """By its name, in the words of the adapter."""
    await deployed(world)
    adapter.measure(of("services", "other", "1"))
    world.create(metrics=[requests(**custom)])

    assert f"{GROUP} does not know the metric: the server could not find {words}" in await missing(
        world
    )
    assert "requests" in message(world, "ScalingActive")
    assert 2 == world.replicas()


@served
async def test_when_the_adapter_dies_nothing_goes(world, adapter):
    """However little there was to do last; and the error says where to look."""
    await deployed(world)
    adapter.measure(*of_pods(world, "17500m"))
    world.create(metrics=[requests()], behavior=AT_ONCE)
    await becomes(world.replicas, 4)

    adapter.kill()
    world.look()

    assert "see whether its adapter runs: kubectl get apiservice v1beta2." in await missing(world)
    assert 4 == world.replicas()


@pytest.mark.usefixtures("host")
async def test_where_nobody_serves_metrics_that_is_told(world):
    """With what to do about it."""
    await deployed(world)
    world.create(metrics=[requests()])

    assert f"the cluster has no {GROUP}: install an adapter" in await missing(world)
    assert 2 == world.replicas()


@pytest.mark.parametrize(
    "custom",
    [
        {"name": "../../secrets"},
        {"object": {"kind": "Service", "name": "x/y/../../../other/services/x"}},
        {"object": {"kind": "Service", "name": ".."}},
    ],
    ids=["metric", "object", "dots"],
)
@pytest.mark.usefixtures("host")
async def test_a_name_does_not_lead_elsewhere(world, custom):
    """What users write is a part of a path: nobody is asked for anything else."""
    await deployed(world)
    world.create(metrics=[requests(**custom)])

    assert "is no name of a metric or an object" in await missing(world)


async def test_a_pod_that_is_gone_does_not_count(world, proxied, proxy):
    """An adapter may remember it for minutes; what it did, nobody does any more."""
    await deployed(world)
    values = [
        {"describedObject": {"name": pod}, "timestamp": LATE, "windowSeconds": 30, "value": value}
        for pod, value in [*((pod, "15") for pod in world.pods()), ("web-gone", "600")]
    ]
    answer = Answer(status=200, body=json.dumps({"items": values}).encode())
    proxy.add(answer, Match(path=f"/{GROUP}/"))
    async with hosted(proxied, set_up, namespaces=[world.namespace]):
        world.create(metrics=[requests()], preview=True)

        assert (3, "15 per pod") == await decided(world)


async def test_more_than_can_be_counted_is_told(world, proxied, proxy):
    """Go would wrap it round, and ask for one pod."""
    await deployed(world)
    answer = Answer(status=200, body=b'{"items": [{"value": "1e18"}]}')
    proxy.add(answer, Match(path=f"/{GROUP}/"))
    async with hosted(proxied, set_up, namespaces=[world.namespace]):
        world.create(metrics=[requests(object={"kind": "Service", "name": "front"})])

        assert "more than Kubernetes counts" in await missing(world)


async def test_a_scale_without_a_selector_has_no_pods(world, adapter, host):
    """A kind need not have one; without it, all pods of the namespace would be meant."""
    await deployed(world)
    adapter.measure(*of_pods(world, "40"))
    metrics = CustomMetrics(host.runtime.client)
    assert 2 == len(await metrics.of_pods(world.namespace, "requests", pods="app", labels={}))

    with pytest.raises(Unread, match="has no selector"):
        await metrics.of_pods(world.namespace, "requests", pods="", labels={})


@pytest.mark.timeout(400)
@served
async def test_the_number_is_that_of_the_horizontal_pod_autoscaler(world, adapter):
    """It runs beside ours on a twin of the workload, by the same metric: up, at peace, and down."""
    await deployed(world)
    await deployed(world, "twin")
    world.create(metrics=[requests()], behavior=AT_ONCE)
    twin = f"{HPA.format(world.namespace)}/twin"
    world.rest.create(HPA.format(world.namespace), autoscaler("twin"))

    def theirs():
        world.look()
        status = world.rest.get(twin).get("status", {})
        metrics = [each["pods"]["current"] for each in status.get("currentMetrics") or () if each]
        return [each.get("averageValue") for each in metrics], status.get("desiredReplicas")

    for value, replicas in (("17500m", 4), ("10900m", 4), ("7500m", 3)):
        adapter.measure(*of_pods(world, value), *of_pods(world, value, "twin"))
        await eventually(theirs, equals=([value], replicas), within=TWIN)
        for name in ("web", "twin"):
            await becomes(partial(world.replicas, name), replicas)
            await becomes(partial(world.ready, name), replicas)
