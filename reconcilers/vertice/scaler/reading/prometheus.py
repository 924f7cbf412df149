"""Queries to what speaks Prometheus' API: one number each, or the reason why there is none.

It promises:

- A failure is an `Unanswered` with words for a condition, never a number, and never with a
  credential in it.
- So many queries at once and no more, of which nobody who asks and no server takes all (`places`).
  Once it is its turn, each has an answer within the time that its server is given.
- The same query to the same server, asked by one at the same time again, is sent once. Each of them
  can be cancelled alone; when all are, nobody waits for the answer any longer.
- Connections are kept between two looks. A kept one that the server has closed meanwhile costs a
  second try, which is harmless: a query changes nothing.
- A history of the same query is asked for under the same conditions, and never shared.
- `close` ends what is under way and leaves nothing open.

How old an answer may be is decided by the server. The time in an answer is when the query was
evaluated and not when anything was scraped, and `timestamp(...)` tells that of plain selectors
alone. So the query says how far it may look back (`lookback_delta`): each selector in it, wherever
it stands, finds a sample no older than `max_age`, or no series. Series whose target was lost are
gone at once, as everywhere in Prometheus. Three things follow, and are so on purpose:

- What a range says is as old as its range: `max_over_time(x[1h])` finds samples an hour old.
- Servers that do not know the parameter (Prometheus before 2.43, some that are only like it) look
  back as far as they always do; for most that is 5 minutes, what `maxAge` is unless it is set.
- No time is sent. Samples were dated by the server's clock, and it is this clock that tells their
  age, so ours may be wrong by hours. Only an answer that was evaluated longer ago than `max_age`
  by our clock is refused: something in between may have kept it.
"""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import attrs

from controller.runtime.crew import Crew
from informers.clock import Clock
from reconcilers.vertice.scaler.reading.answer import Reading, Unanswered, check_age, read
from reconcilers.vertice.scaler.reading.matrix import Series, Span, read_series
from reconcilers.vertice.scaler.reading.places import Places
from reconcilers.vertice.scaler.reading.server import QUERY, RANGE, Server
from reconcilers.vertice.scaler.reading.sessions import Sessions

if TYPE_CHECKING:
    from aiohttp import ClientSession

MOST: Final = 1 << 20
LONGEST: Final = 1024
"""Characters of a reason; what a server complains of may be longer than anybody reads."""
_END_SECONDS: Final = 5.0


@attrs.frozen
class _Question:
    """What may be asked several times at once; one who asks waits for nobody else's turn."""

    asker: str
    server: Server
    query: str = attrs.field(repr=False)
    max_age: float


@attrs.define(eq=False)
class _Look:
    """A question under way, and who waits for its answer."""

    task: asyncio.Task[None] = attrs.field(init=False)
    waiting: int = 0
    found: Reading | str = ""


