"""What a reflector asks for when it lists."""

import pytest

from informers.client import Client
from informers.factory import Informers
from informers.meta.builtin import CONFIG_MAP
from informers.reflector import Source
from tests.kit.answers import status
from tests.kit.virtual import VirtualClock
from tests.unit.controller.runtime.world import Listing, Nowhere, thing

pytestmark = pytest.mark.virtual

TOKEN = "more"


class Paged(Listing):
    """Answers what asks for pages with two, and anything else at once."""

    def __init__(self):
        super().__init__()
        self.lists = []

    def listed(self, request):
        """Return a page."""
        query = request.query
        self.lists.append(query)
        page, items = {"resourceVersion": "50"}, [thing("a"), thing("b")]
        if "continue" in query:
            items = items[1:]
        elif "limit" in query:
            page, items = page | {"continue": TOKEN}, items[:1]
        return {"metadata": page, "items": items}


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


class Restored(Listing):
    """Knows a and b until it is restored from a backup, from before there was b."""

    version = "50"

    def listed(self, _request):
        """Return all there is."""
        names = ["a", "b"] if self.version == "50" else ["a"]
        return {
            "metadata": {"resourceVersion": self.version},
            "items": [thing(name) for name in names],
        }


async def test_a_server_that_was_restored_from_a_backup_is_followed_though_it_refuses_nothing():
    """It is silent, as nothing happens after a version to come, and then it is asked."""
    wire, client = Restored(), Client(Nowhere(), clock=VirtualClock())
    wire.answer, client._transport = lambda request: (200, wire.listed(request)), wire
    async with Informers(client) as informers:
        informers.verdicts.refuse(CONFIG_MAP, "the test wants lists")
        informer = informers.acquire(Source(kind=CONFIG_MAP))
        await informer.wait_synced()
        await client.clock.sleep(100)
        [scope] = informer.scopes.values()
        before = set(informer.store.all_keys()), scope.version, len(wire.requests)
        wire.version = "7"
        await client.clock.sleep(200)  # without a bookmark, silence may be twice as long each time

        assert ({"ns/a", "ns/b"}, "50", 1) == before
        assert ({"ns/a"}, "7") == (set(informer.store.all_keys()), scope.version)
    assert {("1", None)} == {
        (request.query["limit"], request.query.get("resourceVersion")) for request in wire.requests
    }
