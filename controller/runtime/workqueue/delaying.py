"""Keys that become ready later.

A key has at most one delay: asked for twice, the earlier moment and the higher priority win, and a
later moment changes nothing. A cancelled or overtaken moment stays in the heap as a dead entry
until it surfaces or dead entries outnumber the live ones, so memory is bounded by the keys.

This is data only. Who waits for `next_due`, and what happens to a due key, is the queue's business.
"""

import heapq
import math
from collections.abc import Hashable, Iterator
from typing import Final, Generic, TypeVar

import attrs

K = TypeVar("K", bound=Hashable)

_DEAD_ENTRIES_ALLOWED: Final = 64


@attrs.frozen
class _Delay:
    due: float
    ticket: int  # names the one heap entry that is alive
    priority: int


class DelayHeap(Generic[K]):
    """A heap of (moment, key) with one live moment per key."""

    __slots__ = ("_delays", "_heap", "_tickets")

    def __init__(self) -> None:
        self._delays: dict[K, _Delay] = {}
        self._heap: list[tuple[float, int, K]] = []  # tickets differ, so keys are never compared
        self._tickets = 0

    def __len__(self) -> int:
        return len(self._delays)

    def __iter__(self) -> Iterator[K]:
        return iter(self._delays)

    def __contains__(self, key: object) -> bool:
        return key in self._delays

    @property
    def next_due(self) -> float:
        """The earliest moment, or infinity."""
        self._bury()
        return self._heap[0][0] if self._heap else math.inf

    def put(self, key: K, *, due: float, priority: int) -> None:
        """Have `key` become due at `due` at the latest, with at least `priority`."""
        known = self._delays.get(key)
        if known is not None:
            priority = max(priority, known.priority)
            if known.due <= due:
                self._delays[key] = attrs.evolve(known, priority=priority)
                return
        self._tickets += 1
        self._delays[key] = _Delay(due, self._tickets, priority)
        heapq.heappush(self._heap, (due, self._tickets, key))
        self._compact()

    def cancel(self, key: K) -> bool:
        """Forget the delay of `key`; tell whether there was one."""
        found = self._delays.pop(key, None) is not None
        self._compact()
        return found

    def pop_due(self, now: float) -> Iterator[tuple[K, int]]:
        """Take the keys due by `now` with their priorities, in the order of their moments."""
        while self.next_due <= now:
            _, _, key = heapq.heappop(self._heap)
            yield key, self._delays.pop(key).priority

    def clear(self) -> None:
        """Drop all delays."""
        self._delays.clear()
        self._heap.clear()

    def _is_alive(self, entry: tuple[float, int, K]) -> bool:
        _, ticket, key = entry
        delay = self._delays.get(key)
        return delay is not None and delay.ticket == ticket

    def _bury(self) -> None:
        while self._heap and not self._is_alive(self._heap[0]):
            heapq.heappop(self._heap)

    def _compact(self) -> None:
        if len(self._heap) > 2 * len(self._delays) + _DEAD_ENTRIES_ALLOWED:
            self._heap = [entry for entry in self._heap if self._is_alive(entry)]
            heapq.heapify(self._heap)
