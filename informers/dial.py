"""From an address to a connection: names, sockets, the proxy's tunnel, TLS.

Addresses are tried as RFC 8305 says, a quarter of a second apart. Every socket is told to notice a
dead peer: keepalive after 15 s of silence, and 30 s for unacknowledged data. Through a proxy TLS
goes inside a tunnel (CONNECT); plain HTTP is asked of the proxy itself. A proxy that is spoken to
by TLS is held to the same authority as the server, as Go's client does.

All that goes wrong here has one thing in common: no request has left.
"""

import asyncio
import socket
import ssl
from typing import Final, Protocol
from urllib.parse import SplitResult, urlsplit

from aiohappyeyeballs import start_connection
from multidict import CIMultiDictProxy

from informers import tls
from informers.errors import TransportError
from informers.http1 import SUCCESS, field, request_line
from informers.link import Link
from informers.proxy import login_of, port_of

KEEPALIVE_IDLE_SECONDS: Final = 15
KEEPALIVE_INTERVAL_SECONDS: Final = 5
KEEPALIVE_PROBES: Final = 3
USER_TIMEOUT_MILLISECONDS: Final = 30_000
CONNECT_SECONDS: Final = 10.0
HEAD_START_SECONDS: Final = 0.25

Address = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]]


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


async def dial(endpoint: Endpoint) -> Link:
    """A new connection to the server.

    Raises:
        TransportError: If there is none; the message says why and what to look at.
    """
    server = urlsplit(endpoint.server)
    proxy = urlsplit(endpoint.proxy) if endpoint.proxy else None
    link = Link(endpoint.ssl_context)
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await _connect(link, proxy or server, endpoint, is_last=proxy is None)
            if proxy is not None and server.scheme == "https":
                link = await _tunnel(link, server, proxy, endpoint)
    except TimeoutError as error:
        link.abort()
        raise TransportError(
            _unreachable(endpoint, f"no connection in {CONNECT_SECONDS:g} s")
        ) from error
    except (OSError, UnicodeError) as error:  # a name that is none fails to be encoded
        link.abort()
        reason = tls.explain(error)
        if reason is not None:
            raise TransportError(f"{_where(endpoint)}: {reason}") from error
        raise TransportError(_unreachable(endpoint, _text(error))) from error
    except BaseException:
        link.abort()
        raise
    return link


def open_socket(address: Address) -> socket.socket:
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
        ("TCP_NODELAY", 1),
    ):
        if hasattr(socket, option):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return sock


def proxy_login(proxy: SplitResult) -> str:
    """The header line that logs in to a proxy; empty without a login."""
    login = login_of(proxy)
    return field("Proxy-Authorization", login) if login else ""


def authority(url: SplitResult) -> str:
    """Host and port as a Host header has them."""
    host = url.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{port_of(url)}"


async def _connect(link: Link, to: SplitResult, endpoint: Endpoint, *, is_last: bool) -> None:
    """A socket to the server, or to the proxy before it; by TLS if the address says so."""
    host = to.hostname or ""
    loop = asyncio.get_running_loop()
    sock = await start_connection(
        await _resolve(host, port_of(to)),
        happy_eyeballs_delay=HEAD_START_SECONDS,
        interleave=1,
        socket_factory=open_socket,
    )
    named = endpoint.server_hostname if is_last else None
    try:
        if to.scheme == "https":
            context = endpoint.ssl_context or ssl.create_default_context()
            await loop.create_connection(
                lambda: link, sock=sock, ssl=context, server_hostname=named or host
            )
        else:
            await loop.create_connection(lambda: link, sock=sock)
    except BaseException:
        sock.close()
        raise


async def _tunnel(link: Link, server: SplitResult, proxy: SplitResult, endpoint: Endpoint) -> Link:
    """TLS to the server inside what the proxy lets through."""
    target = authority(server)
    ask = request_line("CONNECT", target) + field("Host", target) + proxy_login(proxy) + "\r\n"
    head = await link.ask(ask.encode())
    if head.code not in SUCCESS:
        link.abort()
        raise TransportError(
            f"the proxy {authority(proxy)} does not let us through to {target} ({head.code}): "
            "check proxy-url and the login in it"
        )
    if link.has_more:
        link.abort()
        raise TransportError(
            f"the proxy {authority(proxy)} says more than that the way to {target} is open"
        )
    inner = Link(endpoint.ssl_context)
    transport = await asyncio.get_running_loop().start_tls(
        link.transport,
        inner,
        endpoint.ssl_context or ssl.create_default_context(),
        server_hostname=endpoint.server_hostname or server.hostname,
    )
    assert transport is not None, "the loop gives one, or raises"
    inner.connection_made(transport)
    return inner


async def _resolve(host: str, port: int) -> list[Address]:
    """The addresses of a name; a thread is asked only if it is one."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(found)


def _where(endpoint: Endpoint) -> str:
    if not endpoint.proxy:
        return endpoint.server
    return f"{endpoint.server} by the proxy {authority(urlsplit(endpoint.proxy))}"


def _unreachable(endpoint: Endpoint, reason: str) -> str:
    return (
        f"cannot reach {_where(endpoint)}: {reason}; is the API server up, and the address right?"
    )


def _text(error: BaseException) -> str:
    """What a library exception says; many say nothing but their name."""
    return str(error) or type(error).__name__
