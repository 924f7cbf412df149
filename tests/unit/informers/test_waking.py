"""Reflectors that wait after a failure, and what wakes them."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from informers.backoff import FIRST_SECONDS
from informers.errors import NotFound
from tests.unit.informers.silent import SilentClient, silent_informer

pytestmark = pytest.mark.virtual

ANSWER_SECONDS = 0.5


class Unserved(SilentClient):
    """Takes its time to say that there is no such kind."""

    @asynccontextmanager
    async def stream(self, request, *, timeout=0):
        """Answer 404."""
        del request, timeout
        self.streams += 1
        await self.clock.sleep(ANSWER_SECONDS)
        raise NotFound("no such kind", code=404)
        yield


@asynccontextmanager
async def waiting():
    """Run an informer of a kind that is not served, until it waits for long."""
    client = Unserved()
    informer = silent_informer(client=client)
    async with asyncio.TaskGroup() as group:
        informer.start(group)
        await client.clock.sleep(600)
        yield client, informer
        await informer.stop()


async def tries(client, seconds):
    """Return how often the server was asked within so many seconds."""
    before = client.streams
    await client.clock.sleep(seconds)
    return client.streams - before


async def idle(client):
    """Wait until a try has just failed."""
    before = client.streams
    while client.streams == before:
        await client.clock.sleep(0.1)
    await client.clock.sleep(ANSWER_SECONDS)


async def test_one_that_waits_tries_again_at_once():
    """And then as after a first failure, not again and again."""
    async with waiting() as (client, informer):
        await idle(client)
        informer.wake()

        assert 1 == await tries(client, ANSWER_SECONDS)
        assert 1 == await tries(client, 2.5 * FIRST_SECONDS)


async def test_a_wake_up_while_a_try_fails_is_not_lost():
    """What was asked before the CRD was ready says nothing of what it is now."""
    async with waiting() as (client, informer):
        await idle(client)
        informer.wake()
        await client.clock.sleep(ANSWER_SECONDS / 2)
        informer.wake()

        assert 1 == await tries(client, ANSWER_SECONDS)
