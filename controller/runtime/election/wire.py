"""An HTTP/1.1 connection whose every step ends by one deadline, or at once when asked.

A timeout of each socket operation is no bound of the exchange: a server that sends a byte now and
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
import os
import select
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar
from urllib.parse import SplitResult, urlsplit

import attrs

from controller.runtime.election.fence import ElectionError
from informers.dial import authority, proxy_login
from informers.errors import TransportError
from informers.http1 import (
    END,
    INTERIM,
    LONGEST_HEAD,
    SUCCESS,
    Head,
    Malformed,
    body_of,
    field,
    parse_head,
    request_line,
)
from informers.proxy import port_of

T = TypeVar("T")

_BLOCK = 16_384
_LONGEST_BODY = 1 << 20
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
    """What a connection needs of a socket; a plain one or a layer upon another."""

    def sendall(self, data: bytes | memoryview, /) -> None:
        """Send everything."""
        ...

    def receive_into(self, buffer: memoryview, /) -> int:
        """Read what is there, waiting for at least a byte; 0 at the end."""
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


@attrs.frozen
class Answer:
    """What the server said."""

    code: int
    body: bytes


class Channel:
    """A connection to the server, kept from one request to the next; direct or through a proxy."""

    def __init__(
        self,
        server: SplitResult,
        patience: Patience,
        *,
        context: ssl.SSLContext | None = None,
        proxy: str | None = None,
        server_hostname: str | None = None,
    ) -> None:
        self._server = server
        self._name, self._port = _host_and_port(server)
        self._server_name = server_hostname or self._name
        self._context = context if server.scheme == "https" else None
        self._patience = patience
        self._proxy = None if proxy is None else urlsplit(proxy)
        if self._proxy is not None:
            _host_and_port(self._proxy)
        self._link: Link | None = None
        self._came = b""

    def ask(self, method: str, target: str, fields: str, body: bytes = b"") -> Answer:
        """Send a request with these header lines; return the answer to it.

        Raises:
            OSError: If the connection or its time ended, or no TLS came about.
            TransportError: If what came is no answer.
        """
        if self._link is None:
            self._link = self._connected()
        host = field("Host", authority(self._server))
        head = f"{request_line(method, target)}{host}{fields}\r\n"
        self._link.sendall(head.encode("latin-1") + body)
        answer, keeps = self._answer(self._link)
        if not keeps:
            self.close()
        return answer

    def close(self) -> None:
        """Hang up; the next request connects again."""
        if self._link is not None:
            self._link.close()
            self._link = None
        self._came = b""

    def _connected(self) -> Link:
        """Dial, tunnel through the proxy, shake hands."""
        to = self._server if self._proxy is None else self._proxy
        link: Link = dial(*_host_and_port(to), self._patience)
        with contextlib.ExitStack() as undo:
            undo.callback(link.close)
            if self._proxy is not None:
                if self._proxy.scheme == "https":
                    both = self._context or ssl.create_default_context()  # as in Go: one trust
                    link = TlsLink(link, both, str(self._proxy.hostname))
                self._tunnel(link, self._proxy)
            if self._context is not None:
                link = TlsLink(link, self._context, self._server_name)
            undo.pop_all()
        return link

    def _tunnel(self, link: Link, proxy: SplitResult) -> None:
        target = authority(self._server)
        ask = request_line("CONNECT", target) + field("Host", target) + proxy_login(proxy) + "\r\n"
        link.sendall(ask.encode("latin-1"))
        head = self._head(link)
        if head.code not in SUCCESS:
            raise TransportError(f"the proxy does not let us through to {target} ({head.code})")
        if self._came:
            raise TransportError(f"the proxy says more than that the way to {target} is open")

    def _answer(self, link: Link) -> tuple[Answer, bool]:
        """Return the answer, and whether the connection may be used again."""
        head = self._head(link)
        while head.code in INTERIM:
            head = self._head(link)
        reader = body_of(head)
        body, self._came = reader.feed(self._came), b""
        while not reader.is_complete:
            if len(body) > _LONGEST_BODY:
                raise Malformed(f"an answer of more than {_LONGEST_BODY} bytes")
            data = _receive(link)
            if data:
                body += reader.feed(data)
            else:
                reader.end()
        return Answer(head.code, body), head.keeps_alive and not reader.has_surplus

    def _head(self, link: Link) -> Head:
        """Read up to the empty line; what came after it is kept."""
        while END not in self._came:
            if len(self._came) > LONGEST_HEAD:
                raise Malformed("an answer whose head does not end")
            data = _receive(link)
            if not data:
                raise TransportError("the connection was closed before an answer")
            self._came += data
        head, _, self._came = self._came.partition(END)
        return parse_head(head)


def _receive(link: Link) -> bytes:
    """Return what is there, waiting for at least a byte; nothing at the end."""
    buffer = memoryview(bytearray(_BLOCK))
    return bytes(buffer[: link.receive_into(buffer)])


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
