"""Reading pods and what they use: what is found, and how often anybody is asked."""

import asyncio

import pytest

from informers.client import Client
from informers.connection import connect
from informers.factory import Informers
from informers.lister import Lister
from reconcilers.vertice.scaler.reading.lean import PODS
from reconcilers.vertice.scaler.reading.pods import Pod
from reconcilers.vertice.scaler.reading.resources import POD_METRICS, ResourceMetrics, Unread
from reconcilers.vertice.scaler.reading.selection import Selection
from tests.integration.connection_world import SteppedClock
from tests.integration.vertice.world import WITHIN
from tests.kit.answers import refusal
from tests.kit.eventually import eventually
from tests.kit.faults import Match


@pytest.fixture
async def client(proxied):
    """Return a client whose requests are seen."""
    found = Client(await connect(kubeconfig=proxied.kubeconfig))
    yield found
    await found.close()


def asked(proxy):
    """Return how often anybody asked what pods use."""
    return len(proxy.seen(Match(path=f"/{POD_METRICS.group}/.*/pods$")))


async def test_all_who_ask_at_one_time_ask_once(world, client, proxy):
    """And again when some seconds have passed."""
    world.deploy(replicas=2)
    await eventually(world.ready, equals=2, within=WITHIN)
    world.use("90m")
    clock = SteppedClock()
    reading = ResourceMetrics(client, clock)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(reading.of(world.namespace)) for _ in range(50)]
    assert {2} == {len(task.result()) for task in tasks}
    assert 1 == asked(proxy)

    clock.skipped += 6
    await reading.of(world.namespace)
    assert 2 == asked(proxy)


async def test_a_refusal_is_kept_as_well(client, proxy, world):
    """A server that is down is not asked by each of a thousand."""
    proxy.add(refusal(500), Match(path=f"/{POD_METRICS.group}/"))
    reading = ResourceMetrics(client, SteppedClock())
    for _ in range(5):
        with pytest.raises(Unread, match=r"metrics.k8s.io cannot be read"):
            await reading.of(world.namespace)
    once = asked(proxy)
    with pytest.raises(Unread):
        await reading.of(world.namespace)
    assert once == asked(proxy)


async def test_a_server_that_is_down_is_told_with_where_to_look(client, proxy, world):
    """The API server is there and says so; what is behind it is not."""
    proxy.add(refusal(503), Match(path=f"/{POD_METRICS.group}/"))
    remedy = r"see whether metrics-server runs: kubectl get apiservice v1beta1\.metrics\.k8s\.io"

    with pytest.raises(Unread, match=remedy):
        await ResourceMetrics(client, SteppedClock()).of(world.namespace)


@pytest.fixture
async def selection(cluster, namespace):
    """Return who finds pods of the namespace."""
    client = Client(await connect(kubeconfig=cluster.kubeconfig))
    async with Informers(client, namespaces=[namespace]) as informers:
        informer = informers.acquire(PODS)
        lister = Lister(informer, Pod)
        found = Selection(lister)
        async with asyncio.timeout(30):
            await informer.wait_synced()
        yield found
    await client.close()


@pytest.mark.parametrize(
    ("selector", "count"),
    [
        ("app=web", 2),
        ("app in (web)", 2),
        ("app in (web,api)", 3),
        ("app=web,app!=web", 0),
        ("app", 3),
        ("!app", 0),
        ("app=none", 0),
    ],
)
async def test_a_selector_finds_the_pods_of_a_workload(world, selection, selector, count):
    """Of its namespace alone; what selects everything, or is none, finds nothing."""
    world.deploy("web", replicas=2)
    world.deploy("api", replicas=1)
    await eventually(lambda: len(selection.find(world.namespace, "app")), equals=3, within=WITHIN)

    assert count == len(selection.find(world.namespace, selector))
    assert () == selection.find("default", selector)


@pytest.mark.parametrize("selector", ["", "="])
async def test_what_tells_no_pods_from_others_finds_none(world, selection, selector):
    """As little as what nobody can read; that is not to say that there are no pods."""
    assert None is selection.find(world.namespace, selector)
