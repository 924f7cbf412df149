"""What a queue knows about itself, as numbers.

`Durations` is written on the hot path: recording is one append to a list. The sorting into buckets
happens in batches, where Python's sort finds the runs that first-in-first-out waits come in, at a
quarter of the cost of finding a bucket each time. `QueueStatistics` is what others get to see.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Final

import attrs

BOUNDS: Final = (
    *(1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
    *(1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0),
)


@attrs.frozen(kw_only=True)
class Histogram:
    """Durations in seconds: `counts[i]` of them in (bounds[i-1], bounds[i]], the last one above."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float

    @property
    def count(self) -> int:
        """How many durations there are."""
        return sum(self.counts)


@attrs.frozen(kw_only=True)
class QueueStatistics:
    """A queue at one moment.

    Attributes:
        depth: ready keys above, at and below the default priority: `high`, `default`, `low`.
        delayed: keys that become ready later.
        processing: keys that workers hold.
        limited: keys whose failures the limiter remembers.
        adds: keys that became dirty, since the queue was made; repeated adds count once.
        retries: delayed and rate limited adds asked for.
        queue_duration: from a key's add until a worker took it.
        work_duration: from there until it was done.
        unfinished_work_seconds: how long the keys held now have been held, summed up.
        longest_running_seconds: how long the first of them has been held.
        oldest_age_seconds: how long the longest waiting of the next keys has been ready.
    """

    depth: Mapping[str, int]
    delayed: int
    processing: int
    limited: int
    adds: int
    retries: int
    queue_duration: Histogram
    work_duration: Histogram
    unfinished_work_seconds: float
    longest_running_seconds: float
    oldest_age_seconds: float


class Durations:
    """A histogram that is cheap to write.

    Attributes:
        record: takes one duration; an attribute and not a method, as it is called for every key.
    """

    __slots__ = ("_batch", "_counts", "_total", "record")

    record: Callable[[float], None]

    def __init__(self) -> None:
        self._batch: list[float] = []
        self._counts = [0] * (len(BOUNDS) + 1)
        self._total = 0.0
        self.record = self._batch.append

    def fold(self, *, least: int = 1) -> None:
        """Sort the recorded durations into their buckets, if there are at least so many."""
        batch = self._batch
        if len(batch) < least:
            return
        self._total += sum(batch)
        batch.sort()
        start = 0
        for i, bound in enumerate(BOUNDS):
            end = bisect_right(batch, bound, start)
            self._counts[i] += end - start
            start = end
        self._counts[-1] += len(batch) - start
        batch.clear()

    def snapshot(self) -> Histogram:
        """The histogram of all durations recorded so far."""
        self.fold()
        return Histogram(bounds=BOUNDS, counts=tuple(self._counts), total=self._total)
