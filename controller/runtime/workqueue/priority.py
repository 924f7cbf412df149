"""Ready keys by priority, and the ageing that keeps low ones from starving.

Inside a priority keys leave in the order in which they came to it. Between priorities the highest
goes first, with one exception: when a lower key has been ready for `AGED_AFTER` seconds, every
`AGED_TURN`-th key handed out is the oldest such key.

The bound that follows: a key with R older ready keys of lower or equal priority is handed out, at
the latest, `AGED_TURN`·(R + 1) keys after it and those R have aged, however many higher keys
arrive. The price is as bounded: higher keys lose at most one turn in `AGED_TURN`, so a flood of
fifty thousand resynced keys (k/k#74397) never delays what users do by more than an eighth. Ageing
by raising the priority itself would turn the whole flood urgent at one moment.

Priorities other than the default exist only while keys have them; the queue's hot path takes keys
from `default` directly while `is_plain`.
"""

from collections import deque
from collections.abc import Hashable, Mapping
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)

DEFAULT: Final = 0
LOW: Final = -100  # the first list and resyncs: nobody waits for these

AGED_AFTER: Final = 1.0
AGED_TURN: Final = 8

_GHOSTS_ALLOWED: Final = 64


class _Level(Generic[K]):
    """The keys of one priority.

    A key that moved to another level leaves a ghost behind: removing it from the middle would cost
    time in proportion to the level. Ghosts precede any later stay of the same key, so counting
    them per key is enough to tell which occurrences to skip.
    """

    __slots__ = ("_ghosts", "keys", "num_ghosts", "priority")

    def __init__(self, priority: int) -> None:
        self.priority = priority
        self.keys: deque[K] = deque()
        self.num_ghosts = 0
        self._ghosts: dict[K, int] = {}

    def __len__(self) -> int:
        return len(self.keys) - self.num_ghosts

    def abandon(self, key: K) -> None:
        """Turn the earliest stay of `key` that is left into a ghost."""
        self._ghosts[key] = self._ghosts.get(key, 0) + 1
        self.num_ghosts += 1
        if self.num_ghosts > len(self) + _GHOSTS_ALLOWED:
            living = [key for key in self.keys if not self._is_ghost(key)]
            self.keys.clear()
            self.keys.extend(living)

    def clear(self) -> None:
        """Drop everything, which is nothing but ghosts."""
        self.keys.clear()
        self._ghosts.clear()
        self.num_ghosts = 0

    def head(self) -> K:
        """The next key; ghosts before it vanish."""
        while self.num_ghosts and self._is_ghost(self.keys[0]):
            self.keys.popleft()
        return self.keys[0]

    def _is_ghost(self, key: K) -> bool:
        """Whether this occurrence of `key` is a ghost; if so, it has now been seen."""
        count = self._ghosts.pop(key, 0)
        if count > 1:
            self._ghosts[key] = count - 1
        self.num_ghosts -= count > 0
        return count > 0


class Backlog(Generic[K]):
    """All ready keys.

    Attributes:
        default: the keys of the default priority, free to take from while `is_plain`.
    """

    __slots__ = ("_by_priority", "_default", "_levels", "_passed_over", "default")

    def __init__(self) -> None:
        self._default: _Level[K] = _Level(DEFAULT)
        self._levels = [self._default]  # highest first; all but the default one hold keys
        self._by_priority = {DEFAULT: self._default}
        self._passed_over = 0
        self.default = self._default.keys

    def __len__(self) -> int:
        return sum(map(len, self._levels))

    @property
    def is_plain(self) -> bool:
        """Whether only the default priority has keys, and no ghosts."""
        return len(self._levels) == 1 and not self._default.num_ghosts

    @property
    def has_other_priorities(self) -> bool:
        """Whether there are keys of other priorities than the default one."""
        return len(self._levels) > 1

    def push(self, key: K, priority: int) -> None:
        """Add a key at the end of its priority."""
        level = self._by_priority.get(priority)
        if level is None:
            level = self._by_priority[priority] = _Level(priority)
            self._levels.append(level)
            self._levels.sort(key=lambda level: -level.priority)
        level.keys.append(key)

    def move(self, key: K, *, old: int, new: int) -> None:
        """Take a key to the end of another priority."""
        level = self._by_priority[old]
        level.abandon(key)
        if not len(level):
            self._drop(level)
        self.push(key, new)

    def pop(self, now: float, since: Mapping[K, float]) -> K:
        """Take the next key; `since` tells when each became ready. There must be one."""
        level = self._levels[0]
        if len(self._levels) > 1:
            level = self._choose(now, since)
        if level.num_ghosts:
            level.head()
        key = level.keys.popleft()
        if len(level.keys) == level.num_ghosts:
            self._drop(level)
        return key

    def oldest(self, since: Mapping[K, float]) -> float | None:
        """When the longest waiting of the keys next in line became ready."""
        return min((since[level.head()] for level in self._levels if level.keys), default=None)

    def depth(self) -> dict[str, int]:
        """How many keys wait above, at and below the default priority."""
        depth = {"high": 0, "default": 0, "low": 0}
        for level in self._levels:
            sign = (level.priority > DEFAULT) - (level.priority < DEFAULT)
            depth[("default", "high", "low")[sign]] += len(level)
        return depth

    def _choose(self, now: float, since: Mapping[K, float]) -> _Level[K]:
        levels = self._levels
        if not self.default:
            if len(levels) == 2:  # noqa: PLR2004 - the common case: nothing but the first list
                return levels[levels[0] is self._default]
            levels = [level for level in levels if level.keys]
        highest, *lower = levels
        oldest = min(lower, key=lambda level: since[level.head()])
        ready_since = since[oldest.head()]
        if now - ready_since < AGED_AFTER or since[highest.head()] <= ready_since:
            return highest
        self._passed_over += 1
        if self._passed_over < AGED_TURN:
            return highest
        self._passed_over = 0
        return oldest

    def _drop(self, level: _Level[K]) -> None:
        level.clear()
        if level is not self._default:
            self._levels.remove(level)
            del self._by_priority[level.priority]
