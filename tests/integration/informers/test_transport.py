"""Connections as they are kept, shared, given up and told of: what one peer can do to us."""

import asyncio
import random
import ssl
from contextlib import asynccontextmanager, suppress

import pytest

from informers.clock import LoopClock
from informers.connection import Connection
from informers.errors import DeadlineExceeded, OutcomeUnknown, TransportError
from informers.link import MOST_HELD
from informers.request import Request
from informers.transport import Transport
from tests.kit.eventually import eventually
from tests.kit.leaks import no_leaks
from tests.kit.scripted import ScriptedServer

pytestmark = pytest.mark.every_loop

READ = Request(method="GET", path="/api/v1/namespaces/n/configmaps/c")
WRITE = Request(method="PATCH", path="/api/v1/namespaces/n/configmaps/c", body=b"{}")
LATE = 0.2
"""Seconds that a script lets pass; the client's own limit where it is to be met."""


@asynccontextmanager
async def transport(url, *, connections=4, context=None):
    """A transport to a server, closed at the end."""
    endpoint = Connection(server=url)
    endpoint.ssl_context = context
    found = Transport(endpoint, user_agent="test", connections=connections)
    async with no_leaks():
        try:
            yield found
        finally:
            await found.close()


async def answer_always(peer):
    """Answer each request with its path."""
    while True:
        request = await peer.request()
        await peer.reply(request.target.encode())


async def test_one_connection_serves_request_after_request():
    """What was read to its end is used again, with whatever the head said about its length."""

    async def script(peer):
        await peer.request()
        await peer.reply(b"counted")
        await peer.request()
        await peer.begin_stream()
        await peer.chunk(b"chu", b"nked")
        await peer.end_stream()
        await peer.request()
        await peer.send(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nConnec", b"tion: close\r\n\r", b"\nto the", b" end")

    async with transport("http://127.0.0.1:1") as found:
        with ScriptedServer(script) as server:
            found.endpoint.server = server.url
            bodies = [(await found.send(READ, timeout=5)).body for _ in range(4)]

    assert [b"counted", b"chunked", b"", b"to the end"] == bodies
    assert 1 == server.connections


async def test_what_the_request_says():
    """Target, credentials, agent and body arrive as they are."""
    with ScriptedServer(always=answer_always) as server:
        async with transport(server.url) as found:
            await found.send(READ, timeout=5)
            await found.send(WRITE, timeout=5)
        read, write = server.requests

    assert ("GET", READ.path) == (read.method, read.target)
    assert f"127.0.0.1:{server.port}" == read.get("host")
    assert "test" == read.get("user-agent")
    assert ("PATCH", b"{}", 2) == (write.method, write.body, write.length)


@pytest.mark.parametrize("how", ["fin", "rst"])
async def test_a_connection_the_server_gave_up_is_not_used_again(how):
    """An idle connection may be closed any time: the next request goes over a new one."""

    async def once(peer):
        await peer.request()
        await peer.reply(b"first")
        await peer.cut(how)

    with ScriptedServer(once, always=answer_always) as server:
        async with transport(server.url) as found:
            await found.send(READ, timeout=5)
            answers = [await found.send(READ, timeout=5) for _ in range(3)]

    assert [200, 200, 200] == [answer.code for answer in answers]
    assert 2 == server.connections


async def test_a_read_is_said_again_when_the_server_had_hung_up():
    """The server closes while the request is on its way: a read is repeated, a write is not."""

    async def hang_up_on_the_second(peer):
        await peer.request()
        await peer.reply(b"first")
        await peer.request()
        await peer.cut("fin")

    with ScriptedServer(hang_up_on_the_second, always=answer_always) as server:
        async with transport(server.url) as found:
            await found.send(READ, timeout=5)
            again = await found.send(READ, timeout=5)

    assert READ.path.encode() == again.body
    with ScriptedServer(hang_up_on_the_second) as server:
        async with transport(server.url) as found:
            await found.send(READ, timeout=5)
            with pytest.raises(OutcomeUnknown, match="may have been applied"):
                await found.send(WRITE, timeout=5)


async def test_a_server_that_always_hangs_up_is_an_error():
    """A first request that gets nothing is not repeated: that would never end."""

    async def hang_up(peer):
        await peer.request()
        await peer.cut("fin")

    with ScriptedServer(hang_up) as server:
        async with transport(server.url) as found:
            with pytest.raises(TransportError, match="closed instead of an answer"):
                await found.send(READ, timeout=5)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"", "closed instead"),
        (b"HTTP/1.1 200 O", "closed instead"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "5 bytes early"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nha", "in the middle"),
        (b"220 mail.example.com ESMTP\r\n\r\n", "no HTTP answer"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "no end"),
    ],
    ids=["nothing", "half a head", "half a body", "half a chunk", "mail", "endless head"],
)
@pytest.mark.parametrize("request_", [READ, WRITE], ids=["read", "write"])
async def test_half_an_answer_is_none(said, why, request_):
    """Whatever is missing: a read failed, and a write may have happened."""

    async def script(peer):
        await peer.request()
        await peer.send(said)
        await peer.cut("fin")

    expected = OutcomeUnknown if request_.is_write else TransportError
    with ScriptedServer(script) as server:
        async with transport(server.url) as found:
            with pytest.raises(expected, match=why) as caught:
                await found.send(request_, timeout=5)

    assert expected is type(caught.value)


