"""The revisions of a cluster: what its parts were given, so that a rollout can go back.

Each is a ControllerRevision with the rendered pods and settings of all parts, so going back needs
neither the old spec nor the program version that rendered it. An operator upgrade that renders
pods differently makes a new revision, which is rolled out like any other.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

import attrs
from msgspec import Struct

from informers.meta.crd import Definition
from informers.meta.kinds import Kind
from informers.meta.object import Resource
from reconcilers.penin.cluster.desired import REVISION, Part, digest, labels
from reconcilers.penin.cluster.rollout import Wish

CONTROLLER_REVISION: Final = Kind("apps", "v1", "ControllerRevision", "controllerrevisions")


class StoredPart(Struct, frozen=True, kw_only=True, rename="camel"):
    """What one part was given."""

    config: str
    template: dict[str, Any]


class Data(Struct, frozen=True, kw_only=True, rename="camel"):
    """The content of a revision; parts in the order of a rollout."""

    order: tuple[str, ...] = ()
    parts: dict[str, StoredPart] = {}


class ControllerRevision(Resource, frozen=True, kw_only=True, rename="camel"):
    """One revision of a cluster."""

    definition: ClassVar[Definition] = Definition(kind=CONTROLLER_REVISION)

    revision: int = 0
    data: Data = Data()


@attrs.frozen(kw_only=True)
class Revision:
    """What all parts are given, and when that was new."""

    parts: Mapping[str, Part]
    number: int = 0

    @functools.cached_property
    def name(self) -> str:
        """Name this content."""
        return digest({key: part.hash for key, part in self.parts.items()})

    @property
    def wish(self) -> Wish:
        """Return it as a rollout sees it."""
        return Wish(
            revision=self.name, settings={key: part.hash for key, part in self.parts.items()}
        )

    def object(self, cluster: str) -> dict[str, Any]:
        """Return how it is stored."""
        stored = {
            key: {"config": part.config, "template": part.template}
            for key, part in self.parts.items()
        }
        return {
            "apiVersion": CONTROLLER_REVISION.api_version,
            "kind": CONTROLLER_REVISION.kind,
            "metadata": {
                "name": f"{cluster}-{self.name}",
                "labels": labels(cluster),
                "annotations": {REVISION: self.name},
            },
            "revision": self.number,
            "data": {"order": list(self.parts), "parts": stored},
        }

    @classmethod
    def of(cls, stored: ControllerRevision) -> "Revision":
        """Read a stored one."""
        parts = stored.data.parts
        return cls(
            number=stored.revision,
            parts={
                key: Part(config=parts[key].config, template=parts[key].template)
                for key in stored.data.order
                if key in parts
            },
        )


def kept(
    revisions: Iterable[Revision], *, needed: Iterable[str], settings: Iterable[str], history: int
) -> Sequence[Revision]:
    """Return the revisions to keep, newest first.

    Those that are needed by name, those that a part still has settings of, and the newest ones.
    """
    names, hashes = frozenset(needed), frozenset(settings)
    newest = sorted(revisions, key=lambda each: each.number, reverse=True)
    return [
        each
        for place, each in enumerate(newest)
        if place < history
        or each.name in names
        or not hashes.isdisjoint(part.hash for part in each.parts.values())
    ]


def part_by_hash(revisions: Iterable[Revision], key: str, hash_: str) -> Part | None:
    """Find what a part was given by its hash."""
    for revision in revisions:
        part = revision.parts.get(key)
        if part is not None and part.hash == hash_:
            return part
    return None
