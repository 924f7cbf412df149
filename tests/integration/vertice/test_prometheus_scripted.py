"""Queries to servers that do what no Prometheus does, and what is sent and kept on the way."""

import asyncio
import contextlib
import json
import threading
from urllib.parse import parse_qs

import attrs
import pytest

from hack.cluster.ports import free_port
from informers.clock import LoopClock
from reconcilers.vertice.scaler.reading.answer import Unanswered
from reconcilers.vertice.scaler.reading.places import Places
from reconcilers.vertice.scaler.reading.prometheus import LONGEST, MOST, Queries
from reconcilers.vertice.scaler.reading.server import Server
from reconcilers.vertice.scaler.reading.sessions import KEPT, Sessions
from tests.integration.vertice.asking import FIVE, answering, ask, replying, said
from tests.kit.eventually import eventually
from tests.kit.leaks import no_leaks
from tests.kit.scripted import ScriptedServer

pytestmark = pytest.mark.every_loop


async def half(peer):
    """Answer by the first half."""
    await peer.request()
    await peer.begin_stream()
    await peer.chunk(said()[:20])
    await peer.cut("fin")


async def silent(peer):
    """Listen, and say nothing."""
    await peer.request()
    await peer.silence()


async def endless(peer):
    """Answer for as long as somebody listens."""
    await peer.request()
    await peer.begin_stream()
    while True:
        await peer.chunk(b" " * (MOST // 4))


ELSEWHERE = (("Location", "/elsewhere"),)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        pytest.param(half, "the answer broke off in the middle", id="half an answer"),
        pytest.param(silent, r"no answer within 0\.5 s", id="silence"),
        pytest.param(endless, "more than 1 MiB: wrap the query in sum", id="endless"),
        pytest.param(
            replying(b"", status=307, headers=ELSEWHERE), "redirection .307.", id="redirection"
        ),
        pytest.param(replying(b"<html>Hello"), "the answer is none of Prometheus", id="page"),
    ],
)
async def test_what_is_no_answer_is_told(queries, script, why):
    """In words, and once: nothing is asked again."""
    with ScriptedServer(script) as server:
        with pytest.raises(Unanswered, match=why):
            await ask(queries, server, timeout=0.5)

        assert 1 == len(server.requests)


