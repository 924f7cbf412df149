"""HTTP/1.1 as bytes: requests rendered, answers read, and no socket in sight.

As much of it as a client of the API server and of proxies needs, and nothing that guesses: an
answer whose length is told twice differently, or whose chunks do not add up, is an error and not
somebody's data. Bodies are read by a `Body`, which is fed whatever came and returns what it means.
"""

import re
from typing import Final, Protocol

import attrs

from informers.errors import ConfigError, TransportError

LONGEST_HEAD: Final = 64 * 1024
LONGEST_SIZE_LINE: Final = 4096
END: Final = b"\r\n\r\n"
LONGEST_LENGTH: Final = 18
"""Digits; a quintillion bytes are nobody's answer, and counting further costs time."""
NO_BODY: Final = frozenset({204, 304})
SUCCESS: Final = range(200, 300)
INTERIM: Final = range(100, 200)
SWITCHING: Final = 101

_STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: |\r\n|$)")
_FIELDS: Final = re.compile(
    rb"\r\n(content-length|transfer-encoding|connection|retry-after|warning)"
    rb"[ \t]*:[ \t]*([^\r\n]*)",
    re.IGNORECASE,
)
_SIZE: Final = re.compile(rb"([0-9a-fA-F]{1,16})[ \t]*(?:;[^\r\n]*)?")


class Malformed(TransportError):
    """What came is no HTTP/1.1 answer."""


@attrs.frozen(kw_only=True)
class Head:
    """What an answer's head says, as far as it matters here."""

    code: int
    length: int | None = None
    is_chunked: bool = False
    keeps_alive: bool = True
    retry_after: str = ""
    warnings: tuple[str, ...] = ()


def parse_head(raw: bytes) -> Head:
    """Read a head; `raw` ends before the empty line."""
    status = _STATUS.match(raw)
    if status is None:
        raise Malformed(f"no HTTP answer: {raw[:80]!r}")
    if not _is_in_lines(raw):
        raise Malformed("an answer whose head has broken lines")
    length: int | None = None
    chunked, retry_after = False, ""
    options: set[bytes] = set()
    warnings: tuple[str, ...] = ()
    for name, value in _FIELDS.findall(raw):
        said = value.strip().lower()
        match name.lower():
            case b"content-length":
                length = _length(said, before=length)
            case b"transfer-encoding":
                if said != b"chunked":
                    raise Malformed(f"an answer in the encoding {said!r}")
                chunked = True
            case b"connection":
                options.update(option.strip() for option in said.split(b","))
            case b"retry-after":
                retry_after = value.decode("latin-1").strip()
            case _:
                warnings += (value.decode("utf-8", "replace"),)
    is_new = status[1] == b"1"
    # Who tells a length twice, or sends chunks to those who know none, may have been misled: what
    # it says is read, and its connection not used again (RFC 9112, section 6.1).
    is_clear = not chunked or (is_new and length is None)
    alive = is_clear and b"close" not in options and (is_new or b"keep-alive" in options)
    return Head(
        code=int(status[2]),
        length=length,
        is_chunked=chunked,
        keeps_alive=alive,
        retry_after=retry_after,
        warnings=warnings,
    )


def _is_in_lines(raw: bytes) -> bool:
    """Whether all read the same lines: none ends in half, none goes on in the next."""
    ends = raw.count(b"\r\n")
    return (
        ends == raw.count(b"\n") == raw.count(b"\r")
        and b"\r\n " not in raw
        and b"\r\n\t" not in raw
    )


def _length(said: bytes, *, before: int | None) -> int:
    length = int(said) if said.isdigit() and len(said) <= LONGEST_LENGTH else -1
    if length < 0 or before not in (None, length):
        raise Malformed(f"an answer of the length {said!r}")
    return length


class Body(Protocol):
    """Reads one answer's body."""

    is_complete: bool
    has_surplus: bool
    """Whether more came than belongs to it: then the connection is good for nothing."""

    def feed(self, data: bytes) -> bytes:
        """The content in what came."""
        ...

    def end(self) -> None:
        """The peer will send no more.

        Raises:
            TransportError: If it had to.
        """
        ...