@pytest.mark.parametrize(
    ("request_", "expected"), [(READ, DeadlineExceeded), (WRITE, OutcomeUnknown)], ids=str
)
async def test_an_answer_that_is_late_is_not_waited_for(request_, expected):
    """The connection is given up: its answer, should it come, belongs to nobody."""

    async def mute(peer):
        await peer.request()
        await peer.silence()

    with ScriptedServer(mute, always=answer_always) as server:
        async with transport(server.url) as found:
            with pytest.raises(expected, match=f"no answer within {LATE:g} s"):
                await found.send(request_, timeout=LATE)
            assert READ.path.encode() == (await found.send(READ, timeout=5)).body

    assert 2 == server.connections


async def test_who_waits_for_a_connection_waits_no_longer_than_allowed():
    """All connections are busy: what was never sent has a known outcome, even a write."""

    async def mute(peer):
        await peer.request()
        await peer.silence()

    with ScriptedServer(mute) as server:
        async with transport(server.url, connections=1) as found, asyncio.TaskGroup() as group:
            first = group.create_task(found.send(READ, timeout=60))
            await eventually(lambda: server.requests)
            with pytest.raises(DeadlineExceeded):
                await found.send(WRITE, timeout=LATE)
            first.cancel()


async def test_connections_are_bounded_and_shared():
    """Fifty requests at once over four connections: each gets its own answer."""
    requests = [Request(method="GET", path=f"/{n}") for n in range(50)]
    with ScriptedServer(always=answer_always) as server:
        async with transport(server.url) as found, asyncio.TaskGroup() as group:
            tasks = [group.create_task(found.send(each, timeout=20)) for each in requests]

    assert [each.path.encode() for each in requests] == [task.result().body for task in tasks]
    assert server.connections <= 4


async def test_a_cancelled_request_leaves_no_answer_behind():
    """The next request does not get the answer to the one that was given up."""
    arrived = []

    async def slow_then_fast(peer):
        arrived.append(await peer.request())
        await peer.silence()

    with ScriptedServer(slow_then_fast, always=answer_always) as server:
        async with transport(server.url) as found, asyncio.TaskGroup() as group:
            task = group.create_task(found.send(READ, timeout=60))
            await eventually(lambda: arrived)
            task.cancel()
            other = Request(method="GET", path="/other")
            assert b"/other" == (await found.send(other, timeout=5)).body


async def test_other_credentials_need_another_connection():
    """After a rotation nothing goes over a connection made with the old certificate."""
    with ScriptedServer(always=answer_always, tls=True) as server:
        contexts = [trusting(server.authority), trusting(server.authority)]
        async with transport(server.url, context=contexts[0]) as found:
            await found.send(READ, timeout=5)
            await found.send(READ, timeout=5)
            assert 1 == server.connections
            found.endpoint.ssl_context = contexts[1]
            await found.send(READ, timeout=5)

    assert 2 == server.connections


async def test_a_stream_is_read_as_it_comes_and_ended_in_the_middle():
    """Each piece is there before the next is sent; leaving the block closes the connection."""

    async def script(peer):
        await peer.request()
        await peer.begin_stream()
        for gate, piece in zip(gates, (b"one", b"two", b"three"), strict=True):
            await peer.wait(gate)
            await peer.chunk(piece)
        await peer.silence()

    with ScriptedServer(script) as server:
        gates = [server.gate() for _ in range(3)]
        async with transport(server.url) as found, found.stream(READ, timeout=5) as stream:
            for gate, expected in zip(gates, (b"one", b"two", b"three"), strict=True):
                gate.open()
                assert expected == await stream.chunk(within=5)


