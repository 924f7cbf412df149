"""A stand-in for a service of PENIN-Ω, as far as Prometheus sees it: `/metrics`, and no more.

It is no service: it tells the declared figures with numbers that a test chooses.
"""

import contextlib
from collections.abc import Iterator

import attrs
import prometheus_client as prometheus

from reconcilers.penin import exported

GATE = "bias"


@attrs.frozen
class StandIn:
    """What tells the figures, and where."""

    address: str
    gauges: dict[str, prometheus.Gauge]
    failures: prometheus.Counter
    cycles: prometheus.Histogram

    def work(self) -> None:
        """Have a cycle take a second, and something fail at a gate."""
        self.cycles.observe(1.0)
        self.failures.labels(GATE).inc()


@contextlib.contextmanager
def telling(*, alpha: float) -> Iterator[StandIn]:
    """Serve the figures on loopback until the block ends."""
    registry = prometheus.CollectorRegistry()
    made = {
        each.name: prometheus.Gauge(each.name, each.help, each.labels, registry=registry)
        for each in exported.OF_SERVICES
        if each.type == "gauge"
    }
    failures, cycles = exported.GATE_FAILURES, exported.CYCLE
    counter = prometheus.Counter(failures.name, failures.help, failures.labels, registry=registry)
    counter.labels(GATE)
    histogram = prometheus.Histogram(cycles.name, cycles.help, cycles.labels, registry=registry)
    for gauge in made.values():
        gauge.set(alpha)
    server, thread = prometheus.start_http_server(0, addr="127.0.0.1", registry=registry)
    try:
        yield StandIn(f"127.0.0.1:{server.server_port}", made, counter, histogram)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
