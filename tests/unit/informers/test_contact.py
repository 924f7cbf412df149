"""What a client knows of its server being away, and what that spares its caches."""

import math
import random
from contextlib import asynccontextmanager, suppress

import msgspec
import pytest

from informers.backoff import CAP_SECONDS, FIRST_SECONDS
from informers.client import Client
from informers.contact import Contact
from informers.errors import NotFound, TransportError
from informers.factory import Informers
from informers.meta.builtin import CONFIG_MAP, NAMESPACE, POD, SECRET
from informers.reflector import SHORT_SECONDS, Pace, Source
from tests.kit.answers import status
from tests.kit.virtual import VirtualClock
from tests.unit.controller.runtime.world import Nowhere, Stream, Wire

pytestmark = pytest.mark.virtual(seeds=5)

KINDS = (CONFIG_MAP, POD, SECRET)
LONG = 600.0
SOON = 2 * FIRST_SECONDS + 0.1
"""A first backoff step, whatever the jitter."""


class Cable(Wire):
    """A way to the server that can be cut, for requests and for streams."""

    def __init__(self):
        super().__init__()
        self.cut = set()
        self.tries = 0
        self.is_brief = False
        self.has_forgotten = False
        self.hesitates = 0.0
        self.contact = Contact()
        self.answer = lambda _: (200, {"metadata": {"name": "n"}})

    def pull(self):
        """Cut all there is."""
        self.cut = {"request", "stream"}
        for kind in KINDS:
            for stream in self._streams[kind.plural]:
                stream.pieces.put_nowait(b"")

    async def send(self, request, *, timeout):
        """Answer, or be cut."""
        self._fail("request")
        return await super().send(request, timeout=timeout)

    @asynccontextmanager
    async def stream(self, request, *, timeout):
        """Stream, or be cut, or have forgotten what the stream is to go on from."""
        self.tries += 1
        if "stream" in self.cut:
            await VirtualClock().sleep(self.hesitates)
        self._fail("stream")
        if self.has_forgotten and "sendInitialEvents" not in request.query:
            yield Stream(410, msgspec.json.encode(status(410)))
            return
        async with super().stream(request, timeout=timeout) as stream:
            if self.is_brief:
                stream.pieces.put_nowait(b"")
            yield stream

    def _fail(self, what):
        if what in self.cut:
            self.contact.lost()
            raise TransportError("cut")
        self.contact.made()


class World:
    """Three caches of one client, and somebody else who asks."""

    def __init__(self):
        self.wire = Cable()
        self.client = Client(Nowhere(), clock=VirtualClock())
        self.client._transport = self.wire
        self.client.contact = self.wire.contact
        self.informers = Informers(self.client, rng=random.Random(1))
        self.held = [self.informers.acquire(Source(kind=kind)) for kind in KINDS]
        self.sleep = self.client.clock.sleep

    async def ask(self):
        """Ask for what no cache is about."""
        with suppress(TransportError):
            await self.client.get(NAMESPACE, "n")

    def watched(self):
        """Return how many kinds are watched."""
        reflectors = [reflector for informer in self.held for reflector in informer.reflectors]
        return sum(reflector.statistics.watching_since is not None for reflector in reflectors)

    async def tries(self, seconds):
        """Return how often caches try while somebody is answered, and somebody is not, at turns."""
        before = self.wire.tries
        for _ in range(seconds):
            self.client.contact.lost()
            await self.ask()
            await self.sleep(1)
        return self.wire.tries - before


@asynccontextmanager
async def cut_off(*, hesitates=0.0):
    """Let caches try in vain for long; each time it takes so many seconds to be found out."""
    world = World()
    world.wire.hesitates = hesitates
    async with world.informers:
        for informer in world.held:
            await informer.wait_synced()
        world.wire.pull()
        await world.sleep(LONG)
        yield world


async def test_the_first_answer_to_anybody_brings_all_caches_back():
    """They wait a moment, for a server that has just come back, and not for a whole pause."""
    async with cut_off() as world:
        world.wire.cut.clear()
        await world.ask()
        await world.sleep(SOON)

        assert len(KINDS) == world.watched()
        assert not world.client.contact.is_lost


