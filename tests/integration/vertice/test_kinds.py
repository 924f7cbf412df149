"""What kinds are called: what a server that is down means, and what is remembered."""

import msgspec
import pytest

from informers.client import Client
from informers.connection import connect
from reconcilers.vertice.scaler.reading.kinds import Kinds, UnknownKind
from reconcilers.vertice.scaler.reconciler import set_up
from tests.integration.vertice.test_scaler import becomes
from tests.kit.answers import refusal
from tests.kit.faults import Answer, Match
from tests.kit.hosting import hosted

OTHER = "other.pentad.test/v1"
THERE = Match(path=f"/apis/{OTHER}$")


@pytest.fixture
async def kinds(proxied):
    """Return who finds kinds, with a server in between."""
    client = Client(await connect(kubeconfig=proxied.kubeconfig))
    yield Kinds(client)
    await client.close()


def announcing(*names):
    """Return the answer of a server that has one kind, and these resources."""
    found = [{"name": name, "kind": "Thing", "namespaced": True} for name in names]
    return Answer(status=200, body=msgspec.json.encode({"resources": found}))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refusal(503), "see whether its server runs: kubectl get apiservice v1.other"),
        (refusal(403), "other.pentad.test cannot be read"),
        (Answer(status=200, body=b"<html>"), "other.pentad.test cannot be read"),
        (refusal(404), "the server has no Thing in other.pentad.test/v1"),
    ],
    ids=["down", "forbidden", "something else", "missing"],
)
async def test_a_server_that_cannot_tell_is_a_reason(kinds, proxy, answer, words):
    """With where to look."""
    proxy.add(answer, THERE)

    with pytest.raises(UnknownKind, match=words):
        await kinds.find(OTHER, "Thing")


@pytest.mark.parametrize("version", ["apps/v1/deployments", "../v1", "apps/v1?x=y"])
async def test_what_names_no_group_is_never_asked_for(kinds, proxy, version):
    """A spec may be older than the pattern that refuses it."""
    proxy.forget()

    with pytest.raises(UnknownKind):
        await kinds.find(version, "Deployment")
    assert [] == proxy.seen()


async def test_a_kind_may_get_a_scale(kinds, proxy):
    """A definition gets the subresource that it lacked: no restart is wanted for that."""
    proxy.add(announcing("things"), THERE, times=1)
    assert not (await kinds.find(OTHER, "Thing")).is_scalable
    proxy.add(announcing("things", "things/scale"), THERE)
    proxy.forget()

    assert [True] * 3 == [(await kinds.find(OTHER, "Thing")).is_scalable for _ in range(3)]
    assert 1 == len(proxy.seen())


async def test_what_a_kind_is_called_is_asked_for_once(kinds, proxy):
    """Objects that custom metrics are of need no scale."""
    proxy.add(announcing("things"), THERE)
    proxy.forget()

    assert {"things"} == {(await kinds.named(OTHER, "Thing")).plural for _ in range(3)}
    assert 1 == len(proxy.seen())


async def test_a_metric_of_a_server_that_is_down_stops_nothing_else(world, proxied, proxy):
    """The clock goes on, and the other metrics do."""
    which = {"apiVersion": OTHER, "kind": "Thing", "name": "one"}
    custom = {"name": "requests", "object": which}
    proxy.add(refusal(503), THERE)
    async with hosted(proxied, set_up, namespaces=[world.namespace]):
        world.deploy(replicas=1)
        world.create(
            metrics=[{"type": "custom", "target": {"value": "1"}, "custom": custom}],
            schedule=[{"cron": "* * * * *", "replicas": 4}],
        )

        await becomes(lambda: world.condition("ScalingActive"), ("False", "MetricsMissing"))
        await becomes(world.replicas, 4)
        assert "see whether its server runs" in world.status()["currentMetrics"][0]["error"]


async def test_a_target_of_a_server_that_is_down_is_told(world, proxied, proxy):
    """As a target that cannot be scaled for now."""
    proxy.add(refusal(503), THERE)
    async with hosted(proxied, set_up, namespaces=[world.namespace]):
        world.create(target={"apiVersion": OTHER, "kind": "Thing", "name": "one"})

        await becomes(lambda: world.condition("AbleToScale"), ("False", "UnknownKind"))
