"""Bytes to and from the API server over HTTP/1.1.

One socket per watch and a bounded pool for everything else, so that watches never starve requests
and one dead connection never takes others with it (k/k#125530). Every socket is told to notice a
dead peer: keepalive after 15 s of silence, and 30 s for unacknowledged data.

This is the only file that knows aiohttp. Its exceptions are translated here, and for writes the
translation keeps the one distinction that matters: whether the request can have reached the server.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Final, Protocol

import attrs
from multidict import CIMultiDictProxy
from yarl import URL

from informers import tls
from informers.clock import Clock
from informers.errors import DeadlineExceeded, OutcomeUnknown, TransportError
from informers.lean import aiohttp
from informers.request import Request

KEEPALIVE_IDLE_SECONDS: Final = 15
KEEPALIVE_INTERVAL_SECONDS: Final = 5
KEEPALIVE_PROBES: Final = 3
USER_TIMEOUT_MILLISECONDS: Final = 30_000
CONNECT_SECONDS: Final = 10.0
READ_BUFFER: Final = 256 * 1024


class Endpoint(Protocol):
    """Where the server is and who we are; `connection.Connection` is the real one."""

    server: str
    ssl_context: ssl.SSLContext | None
    server_hostname: str | None
    proxy: str | None
    due: float

    def headers(self) -> CIMultiDictProxy[str]:
        """The credentials to send now; a name may repeat."""
        ...

    async def refresh(self, *, force: bool = False) -> bool:
        """Reload what may have rotated, once the clock reaches `due`; True if anything did."""
        ...

    def explain_unauthorized(self) -> str:
        """Why the server may have said 401, and what to do about it."""
        ...


@attrs.frozen
class Response:
    """An answer, read to its end."""

    code: int
    body: bytes
    retry_after: str = ""


class Stream:
    """The body of a watch or a large list, in the pieces the network made of it."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.code = response.status
        self.retry_after = response.headers.get("Retry-After", "")

    async def chunk(self) -> bytes:
        """What has arrived, at least a byte; empty at the end of the stream.

        Raises:
            TransportError: If the stream breaks instead of ending.
        """
        try:
            return await self._response.content.readany()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise TransportError(f"the stream broke: {_text(error)}") from error

    async def gather(self, clock: Clock, seconds: float) -> None:
        """Leave the socket alone for a moment, so that the next chunk is a large one.

        A server streams objects one by one, and waking up for each costs more than decoding it.
        """
        connection = self._response.connection
        protocol = None if connection is None else connection.protocol
        if protocol is None:
            return
        protocol.pause_reading()
        await clock.sleep(seconds)
        protocol.resume_reading()

    async def read(self) -> bytes:
        """All that is left, for bodies that explain an error."""
        pieces = []
        while piece := await self.chunk():
            pieces.append(piece)
        return b"".join(pieces)


def open_socket(
    address: tuple[
        int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]
    ],
) -> socket.socket:
    """A TCP socket that notices a dead peer in half a minute instead of in half an hour."""
    family, type_, proto, _, _ = address
    sock = socket.socket(family, type_, proto)
    sock.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_IDLE_SECONDS),
        ("TCP_KEEPINTVL", KEEPALIVE_INTERVAL_SECONDS),
        ("TCP_KEEPCNT", KEEPALIVE_PROBES),
        ("TCP_USER_TIMEOUT", USER_TIMEOUT_MILLISECONDS),
    ):
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return sock


class Transport:
    """The sockets to one API server."""

    def __init__(self, endpoint: Endpoint, *, user_agent: str, connections: int) -> None:
        self.endpoint = endpoint
        self._agent = user_agent
        self._connections = connections
        self._requests: aiohttp.ClientSession | None = None
        self._streams: aiohttp.ClientSession | None = None

    async def send(self, request: Request, *, timeout: float) -> Response:
        """Send a request and read its whole answer.

        Raises:
            OutcomeUnknown: If a write left and its answer did not come.
            DeadlineExceeded: If a read took longer than `timeout` seconds.
            TransportError: If there was no way to the server.
        """
        if self._requests is None:
            self._requests = self._session(limit=self._connections)
        try:
            async with asyncio.timeout(timeout), self._call(self._requests, request) as response:
                body = await response.read()
                return Response(response.status, body, response.headers.get("Retry-After", ""))
        except aiohttp.ClientConnectorError as error:
            raise TransportError(_unreachable(self.endpoint.server, error)) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _lost(request, error, timeout) from error

    @contextlib.asynccontextmanager
    async def stream(self, request: Request, *, timeout: float) -> AsyncIterator[Stream]:
        """Send a request whose answer is read piece by piece; `timeout` bounds the headers."""
        if self._streams is None:
            self._streams = self._session(limit=0)
        call = self._call(self._streams, request)
        try:
            async with asyncio.timeout(timeout):
                response = await call
        except aiohttp.ClientConnectorError as error:
            raise TransportError(_unreachable(self.endpoint.server, error)) from error
        except TimeoutError as error:
            raise DeadlineExceeded(f"{request}: no answer within {timeout:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise TransportError(f"{request}: {_text(error)}") from error
        try:
            yield Stream(response)
        finally:
            _drop(response)

    async def close(self) -> None:
        """Close all sockets."""
        sessions = [self._requests, self._streams]
        self._requests = self._streams = None
        for session in sessions:
            if session is not None:
                await session.close()

    def _session(self, *, limit: int) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=limit, socket_factory=open_socket),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            read_bufsize=READ_BUFFER,
            skip_auto_headers=("Accept-Encoding", "User-Agent", "Accept", "Content-Type"),
        )

    def _call(
        self, session: aiohttp.ClientSession, request: Request
    ) -> "aiohttp.client._RequestContextManager":
        endpoint = self.endpoint
        headers = endpoint.headers().copy()
        headers["User-Agent"] = self._agent
        headers["Accept"] = request.accept
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        return session.request(
            request.method,
            URL(endpoint.server + request.target, encoded=True),
            data=request.body,
            headers=headers,
            ssl=endpoint.ssl_context or True,
            server_hostname=endpoint.server_hostname,
            proxy=endpoint.proxy,
            allow_redirects=False,
        )


def _drop(response: aiohttp.ClientResponse) -> None:
    """End a stream in the middle: its socket is of no use to anybody, and closes at once.

    A polite TLS shutdown would leave it open until the peer answers, past the loop's own end.
    """
    connection = response.connection
    transport = None if connection is None else connection.transport
    response.close()
    if transport is not None:
        transport.abort()


def _text(error: BaseException) -> str:
    """What a library exception says; many say nothing but their name."""
    return str(error) or type(error).__name__


def _unreachable(server: str, error: aiohttp.ClientConnectorError) -> str:
    reason = tls.explain(error)
    if reason is not None:
        return f"{server}: {reason}"
    return f"cannot reach {server}: {_text(error)}; is the API server up, and the address right?"


def _lost(request: Request, error: BaseException, timeout: float) -> TransportError:
    """What a request that got no whole answer means."""
    late = isinstance(error, TimeoutError)
    what = f"no answer within {timeout:g} s" if late else _text(error)
    if request.is_write and not isinstance(error, aiohttp.ConnectionTimeoutError):
        return OutcomeUnknown(f"{request}: {what}; it may have been applied")
    return (DeadlineExceeded if late else TransportError)(f"{request}: {what}")
