"""The namespaces of all caches change in one step, whatever state each of them is in."""

import asyncio

import pytest

from informers.meta.builtin import CONFIG_MAP, NODE, POD
from informers.reflector import Source
from tests.unit.informers.silent import SilentClient, put, silent_informers

METADATA = Source(kind=POD, metadata_only=True)
WHOLE = Source(kind=POD)


def complete(informer):
    """Let what an informer covers be known."""
    for scope in informer.scopes.values():
        scope.complete("9")


@pytest.mark.virtual
async def test_all_kinds_change_in_one_step():
    """Nobody gets a turn while one kind still covers what another has given up."""
    client = SilentClient()
    async with silent_informers(client) as informers, asyncio.TaskGroup() as group:
        await informers.set_namespaces(["one", "two"])
        pods, maps = (informers.acquire(Source(kind=kind)) for kind in (POD, CONFIG_MAP))
        nodes = informers.acquire(Source(kind=NODE))
        await client.clock.sleep(0)
        put(pods, "a", 2, namespace="one")
        put(pods, "b", 3, namespace="two")
        assert 5 == client.streams

        changing = group.create_task(informers.set_namespaces(["two", "three"]))
        await client.clock.sleep(0)
        assert [["three", "two"]] * 2 == [sorted(each.scopes) for each in (pods, maps)]
        assert [""] == list(nodes.scopes)
        assert ["two/b"] == [held.key for held in pods.store]
        await changing
        assert 5 == client.streams


@pytest.mark.virtual
async def test_the_last_of_two_changes_counts_for_all():
    """One that began before, and is still waiting for watches to end, changes nothing any more."""
    client = SilentClient()
    async with silent_informers(client) as informers, asyncio.TaskGroup() as group:
        await informers.set_namespaces(["one"])
        kinds = [informers.acquire(Source(kind=kind)) for kind in (POD, CONFIG_MAP)]
        await client.clock.sleep(0)
        for namespace in ("two", "three"):
            group.create_task(informers.set_namespaces([namespace]))
        await client.clock.sleep(1)

        assert [["three"]] * 2 == [list(each.scopes) for each in kinds]
        assert 2 == client.streams


@pytest.mark.virtual
async def test_namespaces_change_before_the_start():
    """What is acquired first and started later covers the namespaces of then."""
    client = SilentClient()
    informers = silent_informers(client)
    pods = informers.acquire(WHOLE)
    await informers.set_namespaces(["one", "two"])
    await informers.set_namespaces(["two"])
    async with informers:
        await client.clock.sleep(0)
        assert (["two"], 1) == (list(pods.scopes), client.streams)


@pytest.mark.virtual
async def test_who_waits_for_content_waits_for_that_of_the_namespaces_of_now():
    """One that left never comes, and one that came meanwhile has to."""
    client = SilentClient()
    async with silent_informers(client) as informers, asyncio.TaskGroup() as group:
        await informers.set_namespaces(["one"])
        pods = informers.acquire(WHOLE)
        waiting = group.create_task(pods.wait_synced())
        await client.clock.sleep(0)
        await informers.set_namespaces(["two"])
        await client.clock.sleep(0)
        assert not waiting.done()
        complete(pods)
        await asyncio.wait_for(waiting, 1)


@pytest.mark.virtual
async def test_a_metadata_cache_that_is_about_to_follow_changes_like_the_other():
    """It watches what is added by itself until it follows, and then by nobody's watch but one."""
    client = SilentClient()
    async with silent_informers(client) as informers:
        await informers.set_namespaces(["one"])
        part = informers.acquire(METADATA)
        await client.clock.sleep(0)
        complete(part)
        whole = informers.acquire(WHOLE)
        await informers.set_namespaces(["one", "two"])
        await client.clock.sleep(1)
        assert (None, 4) == (part.lead, client.streams)

        complete(whole)
        await client.clock.sleep(5)
        assert (whole, 2) == (part.lead, client.streams)
        assert ["one", "two"] == sorted(part.scopes)
        await informers.set_namespaces(["two"])
        assert (["two"], 1) == (list(part.scopes), client.streams)


@pytest.mark.virtual
async def test_a_follower_forgets_its_doubts_about_namespaces_that_left():
    """Nobody may read there any more, and whoever is in doubt would have to, for ever."""
    client, keys = SilentClient(), ["", "one/a", "one/", "two/a", "two/"]
    async with silent_informers(client) as informers:
        await informers.set_namespaces(["one", "two"])
        part = informers.acquire(METADATA)
        await client.clock.sleep(0)
        complete(part)
        whole = informers.acquire(WHOLE)
        complete(whole)
        await client.clock.sleep(5)
        assert whole is part.lead

        for number, key in enumerate(keys, start=1):
            informers.doubtful(POD, key, "owner", number)
        assert [keys, keys] == [each.store.doubts_of("owner") for each in (part, whole)]
        await informers.set_namespaces(["two"])
        left = ["", "two/a", "two/"]
        assert [left, left] == [each.store.doubts_of("owner") for each in (part, whole)]
