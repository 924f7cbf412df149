"""Objects that were decoded lately.

A cache holds bytes; whoever reads an object decodes it. A `Memo` keeps the last few results, since
mostly the same objects are read again: that an object changed while its children are looked at is
the exception. Its bound is a number of objects, so a full resync never holds all of them decoded.

`Memos` are those of one cache, and what they count: it outlives each of them, so that a counter
never goes back.
"""

from typing import Any, Final, Generic, TypeVar
from weakref import WeakSet

from informers.errors import DecodeError
from informers.meta.codec import decoder
from informers.meta.errors import UNREADABLE
from informers.snapshot import Snapshot

T = TypeVar("T")
MEMO: Final = 512


class Memos:
    """The memos of one cache, for statistics."""

    def __init__(self) -> None:
        self.hits = 0
        self.misses = 0
        self._memos: WeakSet[Memo[Any]] = WeakSet()

    def __len__(self) -> int:
        """How many decoded objects they hold."""
        return sum(map(len, self._memos))

    def add(self, memo: "Memo[Any]") -> None:
        """Count this one as well, for as long as somebody uses it."""
        self._memos.add(memo)


class Memo(Generic[T]):
    """The last few objects decoded, by key, each beside the snapshot it came from."""

    def __init__(self, type_: type[T], counts: Memos, *, bound: int = MEMO) -> None:
        self._name = type_.__name__
        self._decode = decoder(type_).decode
        self._bound = bound
        self._counts = counts
        self._held: dict[str, tuple[Snapshot, T]] = {}
        counts.add(self)

    def __len__(self) -> int:
        return len(self._held)

    def typed(self, snapshot: Snapshot) -> T:
        """The snapshot's object, decoded now or before.

        Raises:
            DecodeError: If it does not fit the type; the message has the path.
        """
        key = snapshot.key
        found = self._held.pop(key, None)
        if found is None or found[0] is not snapshot:
            self._counts.misses += 1
            found = (snapshot, self._decoded(snapshot))
            if len(self._held) >= self._bound:
                del self._held[next(iter(self._held))]
        else:
            self._counts.hits += 1
        self._held[key] = found
        return found[1]

    def _decoded(self, snapshot: Snapshot) -> T:
        try:
            return self._decode(snapshot.raw)
        except UNREADABLE as error:
            raise DecodeError(f"{self._name} {snapshot.key}: {error}") from error

    def same(self, snapshot: Snapshot) -> Snapshot | None:
        """What was decoded of the same state of this object, however little this one shows."""
        found = self._held.get(snapshot.key)
        if found is None or found[0].meta.uid != snapshot.meta.uid:
            return None
        return found[0] if found[0].resource_version == snapshot.resource_version else None
