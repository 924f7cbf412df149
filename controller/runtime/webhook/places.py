"""How many connections there may be, and whose goes when there is one too many.

Everybody in a cluster reaches the port, and each connection takes a file and some memory. So there
is a number of places. A newcomer too many gets that of whoever has had one longest without asking
anything, and if all have asked, that of whoever has been idle longest; one that is being answered
never has to go. A caller whose idle connection was taken, as the API server's may be, opens one.

Data only: who enters, asks and goes is for others to tell, and to act on.
"""

from collections.abc import Hashable
from typing import Final, Generic, TypeVar

G = TypeVar("G", bound=Hashable)

MOST: Final = 512
"""More than may be answered at once, so that there is always one that is not."""


class Places(Generic[G]):
    """Who has one, in the order in which they would have to go."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._silent: dict[G, None] = {}
        self._idle: dict[G, None] = {}
        self._busy: set[G] = set()
        self.taken_away = 0
        """How often somebody had to go."""

    def __len__(self) -> int:
        """How many are taken."""
        return len(self._silent) + len(self._idle) + len(self._busy)

    def enter(self, guest: G) -> G | None:
        """Give a place to a newcomer; returns who has to go for that, maybe the newcomer."""
        self._silent[guest] = None
        if len(self) <= self._most:
            return None
        leaves = next(iter(self._silent))
        if leaves is guest and self._idle:
            leaves = next(iter(self._idle))
        self.leave(leaves)
        self.taken_away += 1
        return leaves

    def ask(self, guest: G) -> None:
        """It is being answered; one that had to go meanwhile has no place by that."""
        if guest in self._silent or guest in self._idle:
            self.leave(guest)
            self._busy.add(guest)

    def rest(self, guest: G) -> None:
        """It was answered, and may ask again."""
        if guest in self._busy:
            self._busy.remove(guest)
            self._idle[guest] = None

    def leave(self, guest: G) -> None:
        """It has gone."""
        self._silent.pop(guest, None)
        self._idle.pop(guest, None)
        self._busy.discard(guest)
