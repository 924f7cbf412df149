"""Events as users see them, on a real API server."""

import asyncio

import pytest

from controller.runtime.events.recorder import QUEUE, Recorder
from hack.gen.__main__ import ROOT
from informers.client import Client
from informers.connection import connect
from informers.meta.builtin import CONFIG_MAP
from tests.integration.consistency.world import change, config_map
from tests.kit.answers import refusal
from tests.kit.builders import widget
from tests.kit.crds import install_crds
from tests.kit.eventually import eventually
from tests.kit.faults import Match, Stall
from tests.kit.hosting import hosted
from tests.kit.widget.api import WIDGET
from tests.kit.widget.reconciler import set_up

WITHIN = 20
CRD = ROOT / "tests/kit/widget/manifests/crd/widgets.test.pentad.dev.yaml"


@pytest.fixture
async def client(cluster):
    """Return the client under test."""
    made = Client(await connect(kubeconfig=cluster.kubeconfig))
    yield made
    await made.close()


@pytest.fixture
async def target(client, namespace):
    """Return an object to tell things about."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "target"}}
    return await client.create(CONFIG_MAP, body, namespace=namespace)


def events_of(rest, namespace):
    """Return the namespace's Events."""
    return rest.get(f"/api/v1/namespaces/{namespace}/events")["items"]


async def test_an_event_is_accepted_with_old_and_new_fields(client, target, namespace, rest):
    """The server takes eventTime, series and lastTimestamp side by side."""
    recorder = Recorder(client, controller="pentad-test", instance="here")
    for _ in range(3):
        recorder.tell(CONFIG_MAP, target, "Painted", "it is red now")
    async with asyncio.timeout(WITHIN):
        await recorder.flush()

    [event] = events_of(rest, namespace)

    assert (3, 3) == (event["count"], event["series"]["count"])
    assert ("Painted", "it is red now") == (event["reason"], event["message"])
    assert "pentad-test" == event["reportingComponent"]
    assert target.meta.uid == event["involvedObject"]["uid"]
    assert event["lastTimestamp"]
    assert event["eventTime"]


async def test_t47_a_thousand_identical_events_are_at_most_25_writes(
    client, target, namespace, rest
):
    """The server gets one Event, counted up by at most 25 writes."""
    recorder = Recorder(client, controller="pentad-test", instance="here")
    for _ in range(QUEUE):
        recorder.tell(CONFIG_MAP, target, "Flapped", "again")
    async with asyncio.timeout(WITHIN):
        await recorder.flush()

    assert 25 == recorder.written
    assert QUEUE - 25 == recorder.kept_back
    assert [25] == [event["count"] for event in events_of(rest, namespace)]


async def test_an_event_that_expired_is_written_anew(client, target, namespace, rest):
    """Counting up an Event that is gone becomes a new one with the whole count."""
    recorder = Recorder(client, controller="pentad-test", instance="here")
    recorder.tell(CONFIG_MAP, target, "Painted", "it is red now")
    await recorder.flush()
    [event] = events_of(rest, namespace)
    rest.delete(f"/api/v1/namespaces/{namespace}/events/{event['metadata']['name']}")

    recorder.tell(CONFIG_MAP, target, "Painted", "it is red now")
    await recorder.flush()

    assert [2] == [event["count"] for event in events_of(rest, namespace)]


async def test_t47_a_full_queue_costs_events_and_nothing_else(client, target):
    """While the server is away, notices beyond the bound are dropped and counted; nobody waits."""
    recorder = Recorder(client, controller="pentad-test", instance="here")
    for _ in range(QUEUE + 7):
        recorder.tell(CONFIG_MAP, target, "Painted", "it is red now")

    assert 7 == recorder.dropped


@pytest.mark.parametrize(
    "trouble", [Stall(at="request"), refusal(503)], ids=["no answer", "unavailable"]
)
async def test_t47_reconciles_go_on_while_events_cannot_be_written(
    proxy, proxied, namespace, rest, kubectl, trouble
):
    """Nobody waits for the sink; once it takes Events again they are written."""
    install_crds(kubectl, CRD)
    names = [f"stuck-{number}" for number in range(4)]
    taken(rest, namespace, *names)
    widgets = WIDGET.path(namespace)
    with proxy.add(trouble, Match(method=("POST", "PATCH"), path="/events")) as sink:
        async with hosted(proxied, set_up, namespaces=[namespace]) as host:
            for name in (*names, "fine"):
                rest.create(widgets, widget(name, children=1))
            fine = f"/api/v1/namespaces/{namespace}/configmaps/fine-0"
            await eventually(lambda: rest.request("GET", fine).status, equals=200)
            outcomes = host.controllers[0].statistics.outcomes
            await eventually(lambda: outcomes["terminal"] >= len(names))
            await eventually(lambda: sink.fired > 0)
            assert 0 == host.runtime.recorder.written
            sink.remove()
            change(rest, f"{widgets}/stuck-3", {"spec": {"size": 2}})

            def told():
                return {each["involvedObject"]["name"] for each in events_of(rest, namespace)}

            await eventually(lambda: "stuck-3" in told(), within=WITHIN)


def taken(rest, namespace, *names):
    """Give the first child of each name to somebody else."""
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    holder = rest.create(maps, {"metadata": {"name": "holder"}})["metadata"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "holder", "uid": holder["uid"]}
    for name in names:
        rest.create(
            maps, config_map(f"{name}-0", ownerReferences=[reference | {"controller": True}])
        )


async def test_an_event_in_a_namespace_that_is_gone_is_dropped(client, target):
    """The recorder does not try for ever what cannot be done."""
    recorder = Recorder(client, controller="pentad-test", instance="here")
    target.meta.namespace = "never-there"
    recorder.tell(CONFIG_MAP, target, "Painted", "it is red now")
    async with asyncio.timeout(WITHIN):
        await recorder.flush()

    assert (0, 1) == (recorder.written, recorder.dropped)
