"""The history of a query: how it is asked for, and what a real Prometheus says of its samples."""

import math
from urllib.parse import parse_qs

import pytest

from informers.clock import LoopClock
from reconcilers.vertice.scaler.reading.answer import Unanswered
from reconcilers.vertice.scaler.reading.matrix import Span
from reconcilers.vertice.scaler.reading.places import Places
from reconcilers.vertice.scaler.reading.prometheus import Queries
from reconcilers.vertice.scaler.reading.server import Server
from tests.integration.vertice.asking import replying
from tests.kit.scripted import ScriptedServer

SPAN = Span(first=1_700_000_100, last=1_700_001_000, step=300)
EMPTY = b'{"status": "success", "data": {"resultType": "matrix", "result": []}}'
HOUR, DAY = 3600, 86_400


async def test_it_is_asked_for_as_a_look_asks():
    """By a form that is posted, with who asks in a header; for as old samples as a look takes."""
    queries = Queries(LoopClock())
    with ScriptedServer(replying(EMPTY)) as server:
        asked = Server(address=f"{server.url}/a/", token=b"secret\n")
        found = await queries.history(asked, "sum(a+b)", SPAN, max_age=60.0)

        (request,) = server.requests
    await queries.close()
    assert [True] * 4 == [math.isnan(each) for each in found.values]
    assert ("POST", "/a/api/v1/query_range") == (request.method, request.target)
    assert "Bearer secret" == request.get("authorization")
    assert {
        "query": ["sum(a+b)"],
        "start": ["1700000100"],
        "end": ["1700001000"],
        "step": ["300"],
        "lookback_delta": ["60.0"],
    } == parse_qs(request.body.decode())


async def test_what_a_server_repeats_is_not_told():
    """Nor is more of it than a status holds."""
    queries = Queries(LoopClock())
    with ScriptedServer(replying(b"no: secret-token", status=503)) as server:
        asked = Server(address=server.url, token=b"secret-token")
        with pytest.raises(Unanswered, match=r"failed \(503: no: \*\*\*\)"):
            await queries.history(asked, "up", SPAN, max_age=60.0)
    await queries.close()


async def test_it_takes_a_place_like_any_query():
    """Who waits for one in vain is told so."""
    queries = Queries(LoopClock(), places=Places(in_all=0, turn=0.1))
    asked = Server(address="http://127.0.0.1:1", timeout=0.1)
    with pytest.raises(Unanswered, match=r"0 other queries were under way for 0\.1 s"):
        await queries.history(asked, "up", SPAN, max_age=60.0)
    await queries.close()


async def test_samples_of_weeks_are_read_and_gaps_are_gaps(prometheus):
    """A server keeps what it scraped; where it did not for half a day, there is no number."""
    last = int(LoopClock().wall().timestamp()) // 300 * 300 - HOUR
    first = last - 20 * DAY
    gap = range(first + 5 * DAY, first + 5 * DAY + DAY // 2)
    lines = [f"jobs {at - first} {at}" for at in range(first, last + 1, 300) if at not in gap]
    text = "\n".join(["# TYPE jobs gauge", *lines, "# EOF", ""])
    queries = Queries(LoopClock())
    found = await queries.history(
        Server(address=prometheus([], past=text).url),
        "sum(jobs)",
        Span(first=first - DAY, last=last, step=300),
        max_age=60.0,
    )
    await queries.close()

    known = {first - DAY + 300 * place: each for place, each in enumerate(found.values)}
    assert [at for at in known if math.isnan(known[at])] == [
        *range(first - DAY, first, 300),
        *gap[::300],
    ]
    assert all(value == at - first for at, value in known.items() if not math.isnan(value))
