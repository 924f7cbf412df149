"""The webhooks' figures for Prometheus, read when it scrapes."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from controller.runtime.obs.declared import counter, gauge, histogram
from controller.runtime.obs.figures import spread, told, told_once
from controller.runtime.webhook.server import AdmissionServer
from controller.runtime.webhook.statistics import BUCKETS

REQUESTS: Final = counter(
    "pentad_webhook_requests_total",
    "Admission reviews by the HTTP status of the answer; 499 is a caller that hung up.",
    "webhook",
    "code",
)
DENIED: Final = counter("pentad_webhook_denied_total", "Refusals.", "webhook")
FAILED: Final = counter(
    "pentad_webhook_failed_total",
    "Handlers that raised or took too long; the failure policy decided.",
    "webhook",
)
IN_FLIGHT: Final = gauge("pentad_webhook_in_flight", "Reviews under way.", "webhook")
SECONDS: Final = histogram("pentad_webhook_seconds", "How long answers took.", "webhook")
SHED: Final = counter("pentad_webhook_shed_total", "Requests sent away at the limit.")
CONNECTIONS: Final = gauge(
    "pentad_webhook_connections", "Connections, those included that are being made."
)
TAKEN_AWAY: Final = counter(
    "pentad_webhook_connections_taken_away_total",
    "Connections ended because there were too many.",
)
CERTIFICATES: Final = counter(
    "pentad_webhook_certificates_total", "Serving certificates put into use."
)
EXPIRES: Final = gauge(
    "pentad_webhook_certificate_expires_seconds",
    "When the serving certificate expires, in seconds since 1970.",
)
DECLARED: Final = (
    REQUESTS,
    DENIED,
    FAILED,
    IN_FLIGHT,
    SECONDS,
    SHED,
    CONNECTIONS,
    TAKEN_AWAY,
    CERTIFICATES,
    EXPIRES,
)


class WebhookCollector(Collector):
    """The figures of one admission server."""

    def __init__(self, server: AdmissionServer) -> None:
        self._server = server

    def collect(self) -> Iterator[Metric]:
        """Take one look and tell it; requests for no webhook have an empty label."""
        now = self._server.statistics()
        stats = {(name,): counts for name, counts in now.webhooks.items()}
        yield told(
            REQUESTS,
            [((*n, str(code)), c.codes[code]) for n, c in stats.items() for code in c.codes],
        )
        yield told(DENIED, [(n, c.denied) for n, c in stats.items()])
        yield told(FAILED, [(n, c.failed) for n, c in stats.items()])
        yield told(IN_FLIGHT, [(n, c.in_flight) for n, c in stats.items()])
        yield spread(SECONDS, BUCKETS, [(n, c.buckets, c.seconds) for n, c in stats.items()])
        yield told_once(SHED, now.shed)
        yield told_once(CONNECTIONS, now.connections)
        yield told_once(TAKEN_AWAY, now.taken_away)
        yield told_once(CERTIFICATES, now.certificates)
        if now.certificate_expires is not None:
            yield told_once(EXPIRES, now.certificate_expires)
