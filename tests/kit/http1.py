"""HTTP/1.1 framing as bytes in, bytes out: heads, chunks, and where a body ends.

Used by the fault proxy, which has to know message boundaries to the byte and must be able to send
what no well-behaved library would. No sockets here, and no policy: header order and spelling pass
through untouched.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Protocol, Self, TypeVar
from urllib.parse import parse_qsl, urlencode

import attrs

END_OF_HEAD = b"\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"

H = TypeVar("H", bound="Head")


class MalformedError(Exception):
    """The peer does not speak HTTP/1.1."""


@attrs.frozen(kw_only=True)
class Head:
    """The header lines of a request or a reply."""

    headers: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    def without(self, *names: str) -> Self:
        """The same head less some headers, given in lower case."""
        kept = tuple(item for item in self.headers if item[0].lower() not in names)
        return attrs.evolve(self, headers=kept)

    def adding(self, name: str, value: object) -> Self:
        """The same head with one header more."""
        return attrs.evolve(self, headers=(*self.headers, (name, str(value))))

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection may carry another request afterwards."""
        return (self.get("connection") or "").lower() != "close"

    @property
    def is_chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return (self.get("transfer-encoding") or "").lower().endswith("chunked")

    @property
    def length(self) -> int | None:
        """The announced length of the body."""
        value = self.get("content-length")
        return int(value) if value is not None else None

    def _encode(self, first: str) -> bytes:
        lines = [first, *(f"{name}: {value}" for name, value in self.headers), "", ""]
        return "\r\n".join(lines).encode("latin-1")


@attrs.frozen(kw_only=True)
class Request(Head):
    """A request and its body, which is small: the API server refuses more than 3 MiB."""

    method: str
    target: str
    body: bytes = attrs.field(default=b"", repr=False)

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @functools.cached_property
    def params(self) -> dict[str, str]:
        """The query as a dictionary; of a repeated key the last value."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @property
    def is_watch(self) -> bool:
        """Whether the reply is a stream of events."""
        return self.method == "GET" and self.params.get("watch") in {"1", "true"}

    def with_body(self, body: bytes) -> "Request":
        """The same request with a body."""
        return attrs.evolve(self, body=body)

    def with_params(self, params: Mapping[str, str]) -> "Request":
        """The same request with another query."""
        query = f"?{urlencode(params)}" if params else ""
        return attrs.evolve(self, target=self.path + query)

    def encode(self) -> bytes:
        """The request as bytes, its length set to what the body has."""
        head = self.without("content-length", "transfer-encoding", "expect")
        if self.body or self.method in {"POST", "PUT", "PATCH"}:
            head = head.adding("Content-Length", len(self.body))
        return head._encode(f"{self.method} {self.target} HTTP/1.1") + self.body


@attrs.frozen(kw_only=True)
class Reply(Head):
    """The head of a reply."""

    status: int
    reason: str

    def encode(self) -> bytes:
        """The head as bytes."""
        return self._encode(f"HTTP/1.1 {self.status} {self.reason}")


def parse_request(head: bytes) -> Request:
    """Read a request's head."""
    first, headers = _parse(head)
    match first.split(" "):
        case [method, target, "HTTP/1.1" | "HTTP/1.0"]:
            return Request(method=method, target=target, headers=headers)
    raise MalformedError(f"not a request line: {first!r}")


def parse_reply(head: bytes) -> Reply:
    """Read a reply's head."""
    first, headers = _parse(head)
    version, _, rest = first.partition(" ")
    code, _, reason = rest.partition(" ")
    if not version.startswith("HTTP/1.") or not code.isdigit():
        raise MalformedError(f"not a status line: {first!r}")
    return Reply(status=int(code), reason=reason, headers=headers)


def simple_reply(status: int, headers: Iterable[tuple[str, str]] = ()) -> Reply:
    """A reply head with the usual reason phrase."""
    return Reply(status=status, reason=HTTPStatus(status).phrase, headers=tuple(headers))


def chunk(payload: bytes) -> bytes:
    """One chunk; of nothing, nothing, for an empty chunk would end the body."""
    return b"%x\r\n%b\r\n" % (len(payload), payload) if payload else b""


def _parse(head: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return first, tuple((name.strip(), value.strip()) for name, _, value in pairs)


class Body(Protocol):
    """Turns the bytes of the wire into the payload, and knows the end."""

    done: bool
    rest: bytes

    def decode(self, block: bytes) -> bytes:
        """The payload in this block; what follows the body goes to `rest`."""
        ...

    def end(self) -> bool:
        """The peer has closed: whether that is a proper end."""
        ...


def body_of(request: Request, reply: Reply) -> Body:
    """How the body of this reply is framed."""
    if request.method == "HEAD" or reply.status in {204, 304}:
        return SizedBody(0)
    if reply.is_chunked:
        return ChunkedBody()
    return OpenBody() if reply.length is None else SizedBody(reply.length)


class SizedBody:
    """A body with a Content-Length."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = length == 0
        self.rest = b""

    def decode(self, block: bytes) -> bytes:
        """See `Body`."""
        payload, self.rest = block[: self._left], block[self._left :]
        self._left -= len(payload)
        self.done = self._left == 0
        return payload

    def end(self) -> bool:
        """See `Body`."""
        return self.done


class OpenBody:
    """A body that lasts until the peer closes."""

    done = False
    rest = b""

    def decode(self, block: bytes) -> bytes:
        """See `Body`."""
        return block

    def end(self) -> bool:
        """See `Body`."""
        self.done = True
        return True


class ChunkedBody:
    """A body in chunks; trailers are dropped."""

    def __init__(self) -> None:
        self.done = False
        self.rest = b""
        self._carry = b""
        self._left = 0  # payload bytes still to come in this chunk
        self._closing = False  # between a chunk's payload and its line end
        self._trailing = False  # after the last chunk

    def decode(self, block: bytes) -> bytes:
        """See `Body`."""
        return b"".join(self._payloads(self._carry + block if self._carry else block))

    def end(self) -> bool:
        """See `Body`."""
        return self.done

    def _payloads(self, data: bytes) -> Iterator[bytes]:
        at, size = 0, len(data)
        while not self.done:
            if self._left:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                self._closing = not self._left
                yield piece
                if self._left:
                    break
            end = data.find(b"\r\n", at)
            if end < 0:
                break
            line, at = data[at:end], end + 2
            self._line(line)
        self._carry = b"" if self.done else data[at:size]
        self.rest = data[at:] if self.done else b""

    def _line(self, line: bytes) -> None:
        if self._closing:
            if line:
                raise MalformedError(f"chunk longer than announced: {line[:20]!r}")
            self._closing = False
        elif self._trailing:
            self.done = not line
        else:
            try:
                self._left = int(line.partition(b";")[0], 16)
            except ValueError as error:
                raise MalformedError(f"not a chunk size: {line[:20]!r}") from error
            self._trailing = self._left == 0
