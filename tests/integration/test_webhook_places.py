"""More connections to the admission server than it has places for."""

import asyncio
import ssl

import attrs
import pytest

from tests.integration.admission_world import BRISK, World, answered, asked, posted, review
from tests.kit.eventually import eventually
from tests.kit.leaks import no_leaks

pytestmark = pytest.mark.every_loop


async def silent(world):
    """Open a connection that never says a word, not even of TLS."""
    return await asyncio.open_connection("127.0.0.1", world.server.port)


async def test_a_flood_of_silent_connections_keeps_nobody_out():
    """There are so many places; each newcomer gets that of the oldest, who is hung up on."""
    limits = attrs.evolve(BRISK, connections=8, handshake=30.0)
    async with no_leaks(), World(limits=limits) as world:
        flood = [await silent(world) for _ in range(30)]

        assert 200 == (await asked(world, posted(review())))[0]

        async with asyncio.timeout(5):
            assert b"" == await flood[0][0].read()
        assert world.server.statistics().connections <= 8
        assert world.server.statistics().taken_away >= 22
        for _, writer in flood:
            writer.close()


async def test_an_idle_connection_makes_room_and_a_busy_one_does_not():
    """The one that was answered is hung up on; the one that waits gets its answer."""
    limits = attrs.evolve(BRISK, connections=2, idle=30.0)
    async with no_leaks(), World(limits=limits, seconds=30) as world:
        busy, busy_writer = await world.connect()
        busy_writer.write(posted(review("slow")))
        await eventually(lambda: world.gate.entered, equals=1)
        idle, idle_writer = await world.connect()
        idle_writer.write(posted(review()))
        assert 200 == (await answered(idle))[0]

        assert 200 == (await asked(world, posted(review())))[0]

        async with asyncio.timeout(5):
            assert b"" == await idle.read()
        world.gate.opened.set()
        assert 200 == (await answered(busy))[0]
        busy_writer.close()
        idle_writer.close()


async def test_where_all_are_busy_a_newcomer_is_turned_away():
    """It is hung up on, which its caller's next try may find different."""
    limits = attrs.evolve(BRISK, connections=1)
    async with no_leaks(), World(limits=limits, seconds=30) as world:
        busy, busy_writer = await world.connect()
        busy_writer.write(posted(review("slow")))
        await eventually(lambda: world.gate.entered, equals=1)

        with pytest.raises((OSError, ssl.SSLError)):
            await world.connect()

        world.gate.opened.set()
        assert 200 == (await answered(busy))[0]
        busy_writer.close()
