"""One object as the command line sees it: which it is, who owns it, what its conditions say."""

import datetime as dt
from collections.abc import Sequence
from typing import Final, Self

import attrs

from controller.cli.reading import Body, fields, listed, moment, number, text, words
from informers.meta.codec import decode
from informers.meta.errors import DecodeError
from informers.meta.kinds import Kind
from informers.snapshot import Snapshot

GROUPS: Final = frozenset({"penin.ai", "vertice.io", "genops.ai", "omnitide.io", "aegis.io"})
"""The groups of Pentad's own kinds."""
PAUSED: Final = "pentad.dev/paused"
"""The annotation by which people ask a controller to leave an object alone."""

_GOOD_WHEN_FALSE: Final = frozenset(
    {
        "Degraded",
        "Stalled",
        "Reconciling",
        "ReplicaFailure",
        "Failed",
        "ScalingLimited",
        "ScaledToZero",
    }
)


@attrs.frozen
class Said:
    """A condition, ours or anybody's."""

    type: str
    status: str
    reason: str
    message: str
    since: dt.datetime | None

    @property
    def is_good(self) -> bool:
        """Whether it says what one likes to hear."""
        return self.status == ("False" if self.type in _GOOD_WHEN_FALSE else "True")

    @property
    def why(self) -> str:
        """Return reason and message as one text."""
        return ": ".join(part for part in (self.reason, self.message) if part)


@attrs.frozen(kw_only=True, eq=False)
class Thing:
    """An object of any kind; `body` is all that the server sent of it."""

    kind: Kind
    body: Body = attrs.field(repr=False)

    @classmethod
    def of(cls, kind: Kind, snapshot: Snapshot) -> Self:
        """Decode an object that was read; of one that is nested too deeply, its name is left."""
        try:
            return cls(kind=kind, body=decode(snapshot.raw, dict))
        except DecodeError:
            meta = snapshot.meta
            bare = {"name": meta.name, "namespace": meta.namespace, "uid": meta.uid}
            return cls(kind=kind, body={"metadata": bare})

    @property
    def name(self) -> str:
        """Return its name."""
        return text(self.body, "metadata", "name")

    @property
    def namespace(self) -> str:
        """Return its namespace; empty if it is in none."""
        return text(self.body, "metadata", "namespace")

    @property
    def title(self) -> str:
        """Return what it is called in sentences and trees."""
        return f"{self.kind.kind}/{self.name}"

    @property
    def uid(self) -> str:
        """Return what tells it from one of the same name before or after."""
        return text(self.body, "metadata", "uid")

    @property
    def created(self) -> dt.datetime | None:
        """Return since when it is there."""
        return moment(self.body, "metadata", "creationTimestamp")

    @property
    def generation(self) -> int:
        """Return how often its spec was changed; 0 if nobody counts."""
        return number(self.body, "metadata", "generation")

    @property
    def observed_generation(self) -> int | None:
        """Return the generation that its controller has seen last, if it tells."""
        seen = number(self.body, "status", "observedGeneration", default=-1)
        return None if seen < 0 else seen

    @property
    def is_unseen(self) -> bool:
        """Whether its controller has not told of the newest change yet."""
        seen = self.observed_generation
        return seen is not None and seen < self.generation

    @property
    def deleting_since(self) -> dt.datetime | None:
        """Return since when somebody wants it gone."""
        return moment(self.body, "metadata", "deletionTimestamp")

    @property
    def finalizers(self) -> Sequence[str]:
        """Return what has to happen before it can go."""
        return words(self.body, "metadata", "finalizers")

    @property
    def is_paused(self) -> bool:
        """Whether people asked its controller to leave it alone."""
        return text(fields(self.body, "metadata", "annotations"), PAUSED) == "true"

    @property
    def pause(self) -> Said | None:
        """Return what its controller says of the pause that people asked for, once it does."""
        said = self.condition("Paused")
        return said if said and said.status == "True" and self.is_paused else None

    @property
    def is_held(self) -> bool:
        """Whether the pause is why its newest change was not seen; deletion is not paused."""
        return self.is_unseen and self.pause is not None and self.deleting_since is None

    @property
    def phase(self) -> str:
        """Return the phase in its status."""
        return text(self.body, "status", "phase")

    @property
    def conditions(self) -> Sequence[Said]:
        """Return the conditions in its status that are of the usual form."""
        return [
            Said(
                type=text(each, "type"),
                status=text(each, "status"),
                reason=text(each, "reason"),
                message=text(each, "message"),
                since=moment(each, "lastTransitionTime"),
            )
            for each in listed(self.body, "status", "conditions")
            if text(each, "type")
        ]

    def condition(self, kind: str) -> Said | None:
        """Return the condition of a type."""
        return next((each for each in self.conditions if each.type == kind), None)

    def is_said(self, kind: str, status: str = "True") -> bool:
        """Whether there is such a condition, with that status."""
        found = self.condition(kind)
        return found is not None and found.status == status
