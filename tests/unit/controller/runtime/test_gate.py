"""The gate: whose writes are in doubt, what settles that, and where caches are still to come."""

import asyncio

import pytest

from controller.runtime.builder import Builder
from controller.runtime.gate import SETTLE_SECONDS, Gate
from controller.runtime.reconcile import Postponed, done
from controller.runtime.runtime import cached
from informers.client import CAUSE
from informers.errors import DeadlineExceeded, Forbidden, OutcomeUnknown
from informers.meta.builtin import CONFIG_MAP
from informers.reflector import Source
from tests.kit.answers import status
from tests.kit.eventually import eventually
from tests.kit.widget.api import WIDGET, Widget
from tests.unit.controller.runtime.world import World, thing

pytestmark = pytest.mark.virtual

CAUSED = "widget/ns/w"


@pytest.fixture
async def world():
    """Return a world with caches of widgets and of config maps, both complete."""
    world = World()
    world.wire.content["widgets"] = [thing()]
    world.wire.content["configmaps"] = [thing("c")]
    world.widgets, world.maps = (
        world.informers.acquire(Source(kind=kind)) for kind in (WIDGET, CONFIG_MAP)
    )
    async with world.reflecting(world.widgets, world.maps):
        yield world


async def lose(world, kind=CONFIG_MAP, name="c", *, cause=CAUSED):
    """Send a write whose answer is lost."""
    world.wire.answer = lambda _: OutcomeUnknown("lost")
    token = CAUSE.set(cause)
    with pytest.raises(OutcomeUnknown):
        await world.client.patch(kind, name, {}, namespace="ns")
    CAUSE.reset(token)


def gate(world, *, primary=True):
    """Return a gate over all caches."""
    return Gate(world.informers, world.widgets if primary else None)


async def test_nothing_lost_is_nothing_to_wait_for(world):
    """The gate is open, and passing it costs no request."""
    found = gate(world)

    assert found.is_open(CAUSED, "ns/w")
    await found.pass_(CAUSED, "ns/w")
    assert ([], 0) == (world.wire.requests, found.settled)


@pytest.mark.parametrize(
    ("cause", "kind", "name", "is_open"),
    [
        (CAUSED, CONFIG_MAP, "c", False),
        (CAUSED, CONFIG_MAP, "another", False),
        (CAUSED, WIDGET, "w", False),
        ("widget/ns/v", CONFIG_MAP, "c", True),
        ("other/ns/w", CONFIG_MAP, "c", True),
        ("other/ns/w", WIDGET, "w", False),
        ("other/ns/w", WIDGET, "v", True),
        ("", CONFIG_MAP, "c", True),
    ],
    ids=[
        "a child of ours",
        "a child not seen yet",
        "the object by ourselves",
        "another object's child",
        "another controller's child",
        "the object by somebody else",
        "another object",
        "nobody's",
    ],
)
async def test_only_those_wait_whom_a_doubt_concerns(world, cause, kind, name, is_open):
    """What this object's reconcile wrote, and the object itself whoever wrote it."""
    await lose(world, kind, name, cause=cause)

    assert is_open == gate(world).is_open(CAUSED, "ns/w")


async def test_a_doubt_is_settled_by_reading_live(world):
    """The write that did happen is in the cache before the next reconcile."""
    await lose(world)
    world.wire.answer = lambda _: (200, thing("c", version=60, data={"a": "1"}))
    found = gate(world)

    await found.pass_(CAUSED, "ns/w")

    assert "60" == world.maps.store.get("ns/c").resource_version
    assert (True, 1) == (found.is_open(CAUSED, "ns/w"), found.settled)


async def test_what_was_deleted_by_the_lost_write_goes(world):
    """NotFound settles it as well, and the cache forgets the object."""
    await lose(world)
    world.wire.answer = lambda _: (404, status(404))
    found = gate(world)

    await found.pass_(CAUSED, "ns/w")

    assert world.maps.store.get("ns/c") is None
    assert found.is_open(CAUSED, "ns/w")


async def test_a_kind_that_calls_nobody_is_settled_too(world):
    """A cache that appears after the gate was made, and is no source of it, counts."""
    found = gate(world)
    later = world.informers.acquire(Source(kind=CONFIG_MAP, label_selector="a=b"))
    await later.wait_synced()

    await lose(world)
    world.wire.answer = lambda _: (404, status(404))

    assert not found.is_open(CAUSED, "ns/w")
    await found.pass_(CAUSED, "ns/w")
    assert not later.store.doubtful


