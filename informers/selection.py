"""Whether an object belongs to what an informer selects, judged without the server.

The server selects what a watch delivers; the reply of an own write comes past it, and may have
moved its object out of the selection. Label selectors are judged exactly. Field selectors name
paths of the object, and are judged by following them; a missing field counts as empty, as on the
server.
"""

from typing import Any

import msgspec

from informers.meta.selectors import FieldSelector, LabelSelector
from informers.reflector import Source
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
        tree = msgspec.json.decode(snapshot.raw)
        return self._fields.matches({path: _follow(tree, path) for path in self._fields.paths})


def _follow(tree: Any, path: str) -> str:  # noqa: ANN401 - any JSON value
    for step in path.split("."):
        tree = tree.get(step) if isinstance(tree, dict) else None
    if tree is None:
        return ""
    return str(tree).lower() if isinstance(tree, bool) else str(tree)


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
    metadata: msgspec.Raw


def as_metadata_only(raw: bytes) -> bytes:
    """An object as a metadata-only watch would have sent it."""
    metadata = msgspec.json.decode(raw, type=_Parts).metadata
    return (
        b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":'
        + bytes(metadata)
        + b"}"
    )
