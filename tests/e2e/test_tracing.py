"""A manager that traces sends spans of its reconciles by OTLP, to a receiver that speaks it."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.e2e.test_manager import ready
from tests.kit.builders import widget
from tests.kit.eventually import eventually


@contextlib.contextmanager
def receiving() -> Iterator[tuple[str, list]]:
    """Take spans over HTTP; give the address and the list that they come to."""
    spans = []

    class Receiver(BaseHTTPRequestHandler):
        """Takes what is sent to /v1/traces."""

        def do_POST(self):
            """Keep the spans."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert "/v1/traces" == self.path
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                spans.extend(span for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", spans
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


async def test_spans_of_reconciles_arrive(start, rest, widgets):
    """By the setting; what is left is sent when the manager ends."""
    with receiving() as (address, spans):
        manager = start(f"--tracing-endpoint={address}")
        rest.create(widgets, widget("w", children=2))
        await ready(rest, f"{widgets}/w", within=60)
        assert 0 == manager.stop()

        def below():
            ours = {span.span_id for span in spans if span.name == "reconcile widget"}
            return {span.name for span in spans if span.parent_span_id in ours}

        found = await eventually(below, where=bool)
    assert {"PATCH configmaps", "PATCH widgets.test.pentad.dev"} <= found


async def test_spans_go_where_the_environment_says(start, rest, widgets):
    """As those of any program that uses OpenTelemetry; nobody who listens costs nothing."""
    with receiving() as (address, spans):
        manager = start(OTEL_EXPORTER_OTLP_ENDPOINT=address)
        rest.create(widgets, widget("w"))
        await ready(rest, f"{widgets}/w", within=60)
        assert 0 == manager.stop()

        await eventually(lambda: any(span.name == "reconcile widget" for span in spans))


async def test_a_receiver_that_is_not_there_hinders_nothing(start, rest, widgets):
    """Objects are reconciled, and the manager ends in time."""
    with receiving() as (address, _):
        pass
    manager = start(f"--tracing-endpoint={address}")
    rest.create(widgets, widget("w"))
    await ready(rest, f"{widgets}/w", within=60)

    assert 0 == manager.stop()
