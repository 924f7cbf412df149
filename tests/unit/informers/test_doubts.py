"""Which answers say what became of a write whose own answer was lost."""

import asyncio

import pytest

from informers.client import CAUSE
from informers.errors import OutcomeUnknown
from informers.meta.builtin import CONFIG_MAP
from informers.reflector import Source
from tests.kit.answers import status
from tests.unit.controller.runtime.world import World, thing

pytestmark = pytest.mark.virtual(seeds=5)

KEY = "ns/c"
BEFORE = (200, thing("c", version=60))


@pytest.fixture
async def world():
    """Return a world that caches config maps, and whose server takes a second to answer."""
    world = World()
    world.wire.content["configmaps"] = [thing("c")]
    world.maps = world.informers.acquire(Source(kind=CONFIG_MAP))
    async with world.reflecting(world.maps):
        yield world


def slowly(clock, said):
    """Answer so, a second late."""

    async def answer():
        await clock.sleep(1)
        return said

    return lambda _: answer()


async def lose(world, cause):
    """Send a write whose answer is lost, halfway through whatever takes a second."""
    await world.clock.sleep(0.5)
    world.wire.answer = lambda _: OutcomeUnknown("lost")
    token = CAUSE.set(cause)
    with pytest.raises(OutcomeUnknown):
        await world.client.patch(CONFIG_MAP, "c", {}, namespace="ns")
    CAUSE.reset(token)


def read(world):
    """Read the object live."""
    return world.client.get(CONFIG_MAP, "c", namespace="ns")


def write(world):
    """Write the object."""
    return world.client.patch(CONFIG_MAP, "c", {}, namespace="ns")


def delete(world):
    """Delete the object."""
    return world.client.delete(CONFIG_MAP, "c", namespace="ns")


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (read, BEFORE),
        (write, BEFORE),
        (delete, (200, {"kind": "Status", "details": {"uid": "u-c"}})),
    ],
    ids=["read", "write", "delete"],
)
async def test_what_was_asked_before_a_lost_write_does_not_tell_what_became_of_it(world, ask, said):
    """It may have been answered before that write was done; what is asked after it counts."""
    world.wire.answer = slowly(world.clock, said)
    async with asyncio.TaskGroup() as group:
        group.create_task(ask(world))
        await lose(world, "one")
    assert [KEY] == world.maps.store.doubts_of("one")

    world.wire.answer = lambda _: BEFORE
    await read(world)

    assert [] == world.maps.store.doubts_of("one")


@pytest.mark.parametrize("said", [BEFORE, (404, status(404))], ids=["there", "gone"])
async def test_settling_leaves_the_doubts_that_came_meanwhile(world, said):
    """They are of a write that the read could not see."""
    await lose(world, "one")
    world.wire.answer = slowly(world.clock, said)
    async with asyncio.TaskGroup() as group:
        group.create_task(world.maps.settle(KEY))
        await lose(world, "two")

    assert ([], [KEY]) == (world.maps.store.doubts_of("one"), world.maps.store.doubts_of("two"))


async def test_settling_all_there_is_leaves_the_doubts_that_came_meanwhile(world):
    """A collection is read like an object."""
    world.maps.store.doubt("ns/", "one", 0)
    page = {"metadata": {"resourceVersion": "60"}, "items": [thing("c", version=60)]}
    world.wire.answer = slowly(world.clock, (200, page))
    async with asyncio.TaskGroup() as group:
        group.create_task(world.maps.settle("ns/"))
        await lose(world, "two")

    assert ([], [KEY]) == (world.maps.store.doubts_of("one"), world.maps.store.doubts_of("two"))
