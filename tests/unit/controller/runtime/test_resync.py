"""A look now and then at objects that did not change."""

import asyncio

import pytest

from controller.runtime.builder import Builder
from controller.runtime.runtime import Runtime
from controller.runtime.source import KindSource, Why
from controller.runtime.workqueue.priority import DEFAULT, LOW
from informers.meta.builtin import CONFIG_MAP, POD, SECRET
from informers.reflector import Source as Reflected
from tests.kit.putqueue import PutQueue
from tests.kit.widget.api import Widget
from tests.unit.informers.silent import SilentClient, put, silent_informers


@pytest.mark.virtual
async def test_resynced_objects_are_looked_at_when_nothing_else_is_to_be_done():
    """They are put low, `why` tells the reason, and only the source that asked puts them."""
    client = SilentClient()
    queue, other, why = PutQueue(), PutQueue(), Why(client.clock)
    async with silent_informers(client) as informers, asyncio.TaskGroup() as group:
        source = KindSource(informers, Reflected(kind=POD), resync=60)
        plain = KindSource(informers, Reflected(kind=POD))
        await source.start(queue, why, group)
        await plain.start(other, why, group)
        put(source.informer, "a", 1)
        await client.clock.sleep(70)
        await source.stop()
        await client.clock.sleep(600)

        assert [("ns/a", DEFAULT), ("ns/a", LOW)] == queue.put
        assert [("ns/a", DEFAULT)] == other.put
        assert "Pod ns/a resynced" == why.of("ns/a")[1]


async def test_a_builder_says_how_often_per_kind():
    """And not at all unless it is told to."""
    client = SilentClient()
    runtime = Runtime(client, silent_informers(client), log=None)
    made = (
        Builder(runtime, "widget")
        .for_(Widget, resync=600)
        .owns(CONFIG_MAP)
        .watches(SECRET, lambda _: (), resync=30)
        .complete(None)
    )

    assert [600, 0, 30] == [source._resync for source in made.sources]