async def test_one_outage_says_nothing_of_the_next():
    """Caches come back from the fifth as soon as from the first."""
    async with cut_off() as world:
        for _ in range(5):
            world.wire.cut.clear()
            await world.ask()
            await world.sleep(SOON)
            assert len(KINDS) == world.watched()
            await world.sleep(SHORT_SECONDS)
            world.wire.pull()
            await world.sleep(20)


async def test_a_refusal_is_an_answer():
    """Whoever is told that there is no such object has reached the server."""
    async with cut_off() as world:
        world.wire.cut.clear()
        world.wire.answer = lambda _: (404, status(404, "no such thing"))
        with pytest.raises(NotFound):
            await world.client.get(NAMESPACE, "n")
        await world.sleep(SOON)

        assert len(KINDS) == world.watched()


async def test_a_cache_that_is_back_brings_back_the_others():
    """A watch is a request like any other, and so may be the first to be answered."""
    async with cut_off() as world:
        world.wire.cut.clear()
        while not world.watched():
            await world.sleep(0.01)
        await world.sleep(SOON)

        assert len(KINDS) == world.watched()


async def test_a_cache_is_not_back_before_anybody_is_answered():
    """A request that fails wakes nobody."""
    async with cut_off() as world:
        before = world.wire.tries
        for _ in range(20):
            await world.ask()
            await world.sleep(1)

        assert world.wire.tries - before <= len(KINDS)


async def test_a_watch_that_is_over_at_once_was_answered():
    """It is tried less and less often, and no answer to anybody else changes that."""
    world = World()
    async with world.informers:
        for informer in world.held:
            await informer.wait_synced()
        world.wire.is_brief = True
        world.wire.pull()
        world.wire.cut.clear()
        await world.sleep(LONG)
        before = world.wire.tries
        for _ in range(int(CAP_SECONDS) - 1):
            assert not world.client.contact.is_lost
            await world.ask()
            await world.sleep(1)

        assert world.wire.tries - before <= len(KINDS)


async def test_one_that_the_server_refuses_goes_on_waiting():
    """A server that sheds load is not asked again because it is there."""
    async with cut_off() as world:
        world.wire.cut.clear()
        world.wire.refused = dict.fromkeys((kind.plural for kind in KINDS), 503)
        woken, at_least_30_seconds_apart = 1, 2

        assert await world.tries(seconds=60) <= (woken + at_least_30_seconds_apart) * len(KINDS)


async def test_one_that_is_never_answered_is_not_woken_again_and_again():
    """A server that comes and goes, or answers all but one kind, meets a growing patience."""
    async with cut_off() as world:
        world.wire.cut.discard("request")
        least = LONG / CAP_SECONDS + math.log2(CAP_SECONDS / FIRST_SECONDS) + 2

        assert await world.tries(seconds=int(LONG)) <= least * len(KINDS)


async def test_an_outage_before_the_first_content_says_nothing_of_streaming():
    """Who never got a word has learned nothing about what the server can do."""
    world = World()
    world.wire.pull()
    async with world.informers:
        await world.sleep(LONG)
        world.wire.cut.clear()
        for informer in world.held:
            await informer.wait_synced()

    reflectors = [reflector for informer in world.held for reflector in informer.reflectors]
    assert [0] * len(KINDS) == [reflector.statistics.lists for reflector in reflectors]


async def test_a_server_that_no_longer_has_a_version_is_asked_for_a_list_soon():
    """One that was restarted says so; that it was away for long is no reason to wait."""
    async with cut_off() as world:
        world.wire.cut.clear()
        world.wire.has_forgotten = True
        await world.ask()
        await world.sleep(2 * SOON)

        assert len(KINDS) == world.watched()


async def test_a_way_that_is_missed_slowly_is_tried_less_and_less_often():
    """No route after three seconds is an outage like a refusal at once."""
    slowly = 3.0
    async with cut_off(hesitates=slowly) as world:
        before = world.wire.tries
        await world.sleep(LONG)

        assert world.wire.tries - before <= (LONG / (CAP_SECONDS + slowly) + 1) * len(KINDS)


async def test_a_watch_that_ran_is_followed_by_the_next_at_once():
    """One that falls silent is cut; the server that let it run need not be left alone."""
    world, rounds = World(), 4
    async with world.informers:
        await world.sleep(rounds * Pace().idle + FIRST_SECONDS / 2)

        assert len(KINDS) * (1 + rounds) == world.wire.tries
