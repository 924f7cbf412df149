"""Answers to "which objects have this value", kept current with every change.

An indexer is a pure function from a snapshot to its values; it reads metadata, or decodes what it
needs from the bytes. Entries are keys, so a lookup costs as much as its answer is long. An object
at which it raises has no values.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from informers.callbacks import Failed, called, nobody_told
from informers.snapshot import Snapshot

Indexer = Callable[[Snapshot], Iterable[str]]
_REMEDY: Final = "the index does not show this object: have the indexer return () for what is odd"


def by_namespace(snapshot: Snapshot) -> Iterable[str]:
    """The namespace, so that listing one does not walk all."""
    return (snapshot.meta.namespace,)


def by_owner(snapshot: Snapshot) -> Iterable[str]:
    """The uids of all owners."""
    return [owner.uid for owner in snapshot.meta.owner_references]


class Index:
    """The keys of one store by one indexer's values."""

    __slots__ = ("_failed", "_indexer", "_keys", "_name")

    def __init__(
        self,
        indexer: Indexer,
        objects: Mapping[str, Snapshot],
        failed: Failed = nobody_told,
        *,
        name: str = "",
    ) -> None:
        self._indexer = indexer
        self._failed = failed
        self._name = name or called(indexer)
        self._keys: dict[str, dict[str, None]] = {}
        for key, snapshot in objects.items():
            self._add(key, snapshot)

    def keys(self, value: str) -> Iterable[str]:
        """The keys with this value, oldest entry first."""
        return self._keys.get(value, ())

    def values(self) -> Iterable[str]:
        """All values that at least one object has."""
        return self._keys

    def move(self, key: str, old: Snapshot | None, new: Snapshot | None) -> None:
        """Follow one object from its old to its new state."""
        if old is not None:
            self._remove(key, old)
        if new is not None:
            self._add(key, new)

    def _add(self, key: str, snapshot: Snapshot) -> None:
        for value in self._values(key, snapshot) or ():
            entry = self._keys.get(value)
            if entry is None:
                entry = self._keys[value] = {}
            entry[key] = None

    def _remove(self, key: str, snapshot: Snapshot) -> None:
        values = self._values(key, snapshot)
        # One that raises now may not have raised before: no key may outlive its object.
        for value in list(self._keys) if values is None else values:
            entry = self._keys.get(value)
            if entry is None:
                continue
            entry.pop(key, None)
            if not entry:
                del self._keys[value]

    def _values(self, key: str, snapshot: Snapshot) -> Iterable[str] | None:
        """All values of an object; None when they are not known."""
        try:
            return dict.fromkeys(self._indexer(snapshot))
        except Exception as error:  # noqa: BLE001 - one odd object must not end the watch of all
            self._failed(f"index {self._name}", key, error, remedy=_REMEDY)
            return None
