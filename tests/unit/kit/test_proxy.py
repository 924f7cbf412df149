"""The proxy with no fault in force, and what acts on all of it."""

import hashlib
import json
import os
import socket
import ssl

import pytest
import yaml

from tests.kit.eventually import eventually_blocking
from tests.kit.faults import READS, WATCHES, WRITES, Cut, Match
from tests.kit.leaks import no_leaks
from tests.kit.proxy import FaultProxy
from tests.kit.scripted import ScriptedServer
from tests.kit.upstream import Upstream

from .conftest import EVENTS, LATER, LIST, ask


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_everything_passes_unchanged(api, connect, tls):
    """A list, a watch and a write arrive as they were said, on one connection."""
    api.gate.open()
    with FaultProxy(Upstream.at(api.server.url), tls=tls) as proxy:
        client = connect(proxy)
        assert json.dumps(LIST).encode() == ask(client)[1]
        assert b"".join([*EVENTS, *LATER]) == ask(client, target="/w?watch=1")[1]
        assert (201, b'{"n":1}') == ask(client, "POST", body=b'{"n":1}')[:2]
        assert (1, 1) == (proxy.statistics().connections, api.server.connections)
        client.close()


def test_a_large_body_streams_with_backpressure(connect):
    """A body of 64 MiB is not collected: the server can not finish before the client reads."""
    block = os.urandom(1 << 20)
    said = []

    async def large(peer):
        await peer.request()
        await peer.begin_stream()
        for _ in range(64):
            await peer.chunk(block)
            said.append(len(block))
        await peer.end_stream()

    with ScriptedServer(large) as server, FaultProxy(Upstream.at(server.url)) as proxy:
        client = connect(proxy)
        client.request("GET", "/large")
        response = client.getresponse()
        progress = []
        eventually_blocking(
            lambda: progress.append(len(said)) or progress[-5:],
            where=lambda last: len(last) == 5 and last[0] == last[-1] > 0,
        )
        assert len(said) < 32
        digest = hashlib.sha256()
        while piece := response.read(1 << 20):
            digest.update(piece)
        assert hashlib.sha256(block * 64).digest() == digest.digest()
        client.close()


def test_a_chunked_request_arrives_whole(api, client):
    """A body sent in chunks reaches the server with a length."""
    client.request("POST", "/w", iter([b'{"a"', b":1}"]), encode_chunked=True)
    assert 201 == client.getresponse().status
    assert [b'{"a":1}'] == api.applied


def test_a_client_that_asks_first_is_told_to_go_on(api, client):
    """`Expect: 100-continue` is answered, and the server need not know of it."""
    client.request("POST", "/w", b"{}", {"Expect": "100-continue"})
    assert 201 == client.getresponse().status
    assert [b"{}"] == api.applied


def test_the_record_says_what_was_sent(proxy, client):
    """Method, path, query, headers, body, and what became of it."""
    client.request("PUT", "/w/one?dryRun=All", b'{"n":1}', {"X-Who": "me"})
    client.getresponse().read()
    ask(client)
    (seen,) = proxy.seen(WRITES)
    assert ("PUT", "/w/one", {"dryRun": "All"}) == (seen.method, seen.path, seen.params)
    assert (b'{"n":1}', "me") == (seen.body, seen.request.get("x-who"))
    assert (201, 7, "done") == (seen.status, seen.sent_bytes, seen.outcome)
    assert seen.started < seen.finished
    assert 2 == len(proxy.seen())
    proxy.forget()
    assert [] == proxy.seen()


def test_an_open_watch_is_in_the_record(proxy, watch):
    """A watch under way has no outcome yet, and its events are counted."""
    watch().lines(4)
    (seen,) = proxy.seen(WATCHES)
    assert (None, None, 4, 200) == (seen.outcome, seen.finished, seen.events, seen.status)
    assert 1 == proxy.statistics().open_requests


def test_the_record_is_bounded(api, connect):
    """Of many requests the last are kept, without their bodies when told so."""
    upstream = Upstream.at(api.server.url)
    with FaultProxy(upstream, tls=False, record=2, keep_bodies=False) as proxy:
        client = connect(proxy)
        for n in range(4):
            ask(client, "POST", target=f"/{n}", body=b"{}")
        assert [("/2", b""), ("/3", b"")] == [(s.path, s.body) for s in proxy.seen()]
        assert 4 == proxy.statistics().requests
        client.close()
    assert [b"{}"] * 4 == api.applied


def test_refused_connections_come_back_on_the_same_port(proxy, client, connect):
    """While refusing, new connections fail and old ones serve; then the port listens again."""
    ask(client)
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        ask(connect(proxy))
    assert 200 == ask(client)[0]
    proxy.accept()
    assert 200 == ask(connect(proxy))[0]


def ending(sock):
    """How the connection ended; below TLS, where Python tells a reset from an end."""
    with socket.socket(fileno=os.dup(sock.fileno())) as twin:
        twin.settimeout(10)
        try:
            while twin.recv(65536):
                pass
        except ConnectionResetError:
            return "rst"
        return "fin"


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("how", ["rst", "fin"])
def test_all_connections_are_cut(api, connect, tls, how):
    """Streams and idle connections end at once, in the way that was asked."""
    with FaultProxy(Upstream.at(api.server.url), tls=tls) as proxy:
        idle, busy = connect(proxy), connect(proxy)
        ask(idle)
        busy.request("GET", "/w?watch=1")
        stream = busy.getresponse()
        assert EVENTS == [stream.readline() for _ in EVENTS]
        assert 2 == proxy.cut_all(how=how)
        assert [how, how] == [ending(idle.sock), ending(busy.sock)]
        assert "cut" == eventually_blocking(lambda: proxy.seen(WATCHES)[0].outcome)
        stream.close()


