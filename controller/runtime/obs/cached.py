"""Figures of objects, read from the cache that a controller has anyway, when Prometheus scrapes.

Nothing is kept beside the cache but what was read of each object's present state: a deleted
object's series end with it, and a scrape reads only what changed since the last one. A standby
tells the same as the leader, since its cache is as warm.
"""

from collections.abc import Callable, Iterable
from typing import Any

from controller.runtime.obs.declared import Declared, Told
from informers.lister import Lister
from informers.snapshot import Snapshot

Labels = tuple[str, ...]
Read = tuple[tuple[Declared, Labels, float], ...]
"""What is told of one object: figure, labels beyond its namespace and name, number."""


def _nothing(_: Snapshot) -> Read:
    return ()


class CachedFigures:
    """The figures of all objects of a kind.

    Args:
        lister: Its cache.
        declared: All figures that are told, also where there is no object.
        read: What follows from an object's state alone.
        beside: What is told of it beside its state, asked for at every scrape.
    """

    def __init__(
        self,
        lister: Lister[Any],
        declared: Iterable[Declared],
        *,
        read: Callable[[Snapshot], Read],
        beside: Callable[[Snapshot], Read] = _nothing,
    ) -> None:
        self._lister = lister
        self._declared = tuple(declared)
        self._reading = read
        self._beside = beside
        self._read: dict[str, tuple[Snapshot, Read]] = {}

    def __call__(self) -> Told:
        """Read what changed, and tell all."""
        last, self._read = self._read, {}
        told: dict[Declared, list[tuple[Labels, float]]] = {each: [] for each in self._declared}
        for snapshot in self._lister.snapshots():
            held = last.get(snapshot.key)
            if held is None or held[0] is not snapshot:
                held = (snapshot, self._reading(snapshot))
            self._read[snapshot.key] = held
            which = (snapshot.meta.namespace, snapshot.meta.name)
            for declared, labels, value in (*held[1], *self._beside(snapshot)):
                told[declared].append(((*which, *labels), value))
        return told.items()
