"""Caches after an outage, over real connections."""

import asyncio

from informers.client import Client
from informers.connection import connect
from informers.factory import Informers
from informers.meta.builtin import CONFIG_MAP, NAMESPACE, POD, SECRET
from informers.reflector import Source
from tests.kit.eventually import eventually

SOON = 2.5
"""Less than any waits of itself by then, which is 3.2 s; a first pause is 1.6 s at most."""
NOTED = 4
"""Failures by then: the watch that broke, and three that were refused at once."""


async def test_the_first_answer_after_an_outage_brings_all_caches_back(proxy, proxied, namespace):
    """Nobody can connect for long; the first who is answered is soon followed by all watches."""
    client = Client(await connect(kubeconfig=proxied.kubeconfig))
    async with Informers(client, namespaces=[namespace]) as informers:
        held = [informers.acquire(Source(kind=kind)) for kind in (CONFIG_MAP, POD, SECRET)]
        async with asyncio.timeout(20):
            for informer in held:
                await informer.wait_synced()
        statistics = [informer.reflectors[0].statistics for informer in held]
        before = [each.failures for each in statistics]
        proxy.refuse()
        proxy.cut_all()
        await eventually(
            lambda: min(now.failures - then for now, then in zip(statistics, before, strict=True)),
            where=lambda fewest: fewest >= NOTED,
            within=30,
        )
        proxy.accept()
        await client.get(NAMESPACE, namespace)
        await eventually(lambda: all(each.watching_since for each in statistics), within=SOON)
    await client.close()
