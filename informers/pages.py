"""A large list, taken apart while it arrives.

A list of 100,000 objects is hundreds of megabytes in one answer. `ListReader` hands its items out
as soon as they are complete, so that neither the body nor a second copy of it is ever held.

Where one item ends is found without a parser of our own. Items of a list begin alike, so the
first one's beginning says what to look for; whether the bytes up to there are an item, decoding
decides: no proper beginning of a JSON object is itself a JSON object, so an early hit (a nested
object that looks like an item) fails to decode and the search goes on. What the search misses is
left to the end, where the remainder is decoded as a list like any other.

An item that is JSON and makes no sense as an object is skipped, as a watch skips such an event:
one bad object must not hide all others. `skipped` has the keys, as far as they can be read.
"""

from typing import Final

import msgspec
from msgspec import Raw

from informers.errors import DecodeError
from informers.reply import LIST
from informers.skim import Skim
from informers.snapshot import Claims, Snapshot, Transform, name_of, seal

_ITEMS: Final = b'"items":['
_METADATA: Final = b'"metadata":{'
_SIGNATURE_WITHIN: Final = 400
_SIGNATURE_LEAST: Final = 12
_ANY: Final = Skim(Raw)


class ListReader:
    """Snapshots out of the chunks of a list's body."""

    def __init__(self, *, transform: Transform | None = None, claims: Claims | None = None) -> None:
        self._transform = transform
        self._claims = claims
        self._head: bytes | None = None
        self._buffer = b""
        self._searched = 0
        self._boundary = b""
        self.skipped: list[str] = []
        self.resource_version = ""
        self.continue_token = ""

    def feed(self, chunk: bytes) -> list[Snapshot]:
        """The items that `chunk` completes."""
        self._buffer += chunk
        if self._head is None and not self._find_items():
            return []
        if not self._boundary and not self._learn_boundary():
            return []
        return self._split()

    def finish(self) -> list[Snapshot]:
        """The rest of the items, at the end of the body; the list's metadata is known after it.

        Raises:
            DecodeError: If the body was cut off or is no list.
        """
        head = self._head or b""
        try:
            found = LIST.decode(head + self._buffer)
        except msgspec.DecodeError as error:
            raise DecodeError(f"the list is incomplete or no list: {error}") from error
        self._buffer = b""
        self.resource_version = found.metadata.resource_version
        self.continue_token = found.metadata.continue_
        rest: list[Snapshot] = []
        for item in found.items or ():
            self._take(bytes(item), rest)
        return rest

    def _find_items(self) -> bool:
        at = self._buffer.find(_ITEMS)
        if at < 0:
            return False
        at += len(_ITEMS)
        self._head, self._buffer = self._buffer[:at], self._buffer[at:]
        return True

    def _learn_boundary(self) -> bool:
        """Read off the first item how items begin."""
        beginning = self._buffer[:_SIGNATURE_WITHIN]
        at = beginning.find(_METADATA)
        if at >= 0:
            self._boundary = b"}," + beginning[: at + len(_METADATA)]
        elif len(beginning) == _SIGNATURE_WITHIN:
            self._boundary = b"}," + beginning[:_SIGNATURE_LEAST]
        return bool(self._boundary)

    def _split(self) -> list[Snapshot]:
        found: list[Snapshot] = []
        buffer, boundary, start, search = self._buffer, self._boundary, 0, self._searched
        while (at := buffer.find(boundary, search)) >= 0:
            search = at + 1
            if self._take(buffer[start:search], found):
                start = search = at + 2
        self._buffer = buffer[start:]
        self._searched = max(len(self._buffer) - len(boundary), 0)
        return found

    def _take(self, raw: bytes, found: list[Snapshot]) -> bool:
        """Take an item; False if these bytes are none, but perhaps the beginning of one."""
        try:
            found.append(seal(raw, transform=self._transform, claims=self._claims))
        except DecodeError:
            if not _is_json(raw):
                return False
            self.skipped.append(name_of(raw).key)
        return True


def _is_json(raw: bytes) -> bool:
    try:
        _ANY.decode(raw)
    except msgspec.DecodeError:
        return False
    return True
