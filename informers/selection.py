"""Whether an object belongs to what an informer selects, judged without the server.

The server selects what a watch delivers; the reply of an own write comes past it, and may have
moved its object out of the selection. Label selectors are judged exactly. Field selectors name
paths of the object, and are judged by following them; a missing field counts as empty, as on the
server.
"""

from typing import Final

import msgspec
from msgspec import Raw

from informers.meta.selectors import FieldSelector, LabelSelector
from informers.reflector import Source
from informers.skim import Skim
from informers.snapshot import Snapshot


class Selection:
    """The selectors of a source, parsed once."""

    def __init__(self, source: Source) -> None:
        self._labels = LabelSelector.parse(source.label_selector)
        self._fields = FieldSelector.parse(source.field_selector)
        self._any = not source.label_selector and not source.field_selector

    def admits(self, snapshot: Snapshot) -> bool:
        """Whether the object is selected."""
        if self._any:
            return True
        if not self._labels.matches(snapshot.labels):
            return False
        if not self._fields.paths:
            return True
        found = {path: _follow(snapshot.raw, path) for path in self._fields.paths}
        return self._fields.matches(found)


_MEMBERS: Final = Skim(dict[str, Raw])
_SCALAR: Final = Skim[str | int | float | bool | None](str | int | float | bool | None)  # type: ignore[arg-type]  # a union is no type to mypy


def _follow(raw: bytes, path: str) -> str:
    """The value at a path; read step by step, since what is beside it may be nested deeply."""
    try:
        for step in path.split("."):
            raw = bytes(_MEMBERS.decode(raw)[step])
        value = _SCALAR.decode(raw)
    except (KeyError, msgspec.DecodeError):
        return ""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_part_of(source: Source, other: Source) -> bool:
    """Whether a source asks for metadata of objects that another one brings with all they hold."""
    return (
        source.metadata_only
        and not other.metadata_only
        and (source.transform, source.claims, other.transform) == (None, None, None)
        and source.kind == other.kind
        and source.label_selector == other.label_selector
        and source.field_selector == other.field_selector
    )


class _Parts(msgspec.Struct):
    metadata: Raw


_PARTS: Final = Skim(_Parts)


def as_metadata_only(raw: bytes) -> bytes:
    """An object as a metadata-only watch would have sent it."""
    metadata = _PARTS.decode(raw).metadata
    return (
        b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":'
        + bytes(metadata)
        + b"}"
    )
