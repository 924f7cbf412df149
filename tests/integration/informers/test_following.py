"""Metadata-only caches on a real server: one watch when somebody needs the whole objects."""

import asyncio

from informers.client import Client
from informers.connection import connect
from informers.factory import Informers
from informers.lister import Lister
from informers.meta.builtin import CONFIG_MAP
from informers.meta.object import Resource
from informers.reflector import Source
from tests.integration.informers.objects import WATCH, change, create, delete
from tests.kit.eventually import eventually
from tests.kit.leaks import no_leaks
from tests.kit.mirror import FAST, mirrored

WHOLE = Source(kind=CONFIG_MAP)


class ConfigMap(Resource, frozen=True, kw_only=True):
    """As much of a ConfigMap as is read here."""

    data: dict[str, str]


async def test_a_metadata_cache_moves_to_the_whole_objects_amid_changes(cluster, namespace, rest):
    """Its handler is told of each change once, before, while and after it moves."""
    names = [f"n{number}" for number in range(20)]
    create(rest, namespace, *names, colour="none")
    async with mirrored(cluster, CONFIG_MAP, namespace, metadata_only=True) as mirror:
        await mirror.wait_synced()
        whole = mirror.informers.acquire(WHOLE)
        for number, name in enumerate(names):
            if number % 4 == 0:
                delete(rest, namespace, name)
            else:
                change(rest, namespace, name, colour=f"c{number}")
            await mirror.client.clock.sleep(0.02)
        await eventually(lambda: mirror.informer.lead, equals=whole, within=30)
        create(rest, namespace, "last")
        delete(rest, namespace, names[1])
        await mirror.wait_agrees(rest)

        assert [] == mirror.informer.reflectors
        assert b'"colour":"c2"' in mirror.informer.store.get(f"{namespace}/n2").raw
        assert ["added"] == mirror.steps("last")
        assert ["initial", "changed", "deleted"] == mirror.steps(names[1])


async def test_one_watch_is_left(proxy, proxied, namespace, rest):
    """The metadata's watch ends, the other goes on, and losing that one loses nothing."""
    create(rest, namespace, "a")
    async with mirrored(proxied, CONFIG_MAP, namespace, metadata_only=True) as mirror:
        await mirror.wait_synced()
        whole = mirror.informers.acquire(WHOLE)
        await eventually(lambda: mirror.informer.lead, equals=whole, within=30)
        before = len(proxy.seen(WATCH))
        proxy.cut(WATCH)
        create(rest, namespace, "b")
        await mirror.wait_agrees(rest)

        assert 1 == len(proxy.seen(WATCH)) - before


async def test_a_follower_that_ends_leaves_nothing(cluster, namespace, rest):
    """Neither a task nor a socket of either of the two."""
    create(rest, namespace, "a")
    async with no_leaks():
        client = Client(await connect(kubeconfig=cluster.kubeconfig))
        async with Informers(client, namespaces=[namespace], pace=FAST) as informers:
            part = informers.acquire(Source(kind=CONFIG_MAP, metadata_only=True))
            whole = informers.acquire(WHOLE)
            async with asyncio.timeout(20):
                await part.wait_synced()
            await eventually(lambda: part.lead, equals=whole, within=30)
            await informers.release(whole)
            create(rest, namespace, "b")
            await eventually(lambda: part.store.get(f"{namespace}/b") is not None, within=20)
            await informers.release(part)
            assert [] == list(informers)
        await client.close()


async def test_the_whole_of_one_object_is_read_live(cluster, namespace, rest):
    """A metadata-only cache asks for it once for each version."""
    create(rest, namespace, "a", colour="red")
    async with mirrored(cluster, CONFIG_MAP, namespace, metadata_only=True) as mirror:
        await mirror.wait_synced()
        maps = Lister(mirror.informer, ConfigMap)
        for colour in ("red", "blue"):
            change(rest, namespace, "a", colour=colour)
            await mirror.wait_agrees(rest)
            for _ in range(3):
                assert {"colour": colour} == (await maps.get_whole(f"{namespace}/a")).data
        delete(rest, namespace, "a")
        await mirror.wait_agrees(rest)

        assert await maps.get_whole(f"{namespace}/a") is None
        assert 2 == maps.informer.memos.misses
