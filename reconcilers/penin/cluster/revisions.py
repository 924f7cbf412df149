"""The revisions of a cluster: what its parts were given, so that a rollout can go back.

Each is a ControllerRevision with the rendered pods and settings of all parts, so going back needs
neither the old spec nor the program version that rendered it. An operator upgrade that renders
pods differently makes a new revision, which is rolled out like any other.
"""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final

import attrs
from msgspec import Struct

from informers.errors import DecodeError
from informers.meta.codec import decoder
from informers.meta.crd import Definition
from informers.meta.errors import UNREADABLE
from informers.meta.kinds import Kind
from informers.meta.object import Resource
from informers.snapshot import Snapshot
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


_DECODER: Final = decoder(ControllerRevision)


@attrs.frozen(kw_only=True)
class Revision:
    """What all parts are given, and when that was new.

    `settings` has the hash of what each part is given, in the order of a rollout, which is all that
    a plan takes. The content itself is large and seldom needed: `load` gets it.
    """

    settings: Mapping[str, str]
    load: Callable[[], Mapping[str, Part]] = attrs.field(eq=False, repr=False)
    number: int = 0

    @functools.cached_property
    def name(self) -> str:
        """Name this content."""
        return digest(self.settings)

    @property
    def wish(self) -> Wish:
        """Return it as a rollout sees it."""
        return Wish(revision=self.name, settings=self.settings)

    def object(self, cluster: str) -> dict[str, Any]:
        """Return how it is stored."""
        stored = {
            key: {"config": part.config, "template": part.template}
            for key, part in self.load().items()
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
            "data": {"order": list(self.settings), "parts": stored},
        }

    @classmethod
    def of(cls, load: Callable[[], Mapping[str, Part]], *, number: int = 0) -> "Revision":
        """Return the revision of a content."""
        settings = {key: part.hash for key, part in load().items()}
        return cls(settings=settings, load=load, number=number)

    @classmethod
    def stored(cls, snapshot: Snapshot) -> "Revision":
        """Read a stored one; of its content only the hashes stay decoded."""
        return cls.of(functools.partial(_parts, snapshot), number=_read(snapshot).revision)


def _parts(snapshot: Snapshot) -> dict[str, Part]:
    data = _read(snapshot).data
    return {
        key: Part(config=data.parts[key].config, template=data.parts[key].template)
        for key in data.order
        if key in data.parts
    }


def _read(snapshot: Snapshot) -> ControllerRevision:
    try:
        return _DECODER.decode(snapshot.raw)
    except UNREADABLE as error:
        raise DecodeError(f"ControllerRevision {snapshot.key}: {error}") from error


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
        if place < history or each.name in names or not hashes.isdisjoint(each.settings.values())
    ]