async def test_a_question_is_a_form_that_is_posted(queries, monkeypatch):
    """To the path after a prefix, by nobody's proxy, with who asks in a header."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    with ScriptedServer(answering) as server:
        asked = Server(address=f"{server.url}/a/", token=b"secret\n")
        assert FIVE == await ask(queries, asked, "sum(a+b)")

        (request,) = server.requests
    assert ("POST", "/a/api/v1/query") == (request.method, request.target)
    assert {"query": ["sum(a+b)"], "lookback_delta": ["300.0"]} == parse_qs(request.body.decode())
    assert "Bearer secret" == request.get("authorization")
    assert "identity" == request.get("accept-encoding")


async def test_connections_are_kept(queries):
    """From one look to the next, for one server; another has its own."""
    with ScriptedServer(always=answering) as server:
        for _ in range(3):
            await ask(queries, server)
        assert 1 == server.connections

        await ask(queries, server, token=b"another")
        assert 2 == server.connections


async def test_a_kept_connection_that_was_closed_costs_a_second_try(queries):
    """It is closed just when it is asked again, which no client can foresee."""

    async def closing(peer):
        await peer.request()
        await peer.reply(said())
        await peer.request()

    with ScriptedServer(closing, answering) as server:
        assert [FIVE, FIVE] == [await ask(queries, server) for _ in range(2)]
        assert 2 == server.connections


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nX-Of: nobody\r\nConte"])
async def test_a_server_that_closes_always_is_told_of(queries, begun):
    """The second try is the last; what it began to say is no text for people."""

    async def closing(peer):
        await peer.request()
        await peer.send(begun)

    with ScriptedServer(always=closing) as server:
        with pytest.raises(Unanswered, match=r"cannot be reached at .*: Server disconnected;"):
            await ask(queries, server)
        assert 2 == server.connections


async def test_where_nobody_listens_is_told(queries):
    """With the address, and where to look."""
    nobody = Server(address=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unanswered, match=r"1:\d+: Connection refused; look at spec.prometheus"):
        await ask(queries, nobody)


@attrs.frozen
class Waiting:
    """A server that answers when its gate is open, and some who ask it."""

    server: ScriptedServer
    gate: object
    group: asyncio.TaskGroup
    queries: Queries

    def begin(self, query="up", **more):
        """Begin to ask."""
        return self.group.create_task(ask(self.queries, self.server, query, **more))

    async def asked(self, times):
        """Wait until the server was asked so often."""
        await eventually(lambda: len(self.server.requests), equals=times)


@contextlib.asynccontextmanager
async def waiting(queries):
    """Run a server whose answers wait for a gate."""

    async def gated(peer):
        while True:
            await peer.request()
            await peer.wait(gate)
            await peer.reply(said())

    with ScriptedServer(always=gated) as server:
        gate = server.gate()
        async with asyncio.TaskGroup() as group:
            yield Waiting(server, gate, group, queries)


async def test_what_several_ask_at_once_is_sent_once(queries):
    """Each has the answer, though the one who asked first has left; later it is asked anew."""
    async with waiting(queries) as crowd:
        first, *others = (crowd.begin() for _ in range(3))
        await crowd.asked(1)
        first.cancel()
        await eventually(first.cancelled)
        crowd.gate.open()

        assert [FIVE, FIVE] == [await each for each in others]
        assert 1 == len(crowd.server.requests)
        assert FIVE == await crowd.begin()
        assert 2 == len(crowd.server.requests)


async def test_a_failure_is_everybodys(queries):
    """Each of several who ask at once is told."""
    why = []

    async def told():
        with pytest.raises(Unanswered) as refused:
            await ask(queries, server)
        why.append(str(refused.value))

    with ScriptedServer(replying(b"", status=500)) as server:
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(told())

    assert ["the query failed (500)"] * 3 == why


async def test_what_nobody_waits_for_ends(queries):
    """Its connection is closed, and who asks then has an answer of its own."""
    ended = threading.Event()

    async def left_alone(peer):
        await peer.request()
        try:
            await peer.silence()
        finally:
            ended.set()

    with ScriptedServer(left_alone, answering) as server:
        async with asyncio.TaskGroup() as group:
            left = group.create_task(ask(queries, server))
            await eventually(lambda: len(server.requests), equals=1)
            left.cancel()
        assert FIVE == await ask(queries, server)
        await eventually(ended.is_set, within=2)
        assert 2 == server.connections


async def test_different_questions_are_not_shared(queries):
    """Another query, or another who asks."""
    async with waiting(queries) as crowd:
        begun = [crowd.begin(), crowd.begin("down"), crowd.begin(token=b"t")]
        await crowd.asked(3)
        crowd.gate.open()

        assert [FIVE] * 3 == [await each for each in begun]


async def test_so_many_are_asked_at_once_and_no_more():
    """Others wait for their turn, for as long as that is worth it; then they are told why."""
    few = Queries(LoopClock(), places=Places(in_all=2, turn=1.0))
    async with waiting(few) as crowd:
        begun = [crowd.begin(name) for name in "ab"]
        await crowd.asked(2)

        with pytest.raises(Unanswered, match=r"^2 other queries were under way for 1 s"):
            await ask(few, crowd.server, "c")
        begun.append(crowd.begin("d"))
        crowd.gate.open()
        assert [FIVE] * 3 == [await each for each in begun]
        assert {"a", "b", "d"} == {
            parse_qs(each.body.decode())["query"][0] for each in crowd.server.requests
        }
    await few.close()


@pytest.mark.parametrize(
    ("share", "words"),
    [
        ({"of_asker": 2}, r"^2 other queries of this namespace were under way for 1 s"),
        ({"to_server": 2}, r"^2 other queries to this server were under way for 1 s"),
    ],
    ids=["who asks", "who is asked"],
)
async def test_nobody_has_all_places(share, words):
    """Whoever has had its share of a slow server waits; others are answered meanwhile."""
    few = Queries(LoopClock(), places=Places(**share, turn=1.0))
    async with waiting(few) as crowd:
        begun = [crowd.begin(name) for name in "ab"]
        await crowd.asked(2)
        with pytest.raises(Unanswered, match=words):
            await ask(few, crowd.server, "c")

        with ScriptedServer(always=answering) as other:
            server = Server(address=other.url)
            assert FIVE == await few.ask(server, "c", max_age=300.0, asker="other")
        crowd.gate.open()
        assert [FIVE] * 2 == [await each for each in begun]
    await few.close()


async def test_what_was_used_longest_ago_is_closed():
    """Of more servers than are kept; what is used is kept all the same."""
    async with no_leaks():
        few = Queries(LoopClock(), sessions=Sessions(LoopClock(), most=2))
        with ScriptedServer(always=answering) as server:
            for token in (b"a", b"b", b"a", b"c", b"a"):
                await ask(few, server, token=token)
            assert 3 == server.connections  # a was used after b, so it was kept

            await ask(few, server, token=b"b")
            assert 4 == server.connections
        await few.close()


class LaterClock(LoopClock):
    """Later than it is by as much as is said."""

    later = 0.0

    def monotonic(self):
        """Return seconds."""
        return super().monotonic() + self.later


async def test_what_nobody_used_for_long_is_closed():
    """A credential that was renewed is not kept until a thousand others have come."""
    async with no_leaks():
        clock = LaterClock()
        sessions = Sessions(clock)
        few = Queries(LoopClock(), sessions=sessions)
        with ScriptedServer(always=answering) as server:
            await ask(few, server, token=b"old")
            clock.later = KEPT / 2
            await ask(few, server, token=b"new")
            assert 2 == len(sessions)
            clock.later = KEPT + 1.0
            await ask(few, server, token=b"new")
            assert 1 == len(sessions)
        await few.close()


async def test_more_than_are_kept_may_be_used_at_once():
    """Nobody's connection is closed under them."""
    few = Queries(LoopClock(), sessions=Sessions(LoopClock(), most=1))
    async with waiting(few) as crowd:
        begun = [crowd.begin(token=token) for token in (b"a", b"b", b"c")]
        await crowd.asked(3)
        crowd.gate.open()

        assert [FIVE] * 3 == [await each for each in begun]
    await few.close()


