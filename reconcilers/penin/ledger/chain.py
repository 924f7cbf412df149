"""The ledger as a chain of bytes, and how a change of any of them is found. Pure functions.

An entry is one line of canonical JSON; its hash is the SHA-256 of exactly these bytes, and each
entry holds the hash of the one before. So whoever knows the last hash can tell whether any byte
of any entry is other than it was, and which entry it is.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import attrs
import msgspec
from msgspec import Struct

from informers.meta.errors import UNREADABLE

GENESIS: Final = "0" * 64
"""What the first entry has for the hash of the one before."""
DIGITS: Final = 8
END: Final = b"\n"

Decision = Literal[
    "rejected",
    "approved",
    "dry-run",
    "applied",
    "kept",
    "reverted",
    "superseded",
    "expired",
]


class FieldChange(Struct, frozen=True, kw_only=True, rename="camel"):
    """One field that a decision is about."""

    field: str
    before: Any = None
    after: Any = None


class Entry(Struct, frozen=True, kw_only=True, rename="camel"):
    """One decision about a cluster, and by whom it was made."""

    sequence: int
    time: str
    previous: str
    cluster: str
    decision: Decision
    proposal: str
    proposal_uid: str
    proposer: str
    by: str
    reason: str
    message: str
    fields: tuple[FieldChange, ...] = ()


_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_DECODER: Final = msgspec.json.Decoder(Entry)


class Malformed(ValueError):
    """Bytes that are not an entry as it would have been written."""


@attrs.frozen(kw_only=True)
class Head:
    """The last entry that is known to be on the volume."""

    sequence: int
    hash: str


@attrs.frozen(kw_only=True)
class Problem:
    """Something that is not as it was written, and the entry it was found at."""

    sequence: int
    message: str

    def __str__(self) -> str:
        return f"entry {self.sequence}: {self.message}"


@attrs.frozen(kw_only=True)
class Report:
    """What a look at the whole ledger came to."""

    entries: int
    head: str
    on_volume: int
    problems: Sequence[Problem]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


def written(entry: Entry) -> bytes:
    """Return the bytes of an entry, without the end of its line."""
    return _ENCODER.encode(entry)


def hash_of(raw: bytes) -> str:
    """Return what the next entry holds of these bytes."""
    return hashlib.sha256(raw).hexdigest()


def read(raw: bytes) -> Entry:
    """Read an entry.

    Raises:
        Malformed: If these are not the bytes that `written` gives for any entry.
    """
    try:
        entry = _DECODER.decode(raw)
    except UNREADABLE as error:
        raise Malformed(f"it cannot be read: {error}") from error
    if written(entry) != raw:
        raise Malformed("its bytes are not as entries are written")
    return entry


def lines(content: bytes) -> tuple[list[bytes], bytes]:
    """Return the whole lines of a volume's content, and what comes after the last of them."""
    *whole, rest = content.split(END)
    return whole, rest


def verify(
    *, objects: Mapping[int, bytes], volume: bytes | None = None, head: Head | None = None
) -> Report:
    """Compare all there is of a ledger with itself.

    Args:
        objects: The entries that are objects in the cluster, by the number in their name.
        volume: The content of the volume; None where the cluster has none.
        head: What the writer last said of the volume.
    """
    whole, rest = lines(volume or b"")
    problems = [*_chain(whole)]
    if rest:
        text = f"{len(rest)} bytes after the last whole line"
        problems.append(Problem(sequence=len(whole) + 1, message=text))
    if volume is not None and head is not None:
        problems += _agrees_with_head(whole, head)
    problems += _objects(objects, whole)
    last = max(objects.items(), default=(0, b""))
    newest = whole[-1] if len(whole) >= last[0] and whole else last[1]
    return Report(
        entries=max(len(whole), last[0]),
        head=hash_of(newest) if newest else GENESIS,
        on_volume=len(whole),
        problems=tuple(sorted(problems, key=lambda problem: problem.sequence)),
    )


def _chain(whole: Sequence[bytes]) -> Iterable[Problem]:
    """Follow the lines of a volume from the first one."""
    previous = GENESIS
    for number, raw in enumerate(whole, 1):
        yield from faults(number, raw, previous)
        previous = hash_of(raw)


def faults(number: int, raw: bytes, previous: str) -> Iterable[Problem]:
    """Return what is wrong with an entry by itself, and with what it follows."""
    try:
        entry = read(raw)
    except Malformed as error:
        yield Problem(sequence=number, message=str(error))
        return
    if entry.sequence != number:
        text = f"it says that it is entry {entry.sequence}"
        yield Problem(sequence=number, message=text)
    if entry.previous != previous:
        text = f"it follows {entry.previous[:12]}…, and the entry before is {previous[:12]}…"
        yield Problem(sequence=number, message=text)


def _agrees_with_head(whole: Sequence[bytes], head: Head) -> Iterable[Problem]:
    if head.sequence > len(whole):
        text = f"the volume ends at {len(whole)}, though its writer has written this one"
        yield Problem(sequence=head.sequence, message=text)
    elif head.sequence and hash_of(whole[head.sequence - 1]) != head.hash:
        text = f"its bytes have not the hash {head.hash[:12]}… that its writer has reported"
        yield Problem(sequence=head.sequence, message=text)


def _objects(objects: Mapping[int, bytes], whole: Sequence[bytes]) -> Iterable[Problem]:
    """Compare the objects with the volume, and follow on from its end."""
    first = min(objects, default=1)
    if first > len(whole) + 1:
        text = "it is neither on the volume nor an object"
        yield Problem(sequence=len(whole) + 1, message=text)
    previous = hash_of(whole[-1]) if whole else GENESIS
    for number in sorted(objects):
        raw = objects[number]
        if number <= len(whole):
            if raw != whole[number - 1]:
                text = "the object and the line on the volume differ"
                yield Problem(sequence=number, message=text)
            continue
        if number - 1 in objects:
            previous = hash_of(objects[number - 1])
        elif number != len(whole) + 1:
            if number != first:
                yield Problem(sequence=number - 1, message="there is no object of this number")
            continue
        yield from faults(number, raw, previous)
