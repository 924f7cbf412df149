"""Whose a child is: its owner's reference, and what is said when somebody else's stands there.

A name in use by another's object, a place where the owner cannot own anything, and one
child desired twice are mistakes that a person has to mend: terminal errors with the remedy. What a
deleted owner of the same name has left behind mends itself, so it is only waited for.
"""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from controller.runtime.reconcile import Postponed, TerminalError
from informers.meta.kinds import Kind
from informers.snapshot import Snapshot

ADOPT: Final = "pentad.dev/adopt"
"""The annotation by which a user gives an object away to whoever wants it as a child."""
TAKEN_SECONDS: Final = 30.0
"""When to look whether a name has become free."""
LEFTOVER_SECONDS: Final = 10.0
"""When to look again for a leftover; its deletion is seen at once anyway."""


@attrs.frozen(kw_only=True)
class Owner:
    """Whose children they are."""

    kind: Kind
    snapshot: Snapshot

    def reference(self) -> dict[str, Any]:
        """The owner reference every child gets."""
        meta = self.snapshot.meta
        return {
            "apiVersion": self.kind.api_version,
            "kind": self.kind.kind,
            "name": meta.name,
            "uid": meta.uid,
            "controller": True,
            "blockOwnerDeletion": True,
        }

    def mark(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A child with its reference to this owner."""
        metadata = {**body["metadata"], "ownerReferences": [self.reference()]}
        return {**body, "metadata": metadata}


class Taken(TerminalError):
    """A child's name is in use by an object that belongs to somebody else.

    It is no child yet, so nobody tells when it is renamed, deleted or given away.
    """

    look_again = TAKEN_SECONDS

    def __init__(self, child: str, holder: str) -> None:
        super().__init__(
            f"{child} belongs to {holder}; rename one of them or remove its owner reference",
            reason="ChildTaken",
        )


class Misplaced(TerminalError):
    """A child where its owner cannot own it: the garbage collector would delete it at once."""

    def __init__(self, child: str, owner: str) -> None:
        super().__init__(
            f"{child} cannot belong to {owner}: leave metadata.namespace away, so that it is the "
            "owner's; a cluster-scoped owner's child names one, a namespaced owner has no "
            "cluster-scoped child",
            reason="ChildMisplaced",
        )


class Doubled(TerminalError):
    """Two desired children of one owner are the same object: each would undo the other."""

    def __init__(self, child: str, owner: str) -> None:
        super().__init__(
            f"{child} is desired twice by {owner}; give each desired child a name of its own, or "
            "make one of the two",
            reason="ChildDoubled",
        )


class LeftOver(Postponed):
    """A child of a deleted owner of the same name; the garbage collector is to remove it."""

    def __init__(self, child: str, holder: str) -> None:
        super().__init__(
            f"{child} belongs to a {holder} that was deleted; it is made again once the garbage "
            "collector has removed it",
            seconds=LEFTOVER_SECONDS,
        )


class Strange(Taken):
    """A child's name is in use by an object that nobody controls and that we never applied."""

    def __init__(self, child: str, kind: Kind, name: str) -> None:
        TerminalError.__init__(
            self,
            f"{child} was there before and is not ours: rename or delete it, or let it be taken "
            f"over by `kubectl annotate {kind.plural} {name} {ADOPT}=true`",
            reason="ChildTaken",
        )


def held_by_another(owner: Owner, kind: Kind, held: Snapshot) -> Taken | LeftOver | None:
    """What keeps the owner from its child, if it is somebody else's."""
    holder, meta = held.controller, owner.snapshot.meta
    if holder is None:
        is_ours = held.claims or held.annotations.get(ADOPT) == "true"
        return None if is_ours else Strange(f"{kind.kind} {held.key}", kind, held.meta.name)
    if holder.uid == meta.uid:
        return None
    group = holder.api_version.rpartition("/")[0]
    is_predecessor = (group, holder.kind, holder.name) == (
        owner.kind.group,
        owner.kind.kind,
        meta.name,
    )
    refusal = LeftOver if is_predecessor else Taken
    return refusal(f"{kind.kind} {held.key}", f"{holder.kind} {holder.name}")
