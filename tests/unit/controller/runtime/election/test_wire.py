"""What is said over the election's connection, to a server that answers as it is told to.

How it behaves when answers do not come is in tests/chaos.
"""

import contextlib
import os
import socket
import threading
from urllib.parse import urlsplit

import pytest

from controller.runtime.election.wire import Answer, Channel, EndpointInvalid
from informers.errors import TransportError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Patient:
    """Time enough, and nobody who interrupts."""

    def __init__(self):
        self._never, self._other = os.pipe()

    def remaining(self):
        """Ten seconds, at any time."""
        return 10.0

    def wake_fd(self):
        """Never readable."""
        return self._never

    def woken(self):
        """Never called."""
        raise AssertionError("nobody wakes it")

    def close(self):
        """Close the pipe."""
        os.close(self._never)
        os.close(self._other)


class Script:
    """A server that takes connections and answers each request on them with the next pieces."""

    def __init__(self, *connections):
        self.asked = []
        self._connections = connections
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.address = urlsplit(f"http://127.0.0.1:{self._server.getsockname()[1]}")

    def _run(self):
        for answers in self._connections:
            link, _ = self._server.accept()
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with link:
                for pieces in answers:
                    self.asked.append(link.recv(65_536))
                    for piece in pieces:
                        with contextlib.suppress(OSError):  # it had enough
                            link.sendall(piece)

    def close(self):
        """Wait until all was said."""
        self._thread.join(10)
        self._server.close()


@pytest.fixture
def channel():
    """Return a function that makes a channel to a server of such a script."""
    with contextlib.ExitStack() as stack:

        def make(*connections):
            server, patience = Script(*connections), Patient()
            stack.callback(server.close)
            stack.callback(patience.close)
            made = Channel(server.address, patience)
            stack.callback(made.close)
            return made, server

        yield make


def ask(channel):
    """Read something."""
    return channel.ask("GET", "/x", "Accept: application/json\r\n")


def test_one_connection_serves_one_request_after_the_other(channel):
    """It is kept, and each request names the server."""
    it, server = channel([[OK], [OK]])

    assert [Answer(200, b"{}")] * 2 == [ask(it), ask(it)]
    assert f"\r\nHost: {server.address.netloc}\r\n".encode() in server.asked[1]


def test_a_request_goes_out_in_one_piece(channel):
    """Head and body together: two pieces may be two packets and two looks at the server."""
    it, server = channel([[OK]])

    it.ask("PUT", "/x", "Content-Length: 3\r\n", b"abc")

    assert server.asked[0].startswith(b"PUT /x HTTP/1.1\r\n")
    assert server.asked[0].endswith(b"\r\n\r\nabc")


@pytest.mark.parametrize(
    "answer",
    [
        [bytes([byte]) for byte in OK],
        [b"HTTP/1.1 100 Continue\r\n\r\n", OK],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"],
        [b"HTTP/1.0 200 OK\r\n\r\n{}"],
    ],
    ids=["byte by byte", "after another", "in chunks", "until the end"],
)
def test_an_answer_is_read_whole(channel, answer):
    """However it is written and cut."""
    it, _ = channel([answer])

    assert Answer(200, b"{}") == ask(it)


@pytest.mark.parametrize(
    "answer",
    [OK + b"more", OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")],
    ids=["surplus", "closed"],
)
def test_a_connection_that_is_done_is_not_used_again(channel, answer):
    """What came too much must not be read as the next answer."""
    it, _ = channel([[answer]], [[OK]])

    assert [Answer(200, b"{}")] * 2 == [ask(it), ask(it)]


@pytest.mark.parametrize(
    "answer",
    [
        [],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}"],
        [b"SSH-2.0-OpenSSH\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000],
        [b"HTTP/1.0 200 OK\r\n\r\n", b"x" * (2 << 20)],
    ],
    ids=["nothing", "too short", "no HTTP", "an endless head", "an endless body"],
)
def test_what_is_no_answer_is_an_error(channel, answer):
    """And says so, instead of being taken for a Lease or filling the memory."""
    it, _ = channel([answer])

    with pytest.raises((TransportError, ConnectionError)):
        ask(it)
    it.close()


@pytest.mark.parametrize("address", ["proxy:3128", "ftp://h", "https:///path"])
def test_unusable_address_is_refused(address):
    """An address without a scheme or a host we know is a mistake to be told."""
    with pytest.raises(EndpointInvalid):
        Channel(urlsplit(address), Patient())
    with pytest.raises(EndpointInvalid):
        Channel(urlsplit("https://api:6443"), Patient(), proxy=address)
