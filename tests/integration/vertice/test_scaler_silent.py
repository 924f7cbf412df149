"""Servers that take a connection and never answer: whose looks they cost, and whose they do not."""

import itertools
from functools import partial
from urllib.parse import parse_qs

import pytest

from informers.clock import LoopClock
from reconcilers.vertice.scaler.pace import PERIOD
from reconcilers.vertice.scaler.reading.resources import POD_METRICS
from reconcilers.vertice.scaler.reconciler import WORKERS, set_up
from tests.integration.vertice.asking import said
from tests.integration.vertice.test_scaler import becomes, events
from tests.integration.vertice.world import AT_ONCE, CPU, WITHIN, World
from tests.kit.cluster import fresh_namespace
from tests.kit.eventually import eventually
from tests.kit.faults import HalfOpen, Match
from tests.kit.hosting import hosted
from tests.kit.leaks import no_leaks
from tests.kit.scripted import ScriptedServer

MANY = WORKERS + 10
LATE_SECONDS = 4.0
"""By which a look may be late on a machine that is busy; a worker that waits for a server that is
asked for 15 seconds makes it later."""
HUNG = Match(method="GET", path=f"/{POD_METRICS.group}/")


class Diary:
    """A server that answers five, and knows when it was asked."""

    def __init__(self):
        self.clock = LoopClock()
        self.times = []

    async def answer(self, peer):
        """Answer as often as somebody asks."""
        while True:
            await peer.request()
            self.times.append(self.clock.monotonic())
            await peer.reply(said())


async def silent(peer):
    """Hear what is asked, and say nothing."""
    await peer.request()
    await peer.silence()


def listening(server, query="up", target="1", **more):
    """Return the part of a spec that asks a server."""
    external = {"query": query, "target": target}
    return {
        "metrics": [{"type": "external", "external": external}],
        "prometheus": {"address": server.url, "timeout": "15s"},
        "behavior": AT_ONCE,
        **more,
    }


@pytest.fixture
def other(scalers, rest):
    """Return another namespace."""
    with fresh_namespace(rest) as name:
        yield World(scalers, rest, name)


async def looked_at_on_time(other, looks=3):
    """Hold a scaler whose own server answers to its pace, from its first look on."""
    diary = Diary()
    with ScriptedServer(always=diary.answer) as quick:
        other.deploy(replicas=1)
        diary.times.append(diary.clock.monotonic() - PERIOD)
        other.create(**listening(quick))
        await becomes(other.replicas, 5)
        await eventually(lambda: len(diary.times) > looks, within=looks * PERIOD + WITHIN)
    gaps = [after - before for before, after in itertools.pairwise(diary.times)]
    assert [] == [gap for gap in gaps if gap > PERIOD + LATE_SECONDS]


async def test_a_server_that_never_answers_makes_nobody_else_late(world, other, cluster):
    """More scalers ask it than there are workers; one of another namespace has all its looks."""
    namespaces = [world.namespace, other.namespace]
    with ScriptedServer(always=silent) as deaf:
        async with hosted(cluster, set_up, namespaces=namespaces):
            world.deploy(replicas=1)
            for number in range(MANY):
                world.create(f"web-{number}", **listening(deaf, f"jobs_{number}"))
            await eventually(lambda: deaf.connections, equals=8, within=WITHIN)

            await looked_at_on_time(other)


async def test_figures_of_pods_that_never_come_make_nobody_else_late(world, other, proxied, proxy):
    """Whoever waits for them is told where to look, and goes by its clock meanwhile."""
    namespaces = [world.namespace, other.namespace]
    with proxy.add(HalfOpen(at="request"), HUNG):
        async with hosted(proxied, set_up, namespaces=namespaces):
            world.deploy(replicas=1)
            clock = [{"cron": "* * * * *", "replicas": 4}]
            for number in range(MANY):
                world.create(f"web-{number}", metrics=[CPU], schedule=clock)
            await eventually(lambda: proxy.seen(HUNG), within=WITHIN)

            await looked_at_on_time(other, looks=1)
            await becomes(world.replicas, 4)
            failed = partial(world.condition, "ScalingActive", "web-0")
            await becomes(failed, ("False", "MetricsMissing"))
            (metric,) = world.status("web-0")["currentMetrics"]
            assert "see whether metrics-server runs" in metric["error"]


@pytest.mark.usefixtures("host")
async def test_who_scales_while_metrics_are_asked_for_is_noticed(world):
    """The answer counts for the pods that there are when it comes."""

    async def late(peer):
        await peer.request()
        await peer.wait(gate)
        await peer.reply(said("45"))

    with ScriptedServer(always=late) as server:
        gate = server.gate()
        world.deploy(replicas=2)
        world.create(**listening(server, target="10"))
        await eventually(lambda: server.requests, within=WITHIN)
        world.scale(3)
        gate.open()

        wanted = "Scaled", "from 3 to 5 pods: external up asks for 5"
        await eventually(lambda: wanted in events(world), within=WITHIN)


@pytest.mark.usefixtures("host")
async def test_what_was_asked_for_another_spec_is_not_waited_for(world):
    """The new query is asked at once, and the old one no more."""
    with ScriptedServer(silent, always=Diary().answer) as server:
        world.deploy(replicas=1)
        world.create(**listening(server, "old"))
        await eventually(lambda: server.requests, within=WITHIN)
        world.change(**listening(server, "new"))

        await becomes(world.replicas, 5)
        asked = [parse_qs(each.body.decode())["query"][0] for each in server.requests]
        assert ["old", "new"] == asked[:2]


async def test_a_leader_that_stops_in_the_middle_leaves_nothing(world, cluster):
    """It does not wait for the answer; the next one asks anew."""
    with ScriptedServer(silent, always=Diary().answer) as server:
        world.deploy(replicas=1)
        async with no_leaks(), hosted(cluster, set_up, namespaces=[world.namespace]):
            world.create(**listening(server))
            await eventually(lambda: server.requests, within=WITHIN)
            clock, began = LoopClock(), LoopClock().monotonic()
        assert clock.monotonic() - began < LATE_SECONDS
        assert {} == world.status()

        async with hosted(cluster, set_up, namespaces=[world.namespace]):
            await becomes(world.replicas, 5)