class Queries:
    """Asks queries; one is shared by all who ask."""

    def __init__(
        self, clock: Clock, *, places: Places | None = None, sessions: Sessions | None = None
    ) -> None:
        self._clock = clock
        self._places = places or Places()
        self._sessions = Sessions(clock) if sessions is None else sessions
        self._crew = Crew("queries")
        self._looks: dict[_Question, _Look] = {}

    async def ask(self, server: Server, query: str, *, max_age: float, asker: str = "") -> Reading:
        """Return what a query finds that is no older than so many seconds.

        Who asks is a name, such as a namespace; all of one name share their places.

        Raises:
            Unanswered: If that is not one number.
        """
        question = _Question(asker, server, query, max_age)
        look = self._looks.get(question) or self._begin(question)
        look.waiting += 1
        try:
            await asyncio.wait([look.task])
        finally:
            look.waiting -= 1
            if not look.waiting:
                self._end(question, look)
        if look.task.cancelled():
            raise Unanswered("this program is ending")
        look.task.result()
        if isinstance(look.found, str):
            raise Unanswered(look.found)
        return look.found

    async def history(
        self, server: Server, query: str, span: Span, *, max_age: float, asker: str = ""
    ) -> Series:
        """Return what a query would have found at each point of a span.

        Raises:
            Unanswered: If it cannot be told.
        """
        form = {
            "query": query,
            "start": str(span.first),
            "end": str(span.last),
            "step": str(span.step),
            "lookback_delta": str(max_age),
        }
        try:
            status, body = await self._fetch(server, RANGE, form, asker)
            return read_series(status, body, span)
        except Unanswered as error:
            raise Unanswered(_fit(server.without_secrets(str(error)))) from None

    async def close(self) -> None:
        """End all queries and close all connections."""
        await self._crew.dismiss(_END_SECONDS)
        await self._sessions.close()

    def _begin(self, question: _Question) -> _Look:
        if self._crew.is_dismissed:
            raise Unanswered("this program is ending")
        look = self._looks[question] = _Look()
        look.task = self._crew.create_task(self._find(question, look), name="query")
        return look

    def _end(self, question: _Question, look: _Look) -> None:
        """Forget a question that nobody waits for; who asks it later asks anew."""
        look.task.cancel()
        if self._looks.get(question) is look:
            del self._looks[question]

    async def _find(self, question: _Question, look: _Look) -> None:
        try:
            look.found = await self._answer(question)
        except Unanswered as error:
            # Whoever is in between may say anything, also what we said.
            look.found = _fit(question.server.without_secrets(str(error)))
        finally:
            if self._looks.get(question) is look:
                del self._looks[question]

    async def _answer(self, question: _Question) -> Reading:
        form = {"query": question.query, "lookback_delta": str(question.max_age)}
        status, body = await self._fetch(question.server, QUERY, form, question.asker)
        reading = read(status, body)
        check_age(reading, now=self._clock.wall().timestamp(), most=question.max_age)
        return reading

    async def _fetch(
        self, server: Server, path: str, form: Mapping[str, str], asker: str
    ) -> tuple[int, bytes]:
        """Return the status and the body of an answer, once there is a place for the question."""
        url = server.url(path)
        async with (
            self._places.one(asker, server.address),
            self._sessions.of(server) as session,
        ):
            return await _in_time(session, url, server, form)


async def _in_time(
    session: "ClientSession", url: str, server: Server, form: Mapping[str, str]
) -> tuple[int, bytes]:
    """Return the status and the body of an answer."""
    from aiohttp import (  # noqa: PLC0415 - nobody needs it before the first query
        ClientConnectionResetError,
        ClientError,
        ClientPayloadError,
        ServerDisconnectedError,
    )

    try:
        async with asyncio.timeout(server.timeout):
            try:
                return await _post(session, url, server, form)
            except (ServerDisconnectedError, ClientConnectionResetError):
                return await _post(session, url, server, form)
    except TimeoutError:
        raise Unanswered(
            f"no answer within {server.timeout:g} s: look at spec.prometheus.address, or make "
            "the query cheaper, as by a recording rule"
        ) from None
    except ClientPayloadError as error:
        raise Unanswered("the answer broke off in the middle") from error
    except ServerDisconnectedError as error:
        # What it holds may be the head of an answer, which is no text for people.
        ended = ConnectionError("Server disconnected")
        raise Unanswered(server.why_unreachable(ended)) from error
    except (ClientError, OSError, UnicodeError) as error:
        raise Unanswered(server.why_unreachable(error)) from error


async def _post(
    session: "ClientSession", url: str, server: Server, form: Mapping[str, str]
) -> tuple[int, bytes]:
    async with session.post(
        url,
        data=form,
        server_hostname=server.server_name or None,
        allow_redirects=False,
    ) as answer:
        body = b""
        async for part in answer.content.iter_any():
            body += part
            if len(body) > MOST:
                raise Unanswered(
                    f"the answer has more than {MOST >> 20} MiB: wrap the query in sum(...)"
                )
    return answer.status, body


def _fit(text: str) -> str:
    """Return one line of text that people can read."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
