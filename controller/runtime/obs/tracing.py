"""Traces, for those who ask for them: a span for each reconcile, and below it one for each request.

Reconcilers and the client are wrapped when a manager is wired that traces; otherwise nothing of
this is loaded and nothing stands in the way of a reconcile. Spans are sent by a thread of
OpenTelemetry's own, from a queue of 2,048 that drops what a slow receiver has no time for.

Requests that no reconcile makes (lists, watches, the election) are not traced: they have figures.
"""

import asyncio
import contextlib
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final

from controller.runtime.controller import Controller
from controller.runtime.obs.reconcileid import reconcile_id
from controller.runtime.reconcile import Reconciler, Result
from controller.runtime.reconcile import Request as Reconciled
from informers.client import Client
from informers.errors import ConfigError
from informers.request import Request
from informers.transport import Carrier, Response, Stream

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

NAME: Final = "pentad"
SEND_SECONDS: Final = 5.0
REFUSALS: Final = 400


def exporter(said: str) -> "SpanExporter":
    """Return what sends spans to this address, or to that of OpenTelemetry's own variables.

    Raises:
        ConfigError: If the packages for that are not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - an extra
            OTLPSpanExporter,
        )
    except ImportError as error:
        raise ConfigError(
            f"traces are asked for, and {error.name} is not installed",
            remedy="install the extra `otel` (pip install 'pentad[otel]'), "
            "or say --tracing-endpoint=off",
        ) from error
    address = f"{said.rstrip('/')}/v1/traces" if said else None
    return OTLPSpanExporter(endpoint=address, timeout=SEND_SECONDS)


class Tracing:
    """Makes spans of what it was told to follow, and sends them; one of the manager's servers."""

    def __init__(self, sender: "SpanExporter") -> None:
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - an extra

        found = Resource.create({"service.name": NAME})
        self.provider: TracerProvider = TracerProvider(resource=found, shutdown_on_exit=False)
        self.provider.add_span_processor(BatchSpanProcessor(sender))
        self._tracer = self.provider.get_tracer(NAME)

    def follow(self, controller: Controller) -> None:
        """Make a span of each of its reconciles."""
        controller.wrap(lambda inner: TracedReconciler(inner, controller.name, self._tracer))

    def follow_requests(self, client: Client) -> None:
        """Make a span of each request that a reconcile makes."""
        client.wrap(lambda inner: TracedCarrier(inner, self._tracer))

    async def start(self) -> None:
        """Nothing has to be begun: the first span is sent when there is one."""

    async def stop(self, *, limit: float = SEND_SECONDS) -> None:
        """Send what is left, as far as that can be done within so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(limit, SEND_SECONDS)):
                await asyncio.to_thread(self.provider.shutdown)


class TracedReconciler:
    """A reconciler whose every call is a span; one that raises is marked as failed."""

    def __init__(self, inner: Reconciler, controller: str, tracer: "Tracer") -> None:
        self._inner = inner
        self._controller = controller
        self._tracer = tracer

    async def reconcile(self, request: Reconciled) -> Result:
        """Do what the reconciler does."""
        said = {
            "pentad.controller": self._controller,
            "pentad.key": request.key,
            "pentad.reconcile": reconcile_id(),
        }
        name = f"reconcile {self._controller}"
        with self._tracer.start_as_current_span(name, attributes=said) as span:
            result = await self._inner.reconcile(request)
            if result.after is not None:
                span.set_attribute("pentad.after_seconds", result.after)
            return result


class TracedCarrier:
    """A way to the server on which each request of a reconcile is a span below its own."""

    def __init__(self, inner: Carrier, tracer: "Tracer") -> None:
        from opentelemetry import trace  # noqa: PLC0415 - an extra

        self._inner = inner
        self._tracer = tracer
        self._trace = trace

    async def send(self, request: Request, *, timeout: float) -> Response:
        """Send it; an answer that refuses, and none, are marked as failed."""
        trace = self._trace
        if not trace.get_current_span().is_recording():
            return await self._inner.send(request, timeout=timeout)
        kind = request.kind.resource if request.kind else request.path
        with self._tracer.start_as_current_span(
            f"{request.method} {kind}",
            kind=trace.SpanKind.CLIENT,
            attributes={"http.request.method": request.method, "url.path": request.path},
        ) as span:
            response = await self._inner.send(request, timeout=timeout)
            span.set_attribute("http.response.status_code", response.code)
            if response.code >= REFUSALS:
                span.set_status(trace.StatusCode.ERROR)
            return response

    def stream(self, request: Request, *, timeout: float) -> AbstractAsyncContextManager[Stream]:
        """Watch, which is no request of a reconcile."""
        return self._inner.stream(request, timeout=timeout)

    async def close(self) -> None:
        """Close all connections."""
        await self._inner.close()
