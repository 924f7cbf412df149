"""What the figures of a cache are after what can happen to one."""

import pytest

from controller.runtime.obs.kinds import InformerCollector
from informers.client import Client
from informers.factory import Informers
from informers.meta.builtin import CONFIG_MAP
from informers.reflector import Source
from tests.kit.answers import status
from tests.kit.virtual import VirtualClock
from tests.unit.controller.runtime.world import Listing, Nowhere, event, thing

pytestmark = pytest.mark.virtual

BAD = thing("bad", meta={"labels": {"x": 1}})
COUNTED = ("lists", "watches", "events", "bookmarks", "failures", "decode_errors")


class Told(Listing):
    """One that can be made to say anything."""

    def say(self, line):
        """Send the one watch of ConfigMaps a line."""
        (stream,) = self._streams["configmaps"]
        stream.pieces.put_nowait(line)


class World:
    """A cache of ConfigMaps that lists, and its figures."""

    def __init__(self):
        self.wire = Told()
        self.wire.content["configmaps"] = [thing("a"), BAD]
        client = Client(Nowhere(), clock=VirtualClock())
        client._transport = self.wire
        self.sleep = client.clock.sleep
        self.informers = Informers(client)
        self.informers.verdicts.refuse(CONFIG_MAP, "the test wants lists")
        self.informer = self.informers.acquire(Source(kind=CONFIG_MAP))
        self._collector = InformerCollector(self.informers)

    def figures(self):
        """Return what a scrape says of the kind."""
        return {
            sample.name.removeprefix("pentad_informer_").removesuffix("_total"): sample.value
            for family in self._collector.collect()
            for sample in family.samples
            if sample.labels["kind"] == "ConfigMap"
        }

    def counted(self):
        """Return the counters, in the order of `COUNTED`."""
        figures = self.figures()
        return [figures[name] for name in COUNTED]


@pytest.fixture
async def world():
    """Return a world whose cache has just become complete."""
    world = World()
    async with world.informers:
        await world.informer.wait_synced()
        yield world


async def test_ages_are_seconds(world):
    """A watch grows old from its begin; silence ends with whatever comes."""
    await world.sleep(7)
    assert (7, 7) == ages(world)

    world.wire.say(event("BOOKMARK", {"metadata": {"resourceVersion": "60"}}))
    await world.sleep(3)
    assert (10, 3) == ages(world)


async def test_a_line_that_makes_no_sense_is_counted_as_that(world):
    """One came with the list; neither is an event or a failure."""
    assert [1, 1, 0, 0, 0, 1] == world.counted()

    world.wire.say(b"no json\n" + event("MODIFIED", thing("a", version=60)))
    await world.sleep(1)

    assert [1, 1, 1, 0, 0, 2] == world.counted()
    assert 1 == world.figures()["objects"]


async def test_a_relist_is_one_failure_one_list_and_one_watch(world):
    """And while none is under way, no watch has an age."""
    await world.sleep(60)
    world.wire.say(event("ERROR", status(410, "too old resource version")))
    await world.sleep(0.5)
    assert "watch_age_seconds" not in world.figures()
    assert [1, 1, 0, 0, 1, 1] == world.counted()

    await world.sleep(9.5)
    assert [2, 2, 0, 0, 1, 2] == world.counted()
    watch, silence = ages(world)
    assert watch == silence
    assert 10 - 1.6 <= watch <= 10 - 0.8


async def test_a_watch_that_is_refused_is_one_failure(world):
    """However often that is told inside."""
    await world.sleep(60)
    world.wire.refused["configmaps"] = 503
    world.wire.say(b"")
    await world.sleep(0.5)

    assert [1, 1, 0, 0, 1, 1] == world.counted()
    assert (None, 0.5) == ages(world)


def ages(world):
    """Return the ages of the watch and of the last contact, to a millisecond."""
    figures = world.figures()
    found = (figures.get("watch_age_seconds"), figures.get("silence_seconds"))
    return tuple(age if age is None else round(age, 3) for age in found)
