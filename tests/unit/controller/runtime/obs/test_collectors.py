"""Figures at a scrape: what is told, from when on, and that objects add no series."""

import asyncio
import random
from pathlib import Path

import pytest
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from controller.runtime.builder import Builder
from controller.runtime.controller import OUTCOMES
from controller.runtime.events.recorder import Recorder
from controller.runtime.fights import FREE
from controller.runtime.handler import own_key
from controller.runtime.obs.collectors import Observed, collectors
from controller.runtime.obs.gcpauses import GcPauses
from controller.runtime.obs.kinds import InformerCollector
from controller.runtime.obs.log import configure
from controller.runtime.obs.looplag import LoopLag
from controller.runtime.obs.registry import RUNTIME
from controller.runtime.obs.scrape import _Collected
from controller.runtime.reconcile import TerminalError, after, done
from controller.runtime.runtime import Runtime
from informers.client import Client
from informers.factory import Informers
from informers.feed import Feed
from informers.meta.builtin import CONFIG_MAP
from informers.reflector import Source
from tests.kit.eventually import eventually
from tests.unit.controller.runtime.obs.sink import Sink
from tests.unit.controller.runtime.world import Nowhere

OBJECTS = 10_000
GUIDE = Path(__file__).parents[5] / "docs/guide/observability.md"


class Moody:
    """Ends reconciles in every way there is."""

    def __init__(self, seed):
        self._rng = random.Random(seed)

    async def reconcile(self, request):
        """End somehow."""
        match self._rng.randrange(50):
            case 0:
                raise RuntimeError(f"{request} failed")
            case 1:
                raise TerminalError(f"{request} is hopeless")
            case 2:
                return after(0.001)
        return done()


