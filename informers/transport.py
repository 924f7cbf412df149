"""Requests and streams over connections to one API server.

One connection per watch and a bounded number for everything else, so that watches never starve
requests and one dead connection never takes others with it (k/k#125530). Idle connections are
kept for a while, the one used last first, and only as long as the credentials they were made with
are still in force.

For writes the one distinction that matters is kept: whether the request can have reached the
server. What comes before the first byte is a `TransportError`, what comes after is an
`OutcomeUnknown`.
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol
from urllib.parse import urlsplit

import attrs
from multidict import CIMultiDictProxy

from informers.clock import Clock, LoopClock
from informers.contact import Contact
from informers.dial import Endpoint, authority, dial, proxy_login
from informers.errors import DeadlineExceeded, OutcomeUnknown, TransportError
from informers.http1 import Head, field, request_line
from informers.link import Late, Link, Refused, Stale
from informers.request import Request

__all__ = ["Endpoint", "Response", "Stream", "Transport"]

IDLE_SECONDS: Final = 30.0
"""Less than any server, proxy or load balancer waits before it gives a connection up."""
CLOSE_SECONDS: Final = 5.0


@attrs.frozen
class Response:
    """An answer, read to its end."""

    code: int
    body: bytes
    retry_after: str = ""
    warnings: tuple[str, ...] = ()


class Stream:
    """The body of a watch or a large list, in the pieces the network made of it."""

    def __init__(self, link: Link, head: Head) -> None:
        self._link = link
        self.code = head.code
        self.retry_after = head.retry_after

    async def chunk(self, *, within: float) -> bytes:
        """What has arrived, at least a byte; empty at the end of the stream.

        Raises:
            DeadlineExceeded: If nothing comes for so many seconds.
            TransportError: If the stream breaks instead of ending.
        """
        self._link.limit(max(within, 0.0))
        try:
            return await self._link.piece()
        except Late as error:
            raise DeadlineExceeded(f"nothing came for {within:g} s") from error
        finally:
            self._link.unlimit()

    async def gather(self, clock: Clock, seconds: float) -> None:
        """Leave the socket alone for a moment, so that the next chunk is a large one.

        A server streams objects one by one, and waking up for each costs more than decoding it.
        """
        await self._link.gather(clock, seconds)

    async def read(self, *, within: float) -> bytes:
        """All that is left, for bodies that explain an error; so many seconds are for all of it."""
        self._link.limit(max(within, 0.0))
        try:
            return await self._link.body()
        except Late as error:
            raise DeadlineExceeded(f"it did not end within {within:g} s") from error
        finally:
            self._link.unlimit()


class Carrier(Protocol):
    """Whatever takes requests to the server: a `Transport`, or something around one."""

    async def send(self, request: Request, *, timeout: float) -> Response:
        """Send a request and read its whole answer."""
        ...

    def stream(self, request: Request, *, timeout: float) -> AbstractAsyncContextManager[Stream]:
        """Send a request whose answer is read piece by piece."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class Transport:
    """The connections to one API server.

    `allowance` is asked right before a request's first byte: for how many seconds it may be under
    way from then on. What it raises keeps the request from being sent.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        user_agent: str,
        connections: int,
        clock: Clock | None = None,
        contact: Contact | None = None,
        allowance: Callable[[Request], float] = lambda _: math.inf,
    ) -> None:
        self.endpoint = endpoint
        self._allowance = allowance
        self._clock = clock or LoopClock()
        self._contact = contact or Contact()
        self._slots = asyncio.Semaphore(connections)
        self._most_idle = connections
        self._links: set[Link] = set()
        self._idle: list[Link] = []
        self._sweep: asyncio.TimerHandle | None = None
        self._is_closed = False
        self._agent = field("User-Agent", user_agent)
        self._prefix_of: tuple[CIMultiDictProxy[str] | None, str, str] = (None, "", "")

    async def send(self, request: Request, *, timeout: float) -> Response:
        """Send a request and read its whole answer.

        Raises:
            OutcomeUnknown: If a write left and its answer did not come.
            DeadlineExceeded: If there was no answer within `timeout` seconds.
            TransportError: If there was no way to the server.
        """
        trip = _Trip(deadline=self._clock.monotonic() + timeout)
        try:
            await self._take_slot(trip)
            try:
                link, head = await self._reach(request, trip)
                body = await link.body()
            finally:
                self._slots.release()
                self._release(trip.link)
        except (TimeoutError, Late) as error:
            raise _lost(request, f"no answer within {timeout:g} s", trip, late=True) from error
        except TransportError as error:
            if not trip.has_left:
                raise
            raise _lost(request, str(error), trip) from error
        return Response(head.code, body, head.retry_after, head.warnings)

    @contextlib.asynccontextmanager
    async def stream(self, request: Request, *, timeout: float) -> AsyncIterator[Stream]:
        """Send a request whose answer is read piece by piece; `timeout` bounds the head."""
        trip = _Trip(deadline=self._clock.monotonic() + timeout)
        try:
            try:
                link, head = await self._reach(request, trip)
            except (TimeoutError, Late) as error:
                raise DeadlineExceeded(f"{request}: no answer within {timeout:g} s") from error
            except TransportError as error:
                raise TransportError(f"{request}: {error}") from error
            link.unlimit()
            yield Stream(link, head)
        finally:
            self._release(trip.link)

    async def close(self) -> None:
        """Close all connections, also those that are only being made; there will be no others."""
        self._is_closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        self._idle.clear()
        for link in list(self._links):
            link.abort()
        async with asyncio.timeout(CLOSE_SECONDS):
            while self._links:
                await next(iter(self._links)).closed()

    async def _take_slot(self, trip: "_Trip") -> None:
        """One of the requests that may be under way at a time."""
        if self._slots.locked():
            async with asyncio.timeout(trip.deadline - self._clock.monotonic()):
                await self._slots.acquire()
        else:
            await self._slots.acquire()

    async def _reach(self, request: Request, trip: "_Trip") -> tuple[Link, Head]:
        """Say it, and note whether anybody is there to answer.

        Neither that there was no time left to say it nor the end of an old connection tells that.
        """
        try:
            answered = await self._ask(request, trip)
        except (_Unsaid, Stale):
            raise
        except (TimeoutError, TransportError):
            self._contact.lost()
            raise
        self._contact.made()
        return answered

    async def _ask(self, request: Request, trip: "_Trip") -> tuple[Link, Head]:
        """Say it over a connection; one the peer has given up meanwhile is no reason to fail."""
        payload = self._render(request)
        while True:
            trip.link = link = self._take() or await self._dial(trip)
            link.limit(min(self._left(trip), self._allowance(request)))
            trip.has_left = True
            try:
                return link, await link.ask(payload)
            except Refused as error:
                trip.has_left = False
                raise TransportError(f"{self.endpoint.server}: {error}") from error
            except Stale:
                if request.is_write:
                    raise
                self._release(link)
                trip.has_left = False

    def _left(self, trip: "_Trip") -> float:
        """For how many seconds it may still be under way; a stall, or a wait, may have taken all.

        Raises:
            _Unsaid: If it is too late to be sent.
        """
        left = trip.deadline - self._clock.monotonic()
        if left <= 0:
            raise _Unsaid
        return left

    async def _dial(self, trip: "_Trip") -> Link:
        async with asyncio.timeout(self._left(trip)):
            link = await dial(self.endpoint)
        if self._is_closed or link.is_lost:
            link.abort()
            raise TransportError("the connection was closed before anything was said")
        self._links.add(link)
        link.on_lost = self._links.discard
        return link

    def _take(self) -> Link | None:
        """The connection used last, if any may be used again."""
        oldest = self._clock.monotonic() - IDLE_SECONDS
        while self._idle:
            link = self._idle.pop()
            is_ours = link.identity is self.endpoint.ssl_context
            if link.is_free and is_ours and link.idle_since > oldest:
                return link
            link.abort()
        return None

    def _release(self, link: Link | None) -> None:
        """Keep a connection for the next one, or end it."""
        if link is None:
            return
        link.unlimit()
        is_wanted = len(self._idle) < self._most_idle and not self._is_closed
        if not link.is_free or not is_wanted or link not in self._links:
            link.abort()
            return
        link.idle_since = self._clock.monotonic()
        self._idle.append(link)
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._expire)

    def _expire(self) -> None:
        """End what nobody has used for long; look again while there is anything."""
        oldest = self._clock.monotonic() - IDLE_SECONDS
        kept = [link for link in self._idle if link.is_free and link.idle_since > oldest]
        for link in self._idle:
            if link not in kept:
                link.abort()
        self._idle = kept
        loop = asyncio.get_running_loop()
        self._sweep = loop.call_later(IDLE_SECONDS, self._expire) if kept else None

    def _render(self, request: Request) -> bytes:
        """The request as it goes out, credentials and all."""
        headers = self.endpoint.headers()
        if headers is not self._prefix_of[0]:
            self._prefix_of = (headers, *self._prefix(headers))
        _, base, lines = self._prefix_of
        body = request.body
        head = request_line(request.method, base + request.target)
        head += f"{lines}Accept: {request.accept}\r\n"
        if body is None:
            return f"{head}\r\n".encode()
        head += f"Content-Type: {request.content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    def _prefix(self, headers: CIMultiDictProxy[str]) -> tuple[str, str]:
        """The begin of every target, and the header lines that are the same in every request."""
        server = urlsplit(self.endpoint.server)
        base = server.path.rstrip("/")
        lines = [field("Host", authority(server)), self._agent]
        lines += [field(name, value) for name, value in headers.items()]
        if self.endpoint.proxy and server.scheme == "http":
            base = f"http://{authority(server)}{base}"
            lines.append(proxy_login(urlsplit(self.endpoint.proxy)))
        return base, "".join(lines)


@attrs.define
class _Trip:
    """How far a request has come."""

    deadline: float
    link: Link | None = None
    has_left: bool = False


class _Unsaid(TimeoutError):
    """There was no time left before the first byte, which says nothing of the server."""


def _lost(request: Request, what: str, trip: _Trip, *, late: bool = False) -> TransportError:
    """What a request that got no whole answer means."""
    if request.is_write and trip.has_left:
        return OutcomeUnknown(f"{request}: {what}; it may have been applied")
    return (DeadlineExceeded if late else TransportError)(f"{request}: {what}")