@pytest.mark.parametrize("how", ["fin", "rst"])
async def test_a_peer_that_is_killed_is_noticed_at_once(how):
    """A killed peer says no TLS goodbye; that is not waited for."""

    async def script(peer):
        await peer.request()
        await peer.begin_stream()
        await peer.chunk(b"one")
        await peer.cut(how)

    with ScriptedServer(script, tls=True) as server:
        context = trusting(server.authority)
        async with (
            transport(server.url, context=context) as found,
            found.stream(READ, timeout=5) as stream,
        ):
            assert b"one" == await stream.chunk(within=5)
            with pytest.raises(TransportError, match=r"in the middle|broke") as caught:
                await stream.chunk(within=5)

    assert TransportError is type(caught.value)


async def test_a_slow_reader_slows_the_server():
    """What nobody reads is not gathered in memory without bound."""
    piece, pieces = b"x" * 100_000, 200

    async def script(peer):
        await peer.request()
        await peer.begin_stream()
        for _ in range(pieces):
            await peer.chunk(piece)
        await peer.end_stream()

    with ScriptedServer(script) as server:
        async with transport(server.url) as found, found.stream(READ, timeout=5) as stream:
            size = len(await stream.chunk(within=5))
            held = await eventually(lambda: stream._link._held, where=lambda n: n > MOST_HELD)
            while chunk := await stream.chunk(within=5):
                size += len(chunk)

    assert held < 2 * MOST_HELD
    assert piece * pieces == b"x" * size


def trusting(authority):
    """A client's context that trusts this authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authority.pem)
    return context


async def test_what_is_being_connected_when_it_closes_is_closed_too():
    """A server that accepts late finds nobody: no request, no connection and no timer is left."""

    async def script(peer):
        await peer.silence()

    with ScriptedServer(always=script) as server:
        async with transport(server.url) as found, asyncio.TaskGroup() as group:
            asking = group.create_task(refused(found))
            await eventually(lambda: len(asyncio.all_tasks()), where=lambda tasks: tasks > 1)
            await found.close()
            assert "closed" in await asking
            await found.close()


async def refused(found):
    """What a request is told that should not succeed."""
    with pytest.raises(TransportError) as caught:
        await found.send(READ, timeout=5)
    return str(caught.value)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..b"], ids=["too long", "empty label"])
async def test_a_name_that_is_none_is_told_like_any_other_way_not_there(host):
    """What cannot be encoded as a name cannot be resolved either."""
    async with transport(f"http://{host}:1") as found:
        assert "cannot reach" in await refused(found)


@pytest.mark.parametrize("length", [b"", b"Content-Length: 5\r\n"], ids=["unasked", "as its body"])
async def test_a_proxy_that_says_more_than_that_the_way_is_open_is_refused(length):
    """What follows its answer would be the server's, which has not been spoken to yet."""

    async def script(peer):
        await peer.request()
        await peer.send(b"HTTP/1.1 200 Connection established\r\n" + length + b"\r\nhello")
        await peer.silence()

    with ScriptedServer(script) as proxy:
        async with transport("https://127.0.0.1:1") as found:
            found.endpoint.proxy = proxy.url
            assert "says more" in await refused(found)


async def test_requests_given_up_at_any_moment_cost_no_slot_and_mix_no_answers():
    """Cancelled or late while waiting, dialling, asking or reading: all connections stay in use."""
    seed = random.randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    all_four = asyncio.Barrier(4)

    async def script(peer):
        while True:
            request = await peer.request()
            if READ.target == request.target:
                await all_four.wait()
            said = request.target.encode() * rng.randrange(1, 2000)
            await peer.begin_stream()
            await peer.chunk(said[:9], said[9:])
            await peer.end_stream()

    async def one(found, number):
        path = f"/{number:04d}"
        with suppress(DeadlineExceeded, TimeoutError):
            async with asyncio.timeout(rng.random() ** 3 * 0.1):
                request = Request(method="GET", path=path)
                answer = await found.send(request, timeout=rng.random() ** 3 * 0.1)
                assert path.encode() * (len(answer.body) // len(path)) == answer.body

    with ScriptedServer(always=script) as server:
        async with transport(server.url) as found:
            async with asyncio.TaskGroup() as group:
                for number in range(500):
                    group.create_task(one(found, number))
                    await LoopClock().sleep(rng.random() * 0.001)
            async with asyncio.timeout(5), asyncio.TaskGroup() as group:
                for _ in range(4):
                    group.create_task(found.send(READ, timeout=5))
