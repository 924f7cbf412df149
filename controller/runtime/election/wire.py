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
from typing import Protocol, TypeVar
from urllib.parse import SplitResult, urlsplit

from controller.runtime.election.fence import ElectionError
from informers.proxy import login_of, port_of

T = TypeVar("T")

_BLOCK = 16_384
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


class Link(Protocol):
    """What `http.client` needs of a socket; a plain one or a layer upon another."""

    def sendall(self, data: bytes | memoryview, /) -> None:
        """Send everything."""
        ...

    def receive_into(self, buffer: memoryview, /) -> int:
        """Read what is there, waiting for at least a byte; 0 at the end."""
        ...

    def makefile(self, mode: str, /) -> io.BufferedReader:
        """Give a reader for the response."""
        ...

    def close(self) -> None:
        """Close without a word; the peer sees the end."""
        ...


class PlainLink:
    """A socket that never blocks for longer than the patience."""

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

    def sendall(self, data: bytes | memoryview, /) -> None:
        """Send everything."""
        view = memoryview(data)
        while view:
            try:
                view = view[self._sock.send(view) :]
            except BlockingIOError:
                self._wait(select.POLLOUT)

    def receive_into(self, buffer: memoryview, /) -> int:
        """Read what is there."""
        while True:
            try:
                return self._sock.recv_into(buffer)
            except BlockingIOError:
                self._wait(select.POLLIN)

    def makefile(self, mode: str, /) -> io.BufferedReader:
        """Give a reader for the response."""
        return _reader(self, mode)

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

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


class TlsLink:
    """TLS upon a link: upon TCP, or upon a tunnel that is itself inside TLS."""

    def __init__(self, below: Link, context: ssl.SSLContext, host: str) -> None:
        self._below = below
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._do(self._tls.do_handshake)

    def sendall(self, data: bytes | memoryview, /) -> None:
        """Encrypt and send everything."""
        view = memoryview(data)
        while view:
            view = view[self._do(partial(self._tls.write, view)) :]

    def receive_into(self, buffer: memoryview, /) -> int:
        """Read and decrypt what is there."""
        try:
            data = self._do(partial(self._tls.read, len(buffer)))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return 0
        buffer[: len(data)] = data
        return len(data)

    def makefile(self, mode: str, /) -> io.BufferedReader:
        """Give a reader for the response."""
        return _reader(self, mode)

    def close(self) -> None:
        """Close what is below."""
        self._below.close()

    def _do(self, step: Callable[[], T]) -> T:
        """Run a step of the protocol, moving bytes until it can be done."""
        buffer = memoryview(bytearray(_BLOCK))
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._flush()
                if count := self._below.receive_into(buffer):
                    self._incoming.write(buffer[:count])
                else:
                    self._incoming.write_eof()
            else:
                self._flush()
                return done

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._below.sendall(self._outgoing.read())


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


def _reader(link: Link, mode: str) -> io.BufferedReader:
    assert mode == "rb", "http.client only reads"
    return io.BufferedReader(_Reader(link))


class HTTPConnection(http.client.HTTPConnection):
    """`http.client` over a `Link`; plain or TLS, directly or through a proxy."""

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
        self._proxy = None if proxy is None else urlsplit(proxy)
        if self._proxy is None:
            super().__init__(name, port)
            return
        super().__init__(*_host_and_port(self._proxy))
        self.set_tunnel(name, port, headers=_proxy_headers(self._proxy))

    def connect(self) -> None:
        """Dial, tunnel through the proxy, shake hands."""
        self.sock = dial(self.host, self.port, self._patience)
        if self._proxy is not None:
            if self._proxy.scheme == "https":
                both = self._context or ssl.create_default_context()  # as in Go: one set of trust
                self.sock = TlsLink(self.sock, both, self.host)
            self._tunnel()
        if self._context is not None:
            self.sock = TlsLink(self.sock, self._context, self._server_name)

    sock: Link  # all of a socket that http.client uses
    _tunnel: Callable[[], None]


def dial(host: str, port: int, patience: Patience) -> PlainLink:
    """Connect to the first address that answers; each gets a fair share of the time."""
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure: OSError = OSError(errno.EADDRNOTAVAIL, f"{host} has no address")
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        with contextlib.ExitStack() as cleanup:
            link = PlainLink(socket.socket(family, kind, protocol), patience)
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
    if url.scheme not in ("http", "https"):
        raise EndpointInvalid(f"{url.geturl()!r} is neither http:// nor https://")
    return url.hostname, port_of(url)


def _proxy_headers(via: SplitResult) -> dict[str, str]:
    login = login_of(via)
    return {"Proxy-Authorization": login} if login else {}
