"""Objects that people asked to be left alone, by an annotation; deletion is never paused.

Their caches keep an index of them, so that a pause that somebody forgot can be told: nothing of a
paused object is repaired.
"""

from collections.abc import Iterable
from typing import Final

from informers.snapshot import Snapshot
from informers.store import Store

PAUSED: Final = "pentad.dev/paused"
_BYTES: Final = PAUSED.encode()
_YES: Final = "true"


def is_paused(snapshot: Snapshot) -> bool:
    """Whether nothing is to be done for this object."""
    if _BYTES not in snapshot.raw or snapshot.is_deleting:
        return False
    return snapshot.annotations.get(PAUSED) == _YES


def keep_paused(store: Store) -> None:
    """Have a store know its paused objects; once is enough."""
    if not store.has_index(PAUSED):
        store.add_index(PAUSED, _by_pause)


def count_paused(store: Store) -> int:
    """Return how many paused objects there are."""
    return len(store.index_keys(PAUSED, _YES))


def _by_pause(snapshot: Snapshot) -> Iterable[str]:
    return (_YES,) if is_paused(snapshot) else ()
