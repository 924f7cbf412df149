"""Lists that the client reads for its caches, some of whose items make no sense."""

import msgspec
import pytest

from informers.errors import DecodeError
from informers.meta.builtin import CONFIG_MAP
from informers.reflector import Source
from informers.request import ListOptions
from tests.unit.controller.runtime.world import World, thing

pytestmark = pytest.mark.virtual

BAD = thing("bad", meta={"labels": {"x": 1}})


def listed(*items):
    """Return the answer that lists these."""
    return {"metadata": {"resourceVersion": "60"}, "items": items}


@pytest.fixture
async def world():
    """Return a world with a cache of three config maps."""
    world = World()
    world.wire.content["configmaps"] = [thing("a"), thing("b"), thing("bad")]
    world.maps = world.informers.acquire(Source(kind=CONFIG_MAP))
    async with world.reflecting(world.maps):
        yield world


async def test_one_item_that_makes_no_sense_settles_the_others(world):
    """It is there, so it is not taken for gone; what is not listed is."""
    world.wire.answer = lambda _: (200, listed(BAD, thing("a", version=55)))
    world.maps.store.doubt("ns/", "", 0)

    await world.maps.settle("ns/")

    assert {"ns/a": "55", "ns/bad": "1"} == {
        held.key: held.resource_version for held in world.maps.store
    }
    assert 0 == world.maps.store.doubtful


async def test_a_collection_goes_whatever_its_items_look_like(world):
    """Those that were answered and are not left are gone from the cache at once."""
    answers = {"DELETE": listed(thing("a"), thing("b"), BAD), "GET": listed(thing("b"))}
    world.wire.answer = lambda request: (200, answers[request.method])

    await world.client.delete_collection(CONFIG_MAP, ListOptions(namespace="ns"))

    assert ["ns/b"] == list(world.maps.store.all_keys())


@pytest.mark.parametrize(
    "answer",
    [[], {"items": 7}, msgspec.Raw(b'{"metadata":"\xff"}')],
    ids=["a list of JSON", "a number", "no UTF-8"],
)
async def test_what_is_no_list_is_told_and_leaves_the_doubt(world, answer):
    """As an error of ours, whoever asked."""
    world.wire.answer = lambda _: (200, answer)
    client, which = world.client, ListOptions(namespace="ns")

    for ask in (client.list, client.read_all, client.delete_collection):
        with pytest.raises(DecodeError, match="not a list"):
            await ask(CONFIG_MAP, which)
    assert world.maps.store.is_doubtful("ns/")
