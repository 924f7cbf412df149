"""From the bytes of a watch to its events.

`Lines` puts chunks together to lines whatever the network did to their borders; `parse_event`
reads one line. Events of the API server all begin with the same few bytes, so the common case is
a slice; whatever looks different is decoded properly. A line that is no event raises
`DecodeError`: the reflector counts it and goes on, since one bad line says nothing of the next.
"""

from typing import Final, Literal

import msgspec
from msgspec import Raw, Struct

from informers.errors import DecodeError
from informers.skim import Skim

EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]
MAX_LINE: Final = 64 * 1024 * 1024
"""No object is this large; a line that is means the peer is not an API server."""

_PREFIXES: Final[tuple[tuple[bytes, EventType], ...]] = (
    (b'{"type":"MODIFIED","object":', "MODIFIED"),
    (b'{"type":"ADDED","object":', "ADDED"),
    (b'{"type":"DELETED","object":', "DELETED"),
    (b'{"type":"BOOKMARK","object":', "BOOKMARK"),
    (b'{"type":"ERROR","object":', "ERROR"),
)


class Lines:
    """Complete lines out of arbitrary chunks."""

    __slots__ = ("_pieces", "_size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` completes, in order and without line ends or empty lines."""
        lines = chunk.split(b"\n")
        rest = lines.pop()
        if not lines:
            self._keep(rest)
            return []
        if self._pieces:
            self._pieces.append(lines[0])
            lines[0] = b"".join(self._pieces)
            self._pieces.clear()
            self._size = 0
        self._keep(rest)
        return [line for line in lines if line and line != b"\r"]

    @property
    def rest(self) -> bytes:
        """What has come of a line that is not complete; at the end of a stream it was cut off."""
        return b"".join(self._pieces)

    def _keep(self, piece: bytes) -> None:
        if piece:
            self._pieces.append(piece)
            self._size += len(piece)
        if self._size > MAX_LINE:
            self._pieces.clear()
            raise DecodeError(f"a line of more than {MAX_LINE} bytes: this is not a watch stream")


class _Envelope(Struct, gc=False):
    type: str
    object: Raw


_ENVELOPE: Final = Skim(_Envelope)


def parse_event(line: bytes) -> tuple[str, bytes]:
    """The type of a watch event and its object's JSON.

    Raises:
        DecodeError: If the line is not an event.
    """
    for prefix, kind in _PREFIXES:
        if line.startswith(prefix):
            if line.endswith(b"}"):
                return kind, line[len(prefix) : -1]
            break
    try:
        envelope = _ENVELOPE.decode(line)
    except msgspec.DecodeError as error:
        raise DecodeError(f"not a watch event: {error}: {line[:200]!r}") from error
    return envelope.type, bytes(envelope.object)
