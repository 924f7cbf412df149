"""What says by its labels that it belongs to a cluster, found without looking through all others.

A namespace may hold hundreds of clusters: a list with a selector would look at each object of each
of them, at every reconcile.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Generic, TypeVar

from informers.lister import Lister
from informers.meta.object import Resource
from informers.snapshot import EMPTY, Snapshot

T = TypeVar("T", bound=Resource)
_INDEX: Final = "penin-cluster"


def clusters_of(snapshot: Snapshot) -> Iterable[str]:
    """Return the key of the cluster that an object says it belongs to."""
    cluster = snapshot.labels.get("cluster")
    return (f"{snapshot.meta.namespace}/{cluster}",) if cluster else ()


class Labelled(Generic[T]):
    """The objects of one kind by the cluster that their labels name."""

    def __init__(self, lister: Lister[T]) -> None:
        self._store = lister.informer.store
        self._memo = lister.memo
        if not self._store.has_index(_INDEX):
            self._store.add_index(_INDEX, clusters_of)

    def of(self, cluster: str, labels: Mapping[str, str] = EMPTY) -> Sequence[T]:
        """Return those of the cluster with this key that have these labels, among others."""
        return [
            self._memo.typed(found)
            for found in self._store.by_index(_INDEX, cluster)
            if labels.items() <= found.labels.items()
        ]

    def owned_by(self, cluster: Snapshot) -> Sequence[Snapshot]:
        """Return those that belong to the cluster, undecoded: anybody's object may have a label."""
        return [
            found
            for found in self._store.by_index(_INDEX, cluster.key)
            if found.controller is not None and found.controller.uid == cluster.meta.uid
        ]
