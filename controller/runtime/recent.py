"""What was worked out lately, beside what it follows from.

A reconciler is called far more often than what it starts from changes: each pod that becomes ready
calls it, while spec and Secrets stay as they are. `Recent` keeps the last results of a pure
function, one for each key; a result counts for as long as what it follows from is equal. It never
holds more than its bound, so a program with any number of objects stays as large as it is.
"""

from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

T = TypeVar("T")
RECENT: Final = 2048


class Recent(Generic[T]):
    """The last results by key; those that were not asked for longest go first."""

    def __init__(self, *, bound: int = RECENT) -> None:
        self._bound = bound
        self._held: dict[str, tuple[Hashable, T]] = {}

    def __len__(self) -> int:
        return len(self._held)

    def of(self, key: str, follows_from: Hashable, make: Callable[[], T]) -> T:
        """Return the result for a key, made now unless it was made from just this before."""
        found = self._held.pop(key, None)
        if found is None or found[0] != follows_from:
            found = (follows_from, make())
            if len(self._held) >= self._bound:
                del self._held[next(iter(self._held))]
        self._held[key] = found
        return found[1]
