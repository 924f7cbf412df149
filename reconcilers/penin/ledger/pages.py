"""What a ledger-writer answers over HTTP: its file, its figures, and whether all is well.

| Path | Answer |
|---|---|
| `/ledger?offset=N` | what is on the disk from that byte on, at most 1 MiB; nothing at its end |
| `/health` | ok, or 503 and what keeps entries from being written |
| `/livez` | ok while it answers |
| `/metrics` | figures for Prometheus |
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from controller.runtime.obs.answer import Answer, Ask, say
from reconcilers.penin.exported import (
    LEDGER_APPENDED,
    LEDGER_BLOCKED,
    LEDGER_BYTES,
    LEDGER_SEQUENCE,
)
from reconcilers.penin.ledger.writer import Writer

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

CONTENT: Final = "application/x-ndjson"


class Pages:
    """Answers for one writer, from other threads than the one it works in."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def answer(self, ask: Ask) -> Answer:
        """Answer one request."""
        page = {
            "/ledger": self._ledger,
            "/health": self._health,
            "/livez": self._live,
            "/metrics": self._metrics,
        }.get(ask.path)
        return (
            say("not found: ask /ledger, /health or /metrics", code=404)
            if page is None
            else page(ask)
        )

    def _ledger(self, ask: Ask) -> Answer:
        said = ask.query.get("offset", "0")
        if not said.isdecimal():
            return say("offset is a number of bytes", code=400)
        try:
            body = self._writer.volume.slice(int(said))
        except OSError as error:
            return say(f"the volume cannot be read: {error}", code=503)
        return Answer(body=body, content_type=CONTENT)

    def _health(self, ask: Ask) -> Answer:
        del ask
        problem = self._writer.problem
        return say(problem, code=503) if problem else say("ok")

    def _live(self, ask: Ask) -> Answer:
        del ask
        return say("ok")

    def _metrics(self, ask: Ask) -> Answer:
        from prometheus_client.exposition import (  # noqa: PLC0415 - only who scrapes pays for it
            choose_encoder,
        )

        encode, content_type = choose_encoder(ask.headers.get("accept", ""))
        return Answer(body=encode(self), content_type=content_type)

    def collect(self) -> "Iterable[Metric]":
        """Return the figures."""
        from prometheus_client.core import (  # noqa: PLC0415 - as above
            CounterMetricFamily,
            GaugeMetricFamily,
        )

        writer = self._writer
        for told, value in (
            (LEDGER_SEQUENCE, writer.volume.sequence),
            (LEDGER_BYTES, writer.volume.size),
            (LEDGER_BLOCKED, bool(writer.problem)),
        ):
            yield GaugeMetricFamily(told.name, told.help, value=float(value))
        name, what = LEDGER_APPENDED.name.removesuffix("_total"), LEDGER_APPENDED.help
        yield CounterMetricFamily(name, what, value=writer.appended)