def test_only_the_meant_streams_are_cut(proxy, connect):
    """A cut by match leaves the other connections alone."""
    one, two = connect(proxy), connect(proxy)
    streams = []
    for connection, path in ((one, "/one"), (two, "/two")):
        connection.request("GET", f"{path}?watch=1")
        streams.append(connection.getresponse())
    assert 1 == proxy.cut(Match(path="/one"))
    with pytest.raises(ConnectionResetError):
        streams[0].read()
    assert EVENTS[0] == streams[1].readline()


def test_a_client_that_goes_takes_its_watch_with_it(api, proxy, client, watch):
    """The upstream's side of a watch ends when the client closes."""
    stream = watch()
    stream.lines(1)
    stream.response.close()
    client.close()
    eventually_blocking(lambda: proxy.seen(WATCHES)[0].outcome, equals="client gone")
    eventually_blocking(lambda: proxy.statistics().open_connections, equals=0)
    eventually_blocking(lambda: len(api.server._wires), equals=0)


def test_a_client_that_goes_in_a_flood_is_not_called_a_lost_upstream(connect):
    """The proxy often finds such a client gone by a write that fails, and says the same."""

    async def flood(peer):
        await peer.request()
        await peer.begin_stream()
        while True:
            await peer.chunk(EVENTS[0] * 100)

    with (
        ScriptedServer(always=flood) as server,
        FaultProxy(Upstream.at(server.url), tls=False) as proxy,
    ):
        for _ in range(30):
            client = connect(proxy)
            client.request("GET", "/w?watch=1")
            with client.getresponse() as response:
                response.readline()
            client.close()
        eventually_blocking(lambda: [s.outcome for s in proxy.seen()], equals=["client gone"] * 30)


def test_a_server_that_closes_an_idle_connection_closes_the_clients(connect):
    """What happens to the upstream connection happens to the client's."""

    async def once(peer):
        await peer.request()
        await peer.reply(b"{}")

    with ScriptedServer(once) as server, FaultProxy(Upstream.at(server.url), tls=False) as proxy:
        client = connect(proxy)
        client.request("GET", "/")
        client.getresponse().read()
        assert b"" == client.sock.recv(1)


def test_a_server_cut_within_a_body_cuts_the_client(connect):
    """A reply that the server did not finish is not finished by the proxy either."""

    async def half(peer):
        await peer.request()
        await peer.begin_stream()
        await peer.chunk(b"half")
        await peer.cut("rst")

    with ScriptedServer(half) as server, FaultProxy(Upstream.at(server.url), tls=False) as proxy:
        client = connect(proxy)
        with pytest.raises(ConnectionResetError):
            ask(client)
        assert proxy.seen()[0].outcome.startswith("upstream lost")


def test_no_server_is_a_reset(connect):
    """With nobody behind it the proxy resets the connection and says why in its record."""
    with ScriptedServer() as server:
        upstream = Upstream.at(server.url)
    with FaultProxy(upstream, tls=False) as proxy:
        with pytest.raises(ConnectionResetError):
            ask(connect(proxy))
        assert proxy.seen(READS)[0].outcome.startswith("upstream lost")


def test_a_rotated_certificate_is_shown_to_new_connections(api, connect):
    """Old connections live on; new ones must trust the new authority."""
    with FaultProxy(Upstream.at(api.server.url)) as proxy:
        old, distrusting = connect(proxy), connect(proxy)
        ask(old)
        before = proxy.authority.pem
        assert before != proxy.rotate_certificate().pem
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(distrusting)
        assert 200 == ask(old)[0]
        assert 200 == ask(connect(proxy))[0]
        old.close()


def test_a_kubeconfig_leads_through_the_proxy(tmp_path, connect):
    """The written kubeconfig names the proxy; one behind it decides who we are upstream."""

    async def who(peer):
        while True:
            request = await peer.request()
            await peer.reply((request.get("authorization") or "").encode())

    with ScriptedServer(always=who, tls=True) as server:
        authority = tmp_path / "authority.pem"
        authority.write_text(server.authority.pem)
        behind = {
            "current-context": "c",
            "clusters": [
                {
                    "name": "k",
                    "cluster": {"server": server.url, "certificate-authority": "authority.pem"},
                }
            ],
            "users": [{"name": "u", "user": {"token": "ours"}}],
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        }
        (tmp_path / "behind").write_text(yaml.safe_dump(behind))
        with FaultProxy(Upstream.from_kubeconfig(tmp_path / "behind")) as proxy:
            front = yaml.safe_load(proxy.kubeconfig(tmp_path / "front", token="t").read_text())
            client = connect(proxy)
            assert b"Bearer ours" == ask(client)[1]
            client.request("GET", "/", headers={"Authorization": "Bearer own"})
            assert b"Bearer own" == client.getresponse().read()
            client.close()
        assert {"token": "t"} == front["users"][0]["user"]
        assert proxy.url == front["clusters"][0]["cluster"]["server"]
        trusted = ssl.create_default_context(
            cafile=front["clusters"][0]["cluster"]["certificate-authority"]
        )
        assert 1 == len(trusted.get_ca_certs())


def test_a_stopped_proxy_leaves_nothing(api, connect):
    """Open streams, held streams and half-open connections all go with the proxy."""
    with no_leaks():
        with FaultProxy(Upstream.at(api.server.url)) as proxy:
            stream = connect(proxy)
            stream.request("GET", "/w?watch=1")
            response = stream.getresponse()
            proxy.hold()
            proxy.add(Cut(at="reply"), READS)
        response.close()
        stream.close()
        eventually_blocking(lambda: len(api.server._wires), equals=0)
