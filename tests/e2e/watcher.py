"""A program that caches ConfigMaps and prints what it knows, for tests that put it elsewhere."""

import asyncio
import sys

import msgspec

from informers.client import Client
from informers.connection import connect
from informers.factory import Informers
from informers.meta.builtin import CONFIG_MAP
from informers.reflector import Source

EVERY_SECONDS = 0.25


async def main(kubeconfig: str, namespace: str, how: str = "") -> None:
    """Watch for ever; with `lists` the content is listed even where it could be streamed."""
    client = Client(await connect(kubeconfig=kubeconfig))
    async with Informers(client, namespaces=[namespace]) as informers:
        if how == "lists":
            informers.verdicts.refuse(CONFIG_MAP, "the test wants lists")
        informer = informers.acquire(Source(kind=CONFIG_MAP))
        statistics = informer.reflectors[0].statistics
        while True:
            known = {
                "synced": informer.has_synced,
                "names": sorted(held.meta.name for held in informer.store),
                "staleness": min(informer.staleness(), 1e9),
                "failures": statistics.failures,
                "watches": statistics.watches,
            }
            print(msgspec.json.encode(known).decode(), flush=True)
            await client.clock.sleep(EVERY_SECONDS)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
