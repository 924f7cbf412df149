"""The caches at a scrape: how far handlers are behind, what is decoded, nothing counted twice."""

import asyncio

import pytest

from controller.runtime.obs.kinds import InformerCollector
from informers.lister import Lister
from informers.meta.builtin import POD
from informers.meta.object import Resource
from informers.reflector import Source
from informers.subscription import Subscription
from tests.unit.informers.silent import SilentClient, put, silent_informers

WHOLE = Source(kind=POD)


class Pod(Resource, frozen=True, kw_only=True):
    """As much of a Pod as is read here."""


def figures(collector):
    """Return each figure of Pods by its name and, where it has one, its handler."""
    return {
        (sample.name.removeprefix("pentad_informer_"), sample.labels.get("handler")): sample.value
        for family in collector.collect()
        for sample in family.samples
        if sample.labels["kind"] == "Pod"
    }


@pytest.mark.virtual
async def test_a_handler_that_is_behind_is_told_by_name():
    """How much waits for each, and for how long the oldest of it has; a quick one has nothing."""
    client = SilentClient()
    async with silent_informers(client) as informers:
        informer, collector = informers.acquire(WHOLE), InformerCollector(informers)
        disks = [Subscription(informer, name="disk") for _ in range(2)]
        informer.add_handler(list, name="quick")
        put(informer, "a", 1)
        await client.clock.sleep(10)
        put(informer, "b", 2)
        await anext(disks[0])
        await client.clock.sleep(5)
        informer.add_handler(list, name="late")
        told = figures(collector)
        for disk in disks:
            disk.close()

    depth, oldest = "handler_depth", "handler_oldest_seconds"
    assert [3, 0, 2] == [told[depth, name] for name in ("disk", "quick", "late")]
    assert [15.0, 0, 0] == [told[oldest, name] for name in ("disk", "quick", "late")]
    assert 2 == told["untold", None]


@pytest.mark.virtual
async def test_decoded_objects_and_reads_are_counted():
    """Of all readers of a kind together; a cache that ended leaves its counts."""
    async with silent_informers(SilentClient()) as informers:
        informer, collector = informers.acquire(WHOLE), InformerCollector(informers)
        put(informer, "a", 1)
        readers = [Lister(informer, Pod) for _ in range(2)]
        for reader in readers:
            reader.get("ns/a")
            reader.get("ns/a")
        names = ("memo_objects", "memo_hits_total", "memo_misses_total")

        assert [2, 2, 2] == [figures(collector)[name, None] for name in names]
        await informers.release(informer)
        assert [2, 2] == [figures(collector)[name, None] for name in names[1:]]


@pytest.mark.virtual
async def test_a_follower_is_not_counted_beside_its_lead():
    """There are as many objects, watches and events as before."""
    client = SilentClient()
    async with silent_informers(client) as informers, asyncio.timeout(60):
        part = informers.acquire(Source(kind=POD, metadata_only=True))
        collector = InformerCollector(informers)
        whole = informers.acquire(WHOLE)
        put(whole, "a", 1)
        whole.scopes[""].complete("1")
        (reflector,) = whole.reflectors
        reflector.statistics.events = 7
        while part.lead is None:
            await client.clock.sleep(0.1)

        told = figures(collector)
        assert [1, 7, 1] == [told[n, None] for n in ("objects", "events_total", "synced")]
