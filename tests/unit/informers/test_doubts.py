"""Which answers say what became of a write whose own answer was lost."""

import asyncio

import pytest

from informers import request as requests
from informers.client import CAUSE
from informers.errors import OutcomeUnknown
from informers.meta.builtin import CONFIG_MAP
from informers.reflector import Source
from informers.request import ListOptions
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


def pages(world, *last):
    """Answer a list in two pages, `last` on the second; a write of `c` is lost between them."""
    first = {"metadata": {"resourceVersion": "70", "continue": "more"}, "items": [thing("a")]}
    second = {"metadata": {"resourceVersion": "70"}, "items": list(last)}

    def answer(request):
        if "continue" not in request.query:
            world.client.observers.tell_doubtful(patch("c"), "lost")
            return 200, first
        return 200, second

    return answer


def patch(name):
    """Return a write of this object."""
    return requests.patch(CONFIG_MAP, name, {}, namespace="ns", type_="merge")


async def test_a_later_page_is_no_younger_than_the_first(world):
    """It shows an object as it was when the first was asked for, before the write that was lost."""
    world.wire.answer = pages(world, thing("c", version=60))

    await world.client.read_all(CONFIG_MAP, ListOptions(namespace="ns"))

    assert [KEY] == world.maps.store.doubts_of("lost")


async def test_a_later_page_settles_what_was_in_doubt_before_the_first(world):
    """A list settles what was in doubt before it, on whichever page it stands."""
    await lose(world, "one")
    world.wire.answer = pages(world, thing("c", version=60))

    await world.client.read_all(CONFIG_MAP, ListOptions(namespace="ns"))

    assert ([], [KEY]) == (world.maps.store.doubts_of("one"), world.maps.store.doubts_of("lost"))


async def test_what_a_read_in_pages_no_longer_shows_may_have_been_made_again_meanwhile(world):
    """An object that was deleted with others is in doubt for who wrote it while that was read."""
    gone = {"metadata": {"resourceVersion": "60"}, "items": [thing("c")]}
    read = pages(world)
    world.wire.answer = lambda asked: (200, gone) if asked.method == "DELETE" else read(asked)

    await world.client.delete_collection(CONFIG_MAP, ListOptions(namespace="ns"))

    assert world.maps.store.get(KEY) is None
    assert [KEY] == world.maps.store.doubts_of("lost")