async def test_what_is_not_in_doubt_is_not_looked_at(world):
    """However many caches there are; those in doubt are, until they no longer are, or are gone."""
    other = world.informers.acquire(Source(kind=CONFIG_MAP, label_selector="a=b"))
    await other.wait_synced()
    assert () == world.informers.in_doubt()

    await lose(world)
    assert [world.maps, other] == list(world.informers.in_doubt())
    await world.informers.release(other)
    assert [world.maps] == list(world.informers.in_doubt())

    world.wire.answer = lambda _: (404, status(404))
    await gate(world).pass_(CAUSED, "ns/w")
    assert () == world.informers.in_doubt()


async def test_without_a_primary_a_key_means_no_object(world):
    """Keys that a mapper made up are compared with no cache's keys."""
    await lose(world, WIDGET, "w", cause="other/ns/w")

    assert gate(world, primary=False).is_open(CAUSED, "ns/w")


async def test_a_refused_read_leaves_the_doubt(world):
    """The reconcile fails with the server's word and the gate stays closed."""
    await lose(world)
    world.wire.answer = lambda _: (403, status(403, "no"))
    found = gate(world)

    with pytest.raises(Forbidden):
        await found.pass_(CAUSED, "ns/w")

    assert (False, 0) == (found.is_open(CAUSED, "ns/w"), found.settled)


async def test_a_read_that_hangs_costs_its_limit(world):
    """After five seconds it is an ordinary failure that says what it was about."""
    await lose(world)
    world.wire.answer = lambda _: asyncio.Event().wait()
    began = world.clock.monotonic()

    with pytest.raises(DeadlineExceeded, match=f"what {CAUSED} wrote"):
        await gate(world).pass_(CAUSED, "ns/w")

    assert SETTLE_SECONDS == world.clock.monotonic() - began


class Noted:
    """A reconciler that notes how many children there are."""

    def __init__(self, maps):
        self._maps, self.seen = maps, []

    async def reconcile(self, request):
        """Count."""
        self.seen.append((request.key, len(self._maps.store)))
        return done()


async def test_an_added_namespace_is_reconciled_once_every_cache_has_it():
    """Not while the children are still to come; then each object is, once."""
    world = World()
    await world.informers.set_namespaces(["other"])
    noted = Noted(world.informers.acquire(cached(CONFIG_MAP)))
    controller = Builder(world.runtime, "widget").for_(Widget).owns(CONFIG_MAP).complete(noted)
    async with world.working(controller):
        world.wire.content["widgets"] = [thing()]
        world.wire.content["configmaps"] = [thing("c")]
        world.wire.refused["configmaps"] = 403
        await world.informers.set_namespaces(["other", "ns"])
        await eventually(lambda: controller.is_there("ns/w"))
        await world.clock.sleep(20)
        assert [] == noted.seen
        assert "ConfigMap" in controller.troubles.of("ns/w")[1]
        controller.queue.add("other/v")
        await eventually(lambda: noted.seen, equals=[("other/v", 0)])

        world.wire.refused.clear()
        await eventually(lambda: noted.seen[1:], equals=[("ns/w", 1)], within=100)
        await world.clock.sleep(100)

    assert 2 == len(noted.seen)


@pytest.mark.parametrize(
    ("key", "is_checked"),
    [("ns/w", True), ("w", True), ("other/w", False), ("elsewhere/w", False)],
    ids=["in the namespace that comes", "in none", "in one that is there", "in one not covered"],
)
async def test_only_keys_that_half_a_cache_concerns_are_put_off(key, is_checked):
    """What is in no namespace may have children anywhere; whatever is not covered has none."""
    world = World()
    await world.informers.set_namespaces(["other"])
    maps = world.informers.acquire(Source(kind=CONFIG_MAP))
    async with world.reflecting(maps):
        found = Gate(world.informers, None, [maps])
        world.wire.refused["configmaps"] = 403
        await world.informers.set_namespaces(["other", "ns"])

        if is_checked:
            with pytest.raises(Postponed, match=r"the cache of ConfigMap.* is not complete"):
                found.check_namespace(key)
        else:
            found.check_namespace(key)
