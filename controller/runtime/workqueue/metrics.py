"""The metrics of client-go's workqueue, plus three, read when Prometheus scrapes.

Nothing is counted for Prometheus on the way of a key: the collector asks each queue for its
statistics. Labels are the queue's name and one of three classes of priority, so the number of
series depends on the number of queues and on nothing else.

Register one collector per registry and add every queue to it; the caller takes care that scrapes
run on the loop's thread.
"""

from collections.abc import Iterator
from typing import Any, Final, TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from controller.runtime.workqueue.queue import WorkQueue
from controller.runtime.workqueue.statistics import Histogram, QueueStatistics

F = TypeVar("F", CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily)

PREFIX: Final = "pentad_workqueue_"

_COUNTERS: Final = {
    "adds": "Keys added; a key added again before a worker took it counts once.",
    "retries": "Delayed and rate limited adds.",
}
_GAUGES: Final = {
    "unfinished_work_seconds": "How long the keys being worked on have been, in sum.",
    "longest_running_processor_seconds": "How long the longest running worker has had its key.",
    "oldest_age_seconds": "How long the longest waiting of the next keys has been ready.",
    "delayed": "Keys that become ready later.",
    "rate_limited_keys": "Keys whose failures are remembered.",
}
_HISTOGRAMS: Final = {
    "queue_duration_seconds": "From a key's add until a worker took it.",
    "work_duration_seconds": "From a worker's taking a key until it was done.",
}


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
        return iter(_families({}))

    def collect(self) -> Iterator[Metric]:
        """Read every queue once."""
        return iter(_families({name: q.statistics() for name, q in self._queues.items()}))


def _families(queues: dict[str, QueueStatistics]) -> list[Metric]:
    depth = GaugeMetricFamily(f"{PREFIX}depth", "Ready keys.", labels=("name", "priority"))
    counters = {what: _family(CounterMetricFamily, what, _COUNTERS) for what in _COUNTERS}
    gauges = {what: _family(GaugeMetricFamily, what, _GAUGES) for what in _GAUGES}
    histograms = {what: _family(HistogramMetricFamily, what, _HISTOGRAMS) for what in _HISTOGRAMS}
    for name, statistics in queues.items():
        for priority, count in statistics.depth.items():
            depth.add_metric((name, priority), count)
        for what, value in _counts(statistics).items():
            counters[what].add_metric((name,), value)
        for what, value in _levels(statistics).items():
            gauges[what].add_metric((name,), value)
        for what, histogram in _durations(statistics).items():
            histograms[what].add_metric((name,), _cumulative(histogram), histogram.total)
    return [depth, *counters.values(), *gauges.values(), *histograms.values()]


def _family(kind: type[F], what: str, texts: dict[str, str]) -> F:
    return kind(PREFIX + what, texts[what], labels=("name",))


def _counts(statistics: QueueStatistics) -> dict[str, float]:
    return {"adds": statistics.adds, "retries": statistics.retries}


def _levels(statistics: QueueStatistics) -> dict[str, float]:
    return {
        "unfinished_work_seconds": statistics.unfinished_work_seconds,
        "longest_running_processor_seconds": statistics.longest_running_seconds,
        "oldest_age_seconds": statistics.oldest_age_seconds,
        "delayed": statistics.delayed,
        "rate_limited_keys": statistics.limited,
    }


def _durations(statistics: QueueStatistics) -> dict[str, Histogram]:
    return {
        "queue_duration_seconds": statistics.queue_duration,
        "work_duration_seconds": statistics.work_duration,
    }


def _cumulative(histogram: Histogram) -> list[tuple[str, float]]:
    buckets: list[tuple[str, float]] = []
    so_far = 0
    names = (*map(str, histogram.bounds), "+Inf")
    for bound, count in zip(names, histogram.counts, strict=True):
        so_far += count
        buckets.append((bound, so_far))
    return buckets
