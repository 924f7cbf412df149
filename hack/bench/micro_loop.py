"""What uvloop brings: CPU of our thread for one request over TLS, on each loop the program runs on.

Ten readers ask a server on loopback for a ConfigMap of a kilobyte, through the shipped transport.
The server has a thread of its own, whose time is not counted. The loops take turns, and told are
medians in microseconds; `uvloop_to_asyncio` is uvloop's figure divided by that of the loop with
which Python comes. Without uvloop, which is an extra, that one stands alone.

`python -m hack.bench.micro_loop` prints the figures.
"""

import asyncio
import contextlib
import importlib.util
import ssl
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Final

from hack.bench.micro import show
from informers.connection import Connection
from informers.request import Request
from informers.transport import Transport
from tests.kit.scripted import Peer, ScriptedServer

READERS: Final = 10
REQUESTS: Final = 100
ROUNDS: Final = 7
_BODY: Final = b'{"kind":"ConfigMap","metadata":{"name":"c"},"data":{"k":"%s"}}' % (b"x" * 1_000)
_READ: Final = Request(method="GET", path="/api/v1/namespaces/n/configmaps/c")
_TIMEOUT: Final = 30.0

Factory = Callable[[], asyncio.AbstractEventLoop]


async def _answer(peer: Peer) -> None:
    """Answer every request of a connection."""
    with contextlib.suppress(ConnectionError):
        while True:
            await peer.request()
            await peer.reply(_BODY)


async def _ask(transport: Transport) -> None:
    for _ in range(REQUESTS):
        response = await transport.send(_READ, timeout=_TIMEOUT)
        assert len(_BODY) == len(response.body)


async def _all(transport: Transport) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(READERS):
            group.create_task(_ask(transport))


async def _round(server: ScriptedServer) -> float:
    """Microseconds of CPU a request, handshakes apart."""
    endpoint = Connection(server=server.url)
    endpoint.ssl_context = ssl.create_default_context(cadata=server.authority.pem)
    transport = Transport(endpoint, user_agent="bench", connections=READERS)
    try:
        await _all(transport)
        begin = time.thread_time()
        await _all(transport)
        return (time.thread_time() - begin) / (READERS * REQUESTS) * 1e6
    finally:
        await transport.close()


def _factories() -> dict[str, Factory]:
    factories: dict[str, Factory] = {"asyncio": asyncio.SelectorEventLoop}
    if importlib.util.find_spec("uvloop") is not None:
        factories["uvloop"] = import_module("uvloop").new_event_loop
    return factories


def measure() -> dict[str, float]:
    """Microseconds of CPU a request on each loop, and their ratio."""
    factories = _factories()
    samples: dict[str, list[float]] = {name: [] for name in factories}
    with ScriptedServer(always=_answer, tls=True) as server:
        for _ in range(ROUNDS):
            for name, factory in factories.items():
                with asyncio.Runner(loop_factory=factory) as runner:
                    samples[name].append(runner.run(_round(server)))
    medians = {name: statistics.median(taken) for name, taken in samples.items()}
    figures = {f"{name}_request_us": value for name, value in medians.items()}
    if "uvloop" in medians:
        figures["uvloop_to_asyncio"] = medians["uvloop"] / medians["asyncio"]
    return figures


if __name__ == "__main__":
    show(measure, sys.argv[1:])
