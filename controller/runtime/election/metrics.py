"""Leader election for Prometheus, with the names client-go's users know.

Collected at scrape from `Elector.statistics()`: an election that runs costs the metrics nothing.
"""

from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from controller.runtime.election.elector import ElectionStatistics
from controller.runtime.obs.declared import counter, gauge
from controller.runtime.obs.figures import told

_PREFIX: Final = "pentad_leader_election"
STATUS: Final = gauge(
    f"{_PREFIX}_master_status", "1 where this process leads, 0 where it stands by", "name"
)
FENCE: Final = gauge(
    f"{_PREFIX}_fence_remaining_seconds", "For how long writes are allowed without renewal", "name"
)
RENEWED: Final = gauge(
    f"{_PREFIX}_renew_age_seconds", "Since the last successful renewal was sent", "name"
)
SLOW: Final = counter(
    f"{_PREFIX}_slowpath_total", "Renewals that had to read the Lease first", "name"
)
FAILURES: Final = counter(
    f"{_PREFIX}_request_failures_total", "Requests without a usable answer", "name"
)
TRANSITIONS: Final = counter(
    f"{_PREFIX}_transitions_total", "Changes of hands noted in the Lease", "name"
)
DECLARED: Final = (STATUS, FENCE, RENEWED, SLOW, FAILURES, TRANSITIONS)


class ElectionCollector(Collector):
    """The figures of one election."""

    def __init__(self, statistics: Callable[[], ElectionStatistics]) -> None:
        self._statistics = statistics

    def collect(self) -> Iterable[Metric]:
        """Take one snapshot and tell it."""
        now = self._statistics()
        label = (now.name,)
        yield told(STATUS, [(label, float(now.is_leader))])
        yield told(FENCE, [(label, now.fence_remaining)])
        if now.renew_age is not None:
            yield told(RENEWED, [(label, now.renew_age)])
        yield told(SLOW, [(label, now.slow_paths)])
        yield told(FAILURES, [(label, now.failures)])
        yield told(TRANSITIONS, [(label, now.transitions)])
