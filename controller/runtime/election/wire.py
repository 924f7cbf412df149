"""An HTTP/1.1 connection whose every step ends by one deadline, or at once when asked.

`http.client` bounds each socket operation, not the exchange: a server that sends a byte now and
then, or a name with several dead addresses, would hold the election thread for ever. Here the
socket never blocks; each wait is a poll on the socket and on a wake-up descriptor, for no longer
than the `Patience` has left. So a hanging renewal ends in time, and a thread that is told to
stop does so in the middle of a read.

Leaves to others: what is said over the connection (`lease`), how long it may take (`driver`).
Not bounded: name resolution, which the system's resolver does not let anyone interrupt. The
fence closes regardless; and `Elector` tells the loop so, from the loop's side.
"""

import base64
import contextlib
import errno
import http.client
import io
import os
import select
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Protocol, Self, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from controller.runtime.election.fence import ElectionError

T = TypeVar("T")

_SLICE = 1.0  # poll's own clock stops while the machine sleeps; ours does not


class EndpointInvalid(ElectionError):
    """The server or proxy address cannot be used."""


class Patience(Protocol):
    """How long the exchange under way may still take; consulted before every wait."""

    def remaining(self) -> float:
        """Seconds left; zero or less ends the exchange."""
        ...

    def wake_fd(self) -> int:
        """A descriptor that becomes readable when `remaining` should be asked again."""
        ...

    def woken(self) -> None:
        """Take what made the descriptor readable."""
        ...


class Link:
    """A socket that never blocks, with the two methods `http.client` needs."""

    def __init__(self, sock: socket.socket, patience: Patience) -> None:
        sock.settimeout(0)
        self._sock = sock
        self._patience = patience

    def connect(self, address: tuple[str | int | bytes, ...], *, keep: float) -> None:
        """Connect while more than `keep` seconds of patience are left."""
        code = self._sock.connect_ex(address)
        if code in (errno.EINPROGRESS, errno.EWOULDBLOCK):
            self._wait(select.POLLOUT, keep=keep)
            code = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def start_tls(self, context: ssl.SSLContext, host: str) -> Self:
        """Shake hands, within the patience."""
        sock = context.wrap_socket(self._sock, server_hostname=host, do_handshake_on_connect=False)
        self._sock = sock
        self._retry(sock.do_handshake, select.POLLIN)
        return self

    def sendall(self, data: bytes) -> None:
        """Send everything."""
        view = memoryview(data)
        while view:
            view = view[self._retry(partial(self._sock.send, view), select.POLLOUT) :]

    def receive_into(self, buffer: memoryview) -> int:
        """Read what is there, waiting for at least a byte; 0 at the end."""
        return self._retry(partial(self._sock.recv_into, buffer), select.POLLIN)

    def makefile(self, mode: str) -> io.BufferedReader:
        """Give a reader for the response."""
        assert mode == "rb", "http.client only reads"
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        """Close without a word; the peer sees the end."""
        self._sock.close()

    def _retry(self, attempt: Callable[[], T], direction: int) -> T:
        while True:
            try:
                return attempt()
            except ssl.SSLWantReadError:
                direction = select.POLLIN
            except ssl.SSLWantWriteError:
                direction = select.POLLOUT
            except BlockingIOError:
                pass
            self._wait(direction)

    def _wait(self, direction: int, *, keep: float = 0.0) -> None:
        patience, poller = self._patience, select.poll()
        poller.register(self._sock, direction)
        poller.register(patience.wake_fd(), select.POLLIN)
        while True:
            left = patience.remaining() - keep
            if left <= 0:
                raise TimeoutError("no answer within the deadline")
            ready = {fd for fd, _ in poller.poll(min(left, _SLICE) * 1000)}
            if patience.wake_fd() in ready:
                patience.woken()
            if self._sock.fileno() in ready:
                return


class _Reader(io.RawIOBase):
    """The raw side of the buffered reader that parses a response."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def readable(self) -> bool:
        """Always: that is all it does."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what io passes
        """Read what is there."""
        return self._link.receive_into(buffer)


class HTTPConnection(http.client.HTTPConnection):
    """`http.client` over a `Link`; plain or TLS, directly or through an HTTP proxy."""

    def __init__(
        self,
        server: SplitResult,
        patience: Patience,
        *,
        context: ssl.SSLContext | None = None,
        proxy: str | None = None,
        server_hostname: str | None = None,
    ) -> None:
        name, port = _host_and_port(server)
        self._server_name = server_hostname or name
        self._context = context if server.scheme == "https" else None
        self._patience = patience
        if proxy is None:
            super().__init__(name, port)
            return
        via = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        if via.scheme != "http":
            raise EndpointInvalid(
                f"the proxy {via.scheme}://{via.hostname} is not supported for leader election:"
                " use an http:// proxy, or add the API server to NO_PROXY"
            )
        super().__init__(*_host_and_port(via))
        self.set_tunnel(name, port, headers=_proxy_headers(via))

    def connect(self) -> None:
        """Dial, tunnel through the proxy, shake hands."""
        link = dial(self.host, self.port, self._patience)
        self.sock = link  # a Link is all of a socket that is used
        if self._tunnel_host:
            self._tunnel()
        if self._context is not None:
            link.start_tls(self._context, self._server_name)

    _tunnel_host: str | None
    _tunnel: Callable[[], None]


def dial(host: str, port: int, patience: Patience) -> Link:
    """Connect to the first address that answers; each gets a fair share of the time."""
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure: OSError = OSError(errno.EADDRNOTAVAIL, f"{host} has no address")
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        with contextlib.ExitStack() as cleanup:
            link = Link(socket.socket(family, kind, protocol), patience)
            cleanup.callback(link.close)
            try:
                others = len(addresses) - index - 1
                link.connect(address, keep=patience.remaining() * others / (others + 1))
            except OSError as error:
                failure = error
                continue
            cleanup.pop_all()
            return link
    raise failure


def _host_and_port(url: SplitResult) -> tuple[str, int]:
    if not url.hostname:
        raise EndpointInvalid(f"{url.geturl()!r} has no host: expected https://HOST:PORT")
    return url.hostname, url.port or (443 if url.scheme == "https" else 80)


def _proxy_headers(via: SplitResult) -> dict[str, str]:
    if via.username is None:
        return {}
    user = f"{unquote(via.username)}:{unquote(via.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(user.encode()).decode()}
