"""Queries over TLS: how a server is known, and how it knows who asks."""

import contextlib
import socketserver
import ssl
import threading

import attrs
import pytest

from reconcilers.vertice.scaler.reading.answer import Unanswered
from reconcilers.vertice.scaler.reading.server import Server
from tests.integration.vertice.asking import FIVE, answering, ask, said
from tests.kit.certificates import Authority
from tests.kit.scripted import ScriptedServer

pytestmark = pytest.mark.every_loop


@pytest.mark.parametrize(
    ("trust", "why"),
    [
        pytest.param(
            {}, r"not trusted \(unable to get .*\): set spec.prometheus.tls.ca", id="none"
        ),
        pytest.param({"ca": Authority().pem.encode()}, "not trusted", id="another authority"),
        pytest.param(
            {"server_name": "other.example"}, "for other names: set .*serverName", id="name"
        ),
        pytest.param({"insecure_skip_verify": True}, None, id="none is wanted"),
        pytest.param({"server_name": "localhost"}, None, id="the right name"),
        pytest.param({"ca": None}, None, id="the right authority"),
    ],
)
async def test_a_server_is_known_by_its_certificate(queries, trust, why):
    """Or it is told what to set."""
    with ScriptedServer(always=answering, tls=True) as server:
        if "server_name" in trust or trust.get("ca", b"") is None:
            trust = {**trust, "ca": server.authority.pem.encode()}
        if why is None:
            assert FIVE == await ask(queries, server, **trust)
        else:
            with pytest.raises(Unanswered, match=why):
                await ask(queries, server, **trust)


async def test_what_is_trusted_is_read_once(queries, monkeypatch):
    """However many servers there are, and whoever asks: it takes as long as thirty queries."""
    read = []
    made = Server.context
    monkeypatch.setattr(Server, "context", lambda server: read.append(server) or made(server))
    with ScriptedServer(always=answering, tls=True) as server:
        ca = server.authority.pem.encode()
        for token in (b"a", b"b", b"c"):
            assert FIVE == await ask(queries, server, ca=ca, token=token)

    assert 1 == len(read)


class Asker(socketserver.BaseRequestHandler):
    """Answers over TLS to those whose certificate it knows.

    The scripted server, as all of asyncio's, hangs up on others before they are told why.
    """

    def handle(self):
        """Answer once."""
        with (
            contextlib.suppress(ssl.SSLError),
            self.server.context.wrap_socket(self.request, server_side=True) as peer,
        ):
            peer.recv(65_536)
            peer.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + said())


@pytest.fixture
def knowing():
    """Return a server that wants certificates, and the authority that signs them."""
    authority, context = Authority(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.arm(context)
    context.load_verify_locations(cadata=authority.pem)
    context.verify_mode = ssl.CERT_REQUIRED
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Asker) as server:
        server.context = context
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"https://127.0.0.1:{server.server_address[1]}", authority
        server.shutdown()
        thread.join()


async def test_a_client_is_known_by_its_certificate(queries, knowing):
    """Where the server wants one; who has none is told, but on some loops not by the server."""
    address, authority = knowing
    certificate, key = (each.encode() for each in authority.issue("client"))
    stranger = Server(address=address, ca=authority.pem.encode())

    assert FIVE == await ask(queries, attrs.evolve(stranger, certificate=certificate, key=key))
    with pytest.raises(
        Unanswered, match=r"cannot be reached.*see spec.prometheus.tls|and spec.prometheus.tls"
    ):
        await ask(queries, stranger)