def body_of(head: Head) -> Body:
    """How the body after a head is to be read."""
    if head.code in NO_BODY:
        return Counted(0)
    if head.is_chunked:
        return Chunked()
    return Open() if head.length is None else Counted(head.length)


class Counted:
    """As many bytes as the head has said."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.is_complete = length == 0
        self.has_surplus = False

    def feed(self, data: bytes) -> bytes:
        """What belongs to it."""
        size = len(data)
        if size > self._left:
            self.has_surplus = True
            data, size = data[: self._left], self._left
        self._left -= size
        self.is_complete = self._left == 0
        return data

    def end(self) -> None:
        """Nothing may be missing."""
        if self._left:
            raise TransportError(f"the answer ended {self._left} bytes early")


class Open:
    """Whatever comes until the peer closes."""

    def __init__(self) -> None:
        self.is_complete = False
        self.has_surplus = False

    def feed(self, data: bytes) -> bytes:
        """All of it."""
        return data

    def end(self) -> None:
        """That was it."""
        self.is_complete = True


class Chunked:
    """Chunks, each with its size before it; the empty one is the last."""

    def __init__(self) -> None:
        self._left = 0
        self._held = b""
        self._in_trailer = False
        self.is_complete = False
        self.has_surplus = False

    def feed(self, data: bytes) -> bytes:
        """The content of the chunks, and of the one under way as far as it came."""
        if self._held:
            data, self._held = self._held + data, b""
        found: list[bytes] = []
        at, end = 0, len(data)
        while at < end and not self.is_complete:
            if self._left:
                at = self._payload(data, at, found)
                continue
            line_end = data.find(b"\r\n", at)
            if line_end < 0:
                self._hold(data[at:])
                return b"".join(found)
            if self._in_trailer:
                self.is_complete = line_end == at
            else:
                self._begin(data[at:line_end])
            at = line_end + 2
        self.has_surplus = at < end
        return found[0] if len(found) == 1 else b"".join(found)

    def end(self) -> None:
        """The last chunk has to have been there."""
        if not self.is_complete:
            raise TransportError("the answer ended in the middle")

    def _payload(self, data: bytes, at: int, found: list[bytes]) -> int:
        """Take the chunk under way, whose last two bytes are a line end; where it goes on."""
        stop, end = at + self._left, len(data)
        content = max(at, min(stop - 2, end))
        if content > at:
            found.append(data[at:content])
        line_end = b"\r\n" if self._left > 1 else b"\n"
        self._left = max(0, stop - end)
        stop = min(stop, end)
        if not line_end.startswith(data[content:stop]):
            raise Malformed("a chunk is longer than its size")
        return stop

    def _begin(self, line: bytes) -> None:
        """The size of the next chunk, whose line end counts with it."""
        said = _SIZE.fullmatch(line)
        if said is None:
            raise Malformed(f"a chunk of the size {line[:20]!r}")
        size = int(said[1], 16)
        self._in_trailer = size == 0
        self._left = size + 2 if size else 0

    def _hold(self, rest: bytes) -> None:
        if len(rest) > LONGEST_SIZE_LINE:
            raise Malformed("a chunk without a size")
        self._held = rest


def request_line(method: str, target: str) -> str:
    """The first line; a target that is not one printable word could be read as another request.

    Raises:
        ValueError: If it is not.
    """
    if not target.isascii() or not target.isprintable() or " " in target:
        raise ValueError(f"{method} {target!r}: no name of an object holds such characters")
    return f"{method} {target} HTTP/1.1\r\n"


def field(name: str, value: str) -> str:
    """One header line.

    Raises:
        ConfigError: If the value would begin another.
    """
    if "\r" in value or "\n" in value or "\0" in value:
        raise ConfigError(
            f"the header {name} holds a line break",
            remedy="look for one in the token, user or proxy login it is made of",
        )
    return f"{name}: {value}\r\n"
