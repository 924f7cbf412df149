"""What a reflector asks for when it lists."""

from contextlib import asynccontextmanager

import msgspec
import pytest

from informers.client import Client
from informers.factory import Informers
from informers.meta.builtin import CONFIG_MAP
from informers.reflector import Source
from tests.kit.answers import status
from tests.kit.virtual import VirtualClock
from tests.unit.controller.runtime.world import Nowhere, Stream, Wire, thing

pytestmark = pytest.mark.virtual

TOKEN = "more"


class Paged(Wire):
    """Answers what asks for pages with two, and anything else at once."""

    def __init__(self):
        super().__init__()
        self.lists = []

    @asynccontextmanager
    async def stream(self, request, *, timeout):
        """Be a watch, or a page."""
        query = request.query
        if "watch" in query:
            async with super().stream(request, timeout=timeout) as stream:
                yield stream
            return
        self.lists.append(query)
        page, items = {"resourceVersion": "50"}, [thing("a"), thing("b")]
        if "continue" in query:
            items = items[1:]
        elif "limit" in query:
            page, items = page | {"continue": TOKEN}, items[:1]
        answer = Stream()
        answer.pieces.put_nowait(msgspec.json.encode({"metadata": page, "items": items}))
        answer.pieces.put_nowait(b"")
        yield answer


async def test_a_list_comes_in_pages_of_five_hundred_where_the_server_pages():
    """The first and those after it; of the version of a watch that expired, it comes whole."""
    wire, client = Paged(), Client(Nowhere(), clock=VirtualClock())
    client._transport = wire
    async with Informers(client) as informers:
        informers.verdicts.refuse(CONFIG_MAP, "the test wants lists")
        informer = informers.acquire(Source(kind=CONFIG_MAP))
        await informer.wait_synced()
        assert {"ns/a", "ns/b"} == set(informer.store.all_keys())
        await client.clock.sleep(1)
        wire.push(CONFIG_MAP, "ERROR", status(410))
        await client.clock.sleep(10)

    assert [
        {"limit": "500", "resourceVersion": "0"},
        {"limit": "500", "continue": TOKEN},
        {"resourceVersion": "50"},
    ] == wire.lists
