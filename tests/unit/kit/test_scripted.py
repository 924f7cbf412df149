"""Scripts decide the bytes, the pieces and the ending; the test decides the moment."""

import socket
import ssl

import pytest

from tests.kit.eventually import eventually_blocking
from tests.kit.faults import Match
from tests.kit.leaks import no_leaks
from tests.kit.scripted import ScriptedServer

ASK = b"GET /widgets?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def dial():
    """Opens raw connections that are closed afterwards."""
    made = []

    def dial(server, ask=ASK):
        made.append(socket.create_connection(("127.0.0.1", server.port), timeout=10))
        made[-1].sendall(ask)
        return made[-1]

    yield dial
    for sock in made:
        sock.close()


def read_all(sock):
    """All up to the end of the connection."""
    return b"".join(iter(lambda: sock.recv(65536), b""))


def test_the_bytes_are_those_of_the_script(dial):
    """Nothing is added and nothing is changed."""

    async def script(peer):
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n", b"X: \xff\r\n\r\n", b"half a ch\xc3")

    with ScriptedServer(script) as server:
        assert b"HTTP/1.1 200 OK\r\nX: \xff\r\n\r\nhalf a ch\xc3" == read_all(dial(server))


def test_pieces_come_one_by_one(dial):
    """What stands behind a gate comes only when the test opens it."""

    async def script(peer):
        await peer.request()
        await peer.begin_stream()
        await peer.chunk(b'{"type":')
        await peer.wait(gate)
        await peer.chunk(b'"ADDED"}\n')
        await peer.end_stream()

    with ScriptedServer(script) as server:
        gate = server.gate()
        sock = dial(server)
        got = b""
        while not got.endswith(b'8\r\n{"type":\r\n'):
            got += sock.recv(65536)
        gate.open()
        assert b'9\r\n"ADDED"}\n\r\n0\r\n\r\n' == read_all(sock)


def test_requests_are_recorded(dial):
    """Method, target, headers and body of all requests, in order."""

    async def script(peer):
        await peer.expect(Match(method="PUT", path="^/w$"))
        await peer.reply(b"{}")
        await peer.expect(Match(watch=True))
        await peer.reply(b"{}")

    with ScriptedServer(script) as server:
        put = b"PUT /w HTTP/1.1\r\nContent-Length: 2\r\nX-Who: me\r\n\r\n{}"
        assert b"200 OK" in read_all(dial(server, put + ASK))
        first, second = server.requests
        assert ("PUT", b"{}", "me") == (first.method, first.body, first.get("x-who"))
        assert ("/widgets", {"watch": "1"}) == (second.path, second.params)


def test_an_unexpected_request_fails_the_test(dial):
    """The mismatch is raised when the server stops, with both sides of it."""

    async def script(peer):
        await peer.expect(Match(method="POST"))

    server = ScriptedServer(script).start()
    with pytest.raises(ConnectionResetError):
        read_all(dial(server))
    with pytest.raises(AssertionError, match=r"POST.*GET /widgets\?watch=1"):
        server.stop()


def test_connections_run_their_scripts_in_order(dial):
    """The first connection runs the first script; what comes after the last, `always`."""

    def saying(text):
        async def script(peer):
            await peer.send(text)

        return script

    with ScriptedServer(saying(b"1"), saying(b"2"), always=saying(b"x")) as server:
        assert [b"1", b"2", b"x", b"x"] == [read_all(dial(server, b"")) for _ in range(4)]
        assert 4 == server.connections


def test_a_connection_too_many_fails_the_test(dial):
    """A connection without a script is reset, and told when the server stops."""
    server = ScriptedServer().start()
    with pytest.raises(ConnectionResetError):  # at once, maybe still within the connecting
        read_all(dial(server, b""))
    with pytest.raises(AssertionError, match="no script for connection 1"):
        server.stop()


@pytest.mark.parametrize("how", ["rst", "fin"])
def test_a_script_cuts_after_what_it_said(dial, how):
    """What was sent arrives, and then the chosen ending."""

    async def script(peer):
        await peer.request()
        await peer.send(b"said")
        await peer.cut(how)

    with ScriptedServer(script) as server:
        sock = dial(server)
        assert b"said" == sock.recv(4)
        if how == "rst":
            with pytest.raises(ConnectionResetError):
                sock.recv(1)
        else:
            assert b"" == sock.recv(1)


def test_silence_lasts_until_the_client_goes(dial):
    """A silent peer takes everything, says nothing, and ends with the client."""

    async def script(peer):
        await peer.silence()

    with ScriptedServer(script) as server:
        sock = dial(server)
        sock.sendall(b"x" * (8 << 20))
        sock.settimeout(0.05)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        sock.close()
        eventually_blocking(lambda: len(server._wires), equals=0)


def test_it_speaks_tls_when_told_to():
    """The authority of the server is the one to trust."""

    async def script(peer):
        await peer.request()
        await peer.reply(b"{}")

    with ScriptedServer(script, tls=True) as server:
        trust = ssl.create_default_context(cadata=server.authority.pem)
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw,
            trust.wrap_socket(raw, server_hostname="localhost") as sock,
        ):
            sock.sendall(ASK)
            assert sock.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_stopped_server_leaves_nothing(dial):
    """Scripts that wait, and their connections, go with the server."""

    async def script(peer):
        await peer.silence()

    with no_leaks():
        with ScriptedServer(script) as server:
            sock = dial(server)
        sock.close()
