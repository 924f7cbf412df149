"""A stand-in upstream for the proxy's own tests, and blocking clients to talk through it."""

import http.client
import json
import select
import ssl
from collections.abc import Callable, Iterator

import pytest

from tests.kit.faults import WRITES
from tests.kit.proxy import FaultProxy
from tests.kit.scripted import Gate, Peer, ScriptedServer
from tests.kit.upstream import Upstream

LIST = {"kind": "WidgetList", "metadata": {"resourceVersion": "7"}, "items": [{"n": 1}]}


def event(kind: str, number: int, **annotations: str) -> bytes:
    """A line of a watch."""
    meta = {"name": f"w{number}", "resourceVersion": str(number), "annotations": annotations}
    return json.dumps({"type": kind, "object": {"metadata": meta}}).encode() + b"\n"


EVENTS = [
    event("ADDED", 1),
    event("ADDED", 2),
    event("BOOKMARK", 3, **{"k8s.io/initial-events-end": "true"}),
    event("MODIFIED", 4),
]
LATER = [event("DELETED", 5)]


class Api:
    """Lists, watches and takes writes. A watch says EVENTS, at the gate waits, then says LATER."""

    def __init__(self) -> None:
        self.server = ScriptedServer(always=self._serve)
        self.gate: Gate = self.server.gate()
        self.applied: list[bytes] = []

    async def _serve(self, peer: Peer) -> None:
        while True:
            request = await peer.request()
            if request.is_watch:
                await peer.begin_stream()
                await peer.chunk(*EVENTS)
                await peer.wait(self.gate)
                await peer.chunk(*LATER)
                await peer.end_stream()
            elif WRITES.covers(request):
                self.applied.append(request.body)
                await peer.reply(request.body, status=201)
            else:
                await peer.reply(json.dumps(LIST).encode())


@pytest.fixture
def api() -> Iterator[Api]:
    """The upstream."""
    api = Api()
    with api.server:
        yield api


@pytest.fixture
def proxy(api: Api) -> Iterator[FaultProxy]:
    """A proxy in plain text before it."""
    with FaultProxy(Upstream.at(api.server.url), tls=False) as proxy:
        yield proxy


Connect = Callable[[FaultProxy], http.client.HTTPConnection]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes client connections that are closed afterwards."""
    made = []

    def connect(proxy: FaultProxy) -> http.client.HTTPConnection:
        if proxy.url.startswith("https"):
            trust = ssl.create_default_context(cadata=proxy.authority.pem)
            made.append(http.client.HTTPSConnection("127.0.0.1", proxy.port, context=trust))
        else:
            made.append(http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10))
        made[-1].timeout = 10
        return made[-1]

    yield connect
    for connection in made:
        connection.close()


@pytest.fixture
def client(proxy: FaultProxy, connect: Connect) -> http.client.HTTPConnection:
    """One client connection to the proxy."""
    return connect(proxy)


def ask(client, method="GET", target="/apis/test/widgets", body=None):
    """One request, its whole reply: status, body, headers."""
    client.request(method, target, body)
    response = client.getresponse()
    return response.status, response.read(), response.headers


class Stream:
    """A watch in the hands of a blocking client."""

    def __init__(self, connection: http.client.HTTPConnection, target: str) -> None:
        connection.request("GET", target)
        self._socket = connection.sock
        self.response = connection.getresponse()

    def lines(self, count: int) -> list[bytes]:
        """The next so many lines."""
        return [self.response.readline() for _ in range(count)]

    def rest(self) -> bytes:
        """All up to the end."""
        return self.response.read()

    def is_silent(self) -> bool:
        """Whether nothing has come that was not read."""
        return not select.select([self._socket], [], [], 0)[0]


@pytest.fixture
def watch(client: http.client.HTTPConnection) -> Callable[[], Stream]:
    """Opens a watch on the client's connection."""
    return lambda: Stream(client, "/apis/test/widgets?watch=true&resourceVersion=1")
