"""The webhooks' figures for Prometheus, read when it scrapes."""

from collections.abc import Iterator

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from controller.runtime.obs.figures import counter, gauge, histogram
from controller.runtime.webhook.server import AdmissionServer
from controller.runtime.webhook.statistics import BUCKETS


class WebhookCollector(Collector):
    """The figures of one admission server."""

    def __init__(self, server: AdmissionServer) -> None:
        self._server = server

    def collect(self) -> Iterator[Metric]:
        """Take one look and tell it; requests for no webhook have an empty label."""
        now = self._server.statistics()
        stats = {(name,): counts for name, counts in now.webhooks.items()}
        label = ("webhook",)
        yield counter(
            "webhook_requests",
            "Admission reviews by the HTTP status of the answer; 499 is a caller that hung up.",
            ("webhook", "code"),
            [((*n, str(code)), c.codes[code]) for n, c in stats.items() for code in c.codes],
        )
        yield counter(
            "webhook_denied", "Refusals.", label, [(n, c.denied) for n, c in stats.items()]
        )
        yield counter(
            "webhook_failed",
            "Handlers that raised or took too long; the failure policy decided.",
            label,
            [(n, c.failed) for n, c in stats.items()],
        )
        yield gauge(
            "webhook_in_flight",
            "Reviews under way.",
            label,
            [(n, c.in_flight) for n, c in stats.items()],
        )
        yield histogram(
            "webhook_seconds",
            "How long answers took.",
            label,
            BUCKETS,
            [(n, c.buckets, c.seconds) for n, c in stats.items()],
        )
        yield counter("webhook_shed", "Requests sent away at the limit.", (), [((), now.shed)])
        yield gauge(
            "webhook_connections",
            "Connections, those included that are being made.",
            (),
            [((), now.connections)],
        )
        yield counter(
            "webhook_connections_taken_away",
            "Connections ended because there were too many.",
            (),
            [((), now.taken_away)],
        )
        yield from _certificate(now.certificate_expires, now.certificates)


def _certificate(expires: float | None, replacements: int) -> Iterator[Metric]:
    yield counter(
        "webhook_certificates", "Serving certificates put into use.", (), [((), replacements)]
    )
    if expires is not None:
        yield gauge(
            "webhook_certificate_expires_seconds",
            "When the serving certificate expires, in seconds since 1970.",
            (),
            [((), expires)],
        )
