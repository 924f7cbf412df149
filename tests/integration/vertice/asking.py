"""Who asks in these tests, and servers that answer by a script."""

import json

from reconcilers.vertice.scaler.reading.answer import Reading
from reconcilers.vertice.scaler.reading.server import Server
from tests.kit.scripted import ScriptedServer

AT = 4_000_000_000.0
FIVE = Reading(5_000, AT)


def said(value="5"):
    """Return an answer of Prometheus."""
    data = {"resultType": "scalar", "result": [AT, value]}
    return json.dumps({"status": "success", "data": data}).encode()


async def answering(peer):
    """Answer five, as often as somebody asks."""
    while True:
        await peer.request()
        await peer.reply(said())


def replying(*arguments, **more):
    """Return a script that answers once."""

    async def script(peer):
        await peer.request()
        await peer.reply(*arguments, **more)

    return script


async def ask(queries, server, query="up", **more):
    """Ask a server by its address, or as it is."""
    if isinstance(server, ScriptedServer):
        server = Server(address=server.url, **more)
    return await queries.ask(server, query, max_age=300.0)
