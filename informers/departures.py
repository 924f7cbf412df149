"""What left a store lately, so that late news of it bring nothing back.

An object leaves when a watch tells of its deletion, or when an own write moves it out of what is
selected. News of an earlier state can come behind that: the watch is still to tell of that write,
and something between us and the server may change the order of events. They are known by their
version: whatever comes back for good, be it a successor, has a later one.

The last so many are remembered, and those besides that the watch is still to tell of.
"""

import itertools
from typing import Final, Protocol

from informers.versions import is_comparable, is_older

MOST: Final = 1000


class Reach(Protocol):
    """How far the watch of a part of the store has come."""

    def has_reached(self, version: str) -> bool:
        """Whether it has told of this version."""
        ...


class Departures(dict[str, tuple[Reach, str]]):
    """By key: from which part of the store an object left, and at which version."""

    def note(self, key: str, reach: Reach, version: str) -> None:
        """Remember that an object left; in vain where versions cannot be compared."""
        if not is_comparable(version):
            return
        if len(self) >= MOST:
            self._forget_older_half()
        before = self.pop(key, None)
        if before is not None and is_older(version, before[1]):
            version = before[1]  # this is told late itself
        self[key] = reach, version

    def is_late(self, key: str, version: str) -> bool:
        """Whether this state of an object is from before it left."""
        left = self.get(key)
        return left is not None and is_older(version, left[1])

    def settle(self, reach: Reach, version: str) -> None:
        """Forget what left that part up to a version: its complete content then is known."""
        for key, (part, left) in list(self.items()):
            if part is reach and not is_older(version, left):
                del self[key]

    def forget(self, reach: Reach) -> None:
        """Forget all that left that part."""
        for key in [key for key, (part, _) in self.items() if part is reach]:
            del self[key]

    def _forget_older_half(self) -> None:
        for key, (reach, version) in list(itertools.islice(self.items(), MOST // 2)):
            if reach.has_reached(version):
                del self[key]
