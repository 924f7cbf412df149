"""The metrics of client-go's workqueue, plus three, read when Prometheus scrapes.

Nothing is counted for Prometheus on the way of a key: the collector asks each queue for its
statistics. Labels are the queue's name and one of three classes of priority, so the number of
series depends on the number of queues and on nothing else.

Register one collector per registry and add every queue to it; the caller takes care that scrapes
run on the loop's thread.
"""

from collections.abc import Iterator
from typing import Any, Final

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from controller.runtime.obs.declared import Declared, counter, gauge, histogram
from controller.runtime.obs.figures import spread, told
from controller.runtime.workqueue.queue import WorkQueue
from controller.runtime.workqueue.statistics import Histogram, QueueStatistics

PREFIX: Final = "pentad_workqueue_"
DEPTH: Final = gauge(f"{PREFIX}depth", "Ready keys.", "name", "priority")
ADDS: Final = counter(
    f"{PREFIX}adds_total",
    "Keys added; a key added again before a worker took it counts once.",
    "name",
)
RETRIES: Final = counter(f"{PREFIX}retries_total", "Delayed and rate limited adds.", "name")
UNFINISHED: Final = gauge(
    f"{PREFIX}unfinished_work_seconds",
    "How long the keys being worked on have been, in sum.",
    "name",
)
LONGEST_RUNNING: Final = gauge(
    f"{PREFIX}longest_running_processor_seconds",
    "How long the longest running worker has had its key.",
    "name",
)
OLDEST_AGE: Final = gauge(
    f"{PREFIX}oldest_age_seconds",
    "How long the longest waiting of the next keys has been ready.",
    "name",
)
DELAYED: Final = gauge(f"{PREFIX}delayed", "Keys that become ready later.", "name")
LIMITED: Final = gauge(f"{PREFIX}rate_limited_keys", "Keys whose failures are remembered.", "name")
QUEUED: Final = histogram(
    f"{PREFIX}queue_duration_seconds", "From a key's add until a worker took it.", "name"
)
WORKED: Final = histogram(
    f"{PREFIX}work_duration_seconds",
    "From a worker's taking a key until it was done.",
    "name",
)
DECLARED: Final = (
    DEPTH,
    ADDS,
    RETRIES,
    UNFINISHED,
    LONGEST_RUNNING,
    OLDEST_AGE,
    DELAYED,
    LIMITED,
    QUEUED,
    WORKED,
)


class WorkQueueCollector(Collector):
    """Turns the statistics of queues into metric families."""

    def __init__(self) -> None:
        self._queues: dict[str, WorkQueue[Any]] = {}

    def add(self, queue: WorkQueue[Any]) -> None:
        """Tell the metrics of `queue` from now on."""
        if queue.name in self._queues:
            raise ValueError(f"two queues are named {queue.name!r}: metrics need one name each")
        self._queues[queue.name] = queue

    def remove(self, queue: WorkQueue[Any]) -> None:
        """Stop telling the metrics of `queue`."""
        del self._queues[queue.name]

    def describe(self) -> Iterator[Metric]:
        """Name the families without reading a queue."""
        return _families({})

    def collect(self) -> Iterator[Metric]:
        """Read every queue once."""
        return _families({name: q.statistics() for name, q in self._queues.items()})


def _families(queues: dict[str, QueueStatistics]) -> Iterator[Metric]:
    found = {(name,): statistics for name, statistics in queues.items()}
    yield told(DEPTH, [((*n, p), count) for n, s in found.items() for p, count in s.depth.items()])
    yield told(ADDS, [(n, s.adds) for n, s in found.items()])
    yield told(RETRIES, [(n, s.retries) for n, s in found.items()])
    yield told(UNFINISHED, [(n, s.unfinished_work_seconds) for n, s in found.items()])
    yield told(LONGEST_RUNNING, [(n, s.longest_running_seconds) for n, s in found.items()])
    yield told(OLDEST_AGE, [(n, s.oldest_age_seconds) for n, s in found.items()])
    yield told(DELAYED, [(n, s.delayed) for n, s in found.items()])
    yield told(LIMITED, [(n, s.limited) for n, s in found.items()])
    for declared, histograms in (
        (QUEUED, {n: s.queue_duration for n, s in found.items()}),
        (WORKED, {n: s.work_duration for n, s in found.items()}),
    ):
        yield from _spread(declared, histograms)


def _spread(declared: Declared, found: dict[tuple[str], Histogram]) -> Iterator[Metric]:
    """Tell histograms, which of one figure all have the same bounds."""
    bounds = next((h.bounds for h in found.values()), ())
    yield spread(declared, bounds, [(n, h.counts, h.total) for n, h in found.items()])
