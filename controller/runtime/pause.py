"""Objects that people asked to be left alone, by an annotation; deletion is never paused.

Their caches keep an index of them, so that a pause that somebody forgot can be told: nothing of a
paused object is repaired.
"""

from collections.abc import Iterable
from typing import Final, Protocol

from informers.snapshot import Snapshot
from informers.store import Store

PAUSED: Final = "pentad.dev/paused"
REASON: Final = "pentad.dev/paused-reason"
"""Says why, and by whom, in free words; it has no other effect."""
_BYTES: Final = PAUSED.encode()
_YES: Final = "true"


class PauseHook(Protocol):
    """Who tells that an object is left alone, and that it no longer is."""

    async def tell(self, snapshot: Snapshot) -> None:
        """It is; whether that was told already is for the hook to see."""
        ...

    async def clear(self, snapshot: Snapshot) -> None:
        """It is not; likewise."""
        ...


class Pauses:
    """The paused objects of one controller.

    Args:
        store: Where its objects are; without one, there is nothing to pause.
        hook: Who tells users, if anybody.
    """

    def __init__(self, store: Store | None, hook: PauseHook | None = None) -> None:
        self._store = store
        self._hook = hook
        if store is not None and not store.has_index(PAUSED):
            store.add_index(PAUSED, _by_pause)

    def __len__(self) -> int:
        """Return how many there are."""
        return 0 if self._store is None else len(self._store.index_keys(PAUSED, _YES))

    async def hold(self, key: str) -> bool:
        """Return whether nothing is to be done for an object, once its users are told so."""
        snapshot = None if self._store is None else self._store.get(key)
        if snapshot is None or not is_paused(snapshot):
            return False
        if self._hook is not None:
            await self._hook.tell(snapshot)
        return True

    async def end(self, key: str) -> None:
        """Tell users that an object is not paused, if they were told otherwise."""
        snapshot = None if self._store is None else self._store.get(key)
        if snapshot is not None and self._hook is not None:
            await self._hook.clear(snapshot)


def is_paused(snapshot: Snapshot) -> bool:
    """Whether nothing is to be done for this object."""
    if _BYTES not in snapshot.raw or snapshot.is_deleting:
        return False
    return snapshot.annotations.get(PAUSED) == _YES


def _by_pause(snapshot: Snapshot) -> Iterable[str]:
    return (_YES,) if is_paused(snapshot) else ()
