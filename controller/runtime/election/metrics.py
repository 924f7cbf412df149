"""Leader election for Prometheus, with the names client-go's users know.

Collected at scrape from `Elector.statistics()`: an election that runs costs the metrics nothing.
"""

from collections.abc import Callable, Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from controller.runtime.election.elector import ElectionStatistics

_PREFIX = "pentad_leader_election"


class ElectionCollector(Collector):
    """The figures of one election."""

    def __init__(self, statistics: Callable[[], ElectionStatistics]) -> None:
        self._statistics = statistics

    def collect(self) -> Iterable[Metric]:
        """Take one snapshot and tell it."""
        now = self._statistics()
        status = _gauge("master_status", "1 where this process leads, 0 where it stands by")
        status.add_metric([now.name], float(now.is_leader))
        yield status
        fence = _gauge("fence_remaining_seconds", "For how long writes are allowed without renewal")
        fence.add_metric([now.name], now.fence_remaining)
        yield fence
        if now.renew_age is not None:
            age = _gauge("renew_age_seconds", "Since the last successful renewal was sent")
            age.add_metric([now.name], now.renew_age)
            yield age
        yield _counter("slowpath", "Renewals that had to read the Lease first", now, now.slow_paths)
        yield _counter("request_failures", "Requests without a usable answer", now, now.failures)
        yield _counter("transitions", "Changes of hands noted in the Lease", now, now.transitions)


def _gauge(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{_PREFIX}_{name}", text, labels=["name"])


def _counter(name: str, text: str, now: ElectionStatistics, value: int) -> CounterMetricFamily:
    family = CounterMetricFamily(f"{_PREFIX}_{name}", text, labels=["name"])
    family.add_metric([now.name], value)
    return family