class World:
    """A controller over a cache whose watch the test speaks for."""

    def __init__(self, seed):
        client = Client(Nowhere())
        log = configure("json", "error", stream=Sink())
        self.informers = Informers(client)
        runtime = Runtime(client, self.informers, log=log)
        self.children = runtime.apply_set("moody", [CONFIG_MAP])
        builder = Builder(runtime, "moody").watches(Source(kind=CONFIG_MAP), own_key)
        self.controller = builder.complete(Moody(seed))
        self.informer = self.controller.sources[0].informer
        self.client = client
        self.collectors = collectors(
            Observed(
                controllers=[self.controller],
                apply_sets=runtime.apply_sets,
                informers=self.informers,
                clients=[client],
                recorders=[Recorder(client, controller="moody", instance="test")],
                elector=None,
                lag=LoopLag(log=log),
                pauses=GcPauses(),
            )
        )

    def feed(self):
        """Return the end of a watch of everything."""
        (reflector,) = self.informer.reflectors
        return Feed(
            self.informer.store,
            reflector.scope,
            self.informer._deliver,
            reflector.statistics,
            initial=False,
        )

    def samples(self):
        """Return every series' value."""
        found = [*self.collectors.on_loop, *self.collectors.anywhere]
        text = generate_latest(_Collected([m for c in found for m in c.collect()])).decode()
        return {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


def event(type_, number, version):
    """Return a line of a watch."""
    return (
        b'{"type":"%s","object":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c%d",'
        b'"namespace":"n%d","uid":"u%d","resourceVersion":"%d"}}}'
        % (type_, number, number % 100, number, version)
    )


@pytest.mark.parametrize("seed", [random.randrange(2**32)], ids=lambda seed: f"seed {seed}")
async def test_t46_series_do_not_grow_with_objects(seed):
    """Ten thousand objects come, are reconciled with every outcome, and go: the same series."""
    world = World(seed)
    async with asyncio.TaskGroup() as group:
        await world.controller.sources[0].start(world.controller.queue, world.controller.why, group)
        world.informer._start_scope("", world.informer.scopes[""])
        world.informer.scopes[""].complete("0")
        world.controller.start(group)
        before = world.samples()
        feed, done_so_far = world.feed(), world.controller.statistics.outcomes

        feed.take(event(b"ADDED", n, n + 1) for n in range(OBJECTS))
        await eventually(lambda: sum(done_so_far.values()) >= OBJECTS, within=60)
        during = world.samples()
        feed.take(event(b"DELETED", n, OBJECTS + n + 1) for n in range(OBJECTS))
        await eventually(lambda: sum(done_so_far.values()) >= 2 * OBJECTS, within=60)
        after_, told = world.samples(), dict(done_so_far)
        await world.controller.stop(limit=0)

    assert before.keys() == during.keys() == after_.keys()
    kind = (("group", ""), ("kind", "ConfigMap"))
    assert [0, OBJECTS, 0] == [
        s["pentad_informer_objects", *kind] for s in (before, during, after_)
    ]
    assert 2 * OBJECTS == after_["pentad_informer_events_total", *kind]
    results = {
        o: after_["pentad_reconcile_total", ("controller", "moody"), ("result", o)]
        for o in OUTCOMES
    }
    assert results == told
    assert min(results[o] for o in ("success", "requeue_after", "error", "terminal")) > 0
    assert (
        sum(results.values())
        == after_["pentad_reconcile_duration_seconds_count", ("controller", "moody")]
    )


async def test_every_outcome_is_told_from_the_start():
    """A rate sees the first failure, because its series was 0 before."""
    samples = World(1).samples()

    for outcome in OUTCOMES:
        key = ("pentad_reconcile_total", ("controller", "moody"), ("result", outcome))
        assert samples[key] == 0
    for result in ("written", "kept_back", "dropped"):
        assert samples["pentad_events_total", ("result", result)] == 0
    for name in ("errors", "timeouts", "terminal_errors"):
        assert samples[f"pentad_reconcile_{name}_total", ("controller", "moody")] == 0


async def test_requests_are_counted_by_method_and_code():
    """What got no answer counts as code none; durations go by method."""
    world = World(1)
    world.client.answers["GET", 200] += 3
    world.client.unanswered["PATCH"] += 2
    world.client.latencies["GET"].record(0.003)
    samples = world.samples()

    requests = "pentad_client_requests_total"
    assert samples[requests, ("code", "200"), ("method", "GET")] == 3
    assert samples[requests, ("code", "none"), ("method", "PATCH")] == 2
    bucket = "pentad_client_request_duration_seconds_bucket"
    assert samples[bucket, ("le", "0.0025"), ("method", "GET")] == 0
    assert samples[bucket, ("le", "0.005"), ("method", "GET")] == 1


async def test_fights_over_children_are_told_by_controller():
    """Each told fight counts once, beside what keeping children took; all are 0 at first."""
    world = World(1)
    fights = "pentad_apply_fights_total", ("controller", "moody")
    results = [("controller", "moody"), ("result", "pruned")]
    assert [0, 0] == [
        world.samples()[fights],
        world.samples()["pentad_apply_children_total", *results],
    ]

    for _ in range(FREE + 3):
        world.children.fights.undone("c", b"1")
        world.children.fights.repaired("c", b"1")
    world.children.pruned += 2

    assert [1, 2] == [
        world.samples()[fights],
        world.samples()["pentad_apply_children_total", *results],
    ]


async def test_what_is_remembered_is_told_by_what_it_is_of():
    """Every memory of a program is among these, and each shows what it holds."""
    world = World(1)
    world.controller.why.note("ns/a", "a change")
    world.controller.troubles.note("ns/a", "no luck")
    world.children.fights.undone("c", b"1")
    world.client.caveats.tell = lambda *_: None
    world.client.caveats.take(None, ['299 - "one"', '299 - "two"'])

    remembered = {
        dict(labels)["what"]: value
        for (name, *labels), value in world.samples().items()
        if name == "pentad_remembered"
    }

    assert {
        "reasons": 1,
        "errors": 1,
        "children": 0,
        "repairs": 1,
        "events": 0,
        "warnings": 2,
        "callers": 0,
    } == remembered


async def test_counters_of_a_kind_outlive_its_informer():
    """An informer that ends does not set its kind's counters back; a new one adds to them."""
    world = World(1)
    world.informer._start_scope("", world.informer.scopes[""])
    collector = InformerCollector(world.informers)

    def events():
        (family,) = [m for m in collector.collect() if m.name == "pentad_informer_events"]
        return {s.labels["kind"]: s.value for s in family.samples}

    world.feed().take([event(b"ADDED", 1, 1), event(b"ADDED", 2, 2)])
    assert {"ConfigMap": 2} == events()
    await world.informers.release(world.informer)
    assert {"ConfigMap": 2} == events()
    world.informer = world.informers.acquire(Source(kind=CONFIG_MAP))
    world.informer._start_scope("", world.informer.scopes[""])
    world.feed().take([event(b"ADDED", 1, 1)])
    assert {"ConfigMap": 3} == events()


async def test_every_figure_stands_in_the_guide():
    """docs/guide/observability.md names each family, with its type."""
    guide = GUIDE.read_text(encoding="utf-8")
    world = World(1)
    families = [
        family
        for collector in (*world.collectors.on_loop, *world.collectors.anywhere)
        for family in collector.collect()
    ]

    missing = [
        name
        for family in families
        for name in (family.name + ("_total" if family.type == "counter" else ""),)
        if f"| `{name}` | {family.type} |" not in guide
    ]

    assert [] == missing


async def test_what_is_told_is_what_the_registry_declares():
    """Name, type, help and labels of each family are declared; dashboards may rely on them."""
    world = World(1)
    declared = {each.name.removesuffix("_total"): each for each in RUNTIME}
    families = {
        family.name: family
        for collector in (*world.collectors.on_loop, *world.collectors.anywhere)
        for family in collector.collect()
    }

    assert {} == {
        name: family
        for name, family in families.items()
        if (declared[name].type, declared[name].help.rstrip("."))
        != (family.type, family.documentation.rstrip("."))
        or any(
            not sample.labels.keys() <= {*declared[name].labels, "le"} for sample in family.samples
        )
    }
    elsewhere = ("pentad_leader_election_", "pentad_webhook_", "pentad_metrics_age_")
    assert declared.keys() - families.keys() == {
        name for name in declared if name.startswith(elsewhere)
    }