async def test_closing_ends_what_is_under_way():
    """Who waits is told, who asks later as well, and nothing is left."""
    with ScriptedServer(always=silent) as server:
        async with no_leaks(), asyncio.TaskGroup() as group:
            ending = Queries(LoopClock())

            async def told():
                with pytest.raises(Unanswered, match="this program is ending"):
                    await ask(ending, server)

            waiting = group.create_task(told())
            await eventually(lambda: len(server.requests), equals=1)
            await ending.close()
            await waiting
            await told()


async def test_failures_leave_nothing():
    """Of no sort, once it is closed."""
    async with no_leaks():
        asking = Queries(LoopClock())
        with ScriptedServer(half, silent, endless) as server:
            for query in "abc":
                with pytest.raises(Unanswered):
                    await ask(asking, server, query, timeout=0.2)
        with ScriptedServer(always=answering, tls=True) as server:
            with pytest.raises(Unanswered):
                await ask(asking, server)
            await ask(asking, server, ca=server.authority.pem.encode())
        await asking.close()


async def test_what_a_server_repeats_is_not_told(queries):
    """It may put the header of a request into its answer; nor is told more than anybody reads."""

    async def repeating(peer):
        request = await peer.request()
        error = f"who is\n{request.get('authorization')}? " + "x" * 5_000
        answer = {"status": "error", "errorType": "odd", "error": error}
        await peer.reply(json.dumps(answer).encode(), status=400)

    failing = pytest.raises(Unanswered, match=r"^the query failed \(400: odd: who is Bearer \*\*\*")
    with ScriptedServer(repeating) as server, failing as why:
        await ask(queries, server, token=b"hush-hush-hush")

    assert LONGEST == len(str(why.value))
    assert "hush" not in repr(why.value.__cause__) + repr(why.value.__context__)
