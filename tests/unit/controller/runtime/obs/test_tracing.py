"""Traces: a span for each reconcile, one below it for each of its requests, nothing when off."""

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from controller.app import OTLP, _tracing
from controller.config import Config
from controller.runtime.builder import Builder
from controller.runtime.obs.tracing import Tracing, exporter
from controller.runtime.reconcile import after, done
from informers.client import Client
from informers.errors import ConfigError, NotFound
from informers.meta.builtin import CONFIG_MAP
from informers.transport import Transport
from tests.kit.answers import status
from tests.kit.eventually import eventually
from tests.kit.widget.api import Widget
from tests.unit.controller.runtime.world import Nowhere, World, thing

pytestmark = pytest.mark.virtual


class Asking:
    """A reconciler that asks the server once, and then does what the test says."""

    def __init__(self, client, act):
        self._client = client
        self._act = act
        self.calls = 0

    async def reconcile(self, request):
        """Ask, and do it."""
        self.calls += 1
        await self._client.get(CONFIG_MAP, "c", namespace=request.namespace)
        return self._act()


async def spans(act, *, answer=(200, None)):
    """Return the spans of one reconcile, by name, and the reconciler."""
    world, kept = World(), InMemorySpanExporter()
    world.wire.content["widgets"] = [thing()]
    code, body = answer
    world.wire.answer = lambda _: (code, body or thing("c", version=70))
    reconciler = Asking(world.client, act)
    controller = Builder(world.runtime, "widget").for_(Widget).complete(reconciler)
    tracing = Tracing(kept)
    tracing.follow(controller)
    tracing.follow_requests(world.client)
    async with world.working(controller):
        await eventually(lambda: sum(controller.statistics.outcomes.values()), where=bool)
        await world.client.get(CONFIG_MAP, "c", namespace="ns") if code == 200 else None
    tracing.provider.force_flush()
    return {span.name: span for span in kept.get_finished_spans()}


async def test_a_reconcile_is_a_span_and_its_requests_are_below_it():
    """With what one looks for: controller, key, the id in the log, method, path and status."""
    found = await spans(done)

    assert {"reconcile widget", "GET configmaps"} == found.keys()
    above, below = found["reconcile widget"], found["GET configmaps"]
    assert above.context.span_id == below.parent.span_id
    assert above.parent is None
    assert ("widget", "ns/w") == (
        above.attributes["pentad.controller"],
        above.attributes["pentad.key"],
    )
    assert above.attributes["pentad.reconcile"]
    assert SpanKind.CLIENT == below.kind
    assert 200 == below.attributes["http.response.status_code"]
    assert "/api/v1/namespaces/ns/configmaps/c" == below.attributes["url.path"]
    assert "pentad" == above.resource.attributes["service.name"]


async def test_a_look_that_is_asked_for_is_told():
    """The span says when the object wants to be looked at again."""
    found = await spans(lambda: after(60))

    assert 60 == found["reconcile widget"].attributes["pentad.after_seconds"]


async def test_what_fails_is_marked():
    """A refusal marks its request; as the reconcile raises it, that is marked, too."""
    found = await spans(done, answer=(404, status(404, "not there")))

    failed = {name: span.status.status_code for name, span in found.items()}
    assert {"reconcile widget": StatusCode.ERROR, "GET configmaps": StatusCode.ERROR} == failed
    (event,) = found["reconcile widget"].events
    assert NotFound.__name__ in event.attributes["exception.type"]


async def test_requests_outside_of_reconciles_are_no_spans():
    """The request that the test made by itself is not among them."""
    found = await spans(done)

    assert 1 == sum(name.startswith("GET") for name in found)


@pytest.mark.parametrize("said", ["", "off"])
def test_off_is_off(said, monkeypatch):
    """Without an address there is no tracing; `off` holds against the environment."""
    for name in OTLP:
        monkeypatch.delenv(name, raising=False)
    if said:
        monkeypatch.setenv(OTLP[1], "http://127.0.0.1:9")

    assert _tracing(Config(tracing_endpoint=said)) is None


async def test_nothing_stands_in_the_way_when_it_is_off():
    """A reconciler is called and a request sent by the code that is there without tracing."""
    world = World()
    reconciler = Asking(world.client, done)
    controller = Builder(world.runtime, "widget").for_(Widget).complete(reconciler)

    assert reconciler is controller._reconciler
    assert world.wire is world.client._transport
    assert Transport is type(Client(Nowhere())._transport)


def test_nothing_is_loaded_when_it_is_off():
    """The program does not import OpenTelemetry, so its extra need not be there."""
    program = (
        "import sys; import controller.app, controller.cmd.manager; "
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )

    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.parametrize("how", ["setting", "environment"])
def test_it_is_on_when_somebody_says_where(how, monkeypatch):
    """By our setting, or by the variable that OpenTelemetry's own tools read."""
    if how == "environment":
        monkeypatch.setenv(OTLP[1], "http://127.0.0.1:9")
    said = "http://127.0.0.1:9" if how == "setting" else ""

    tracing = _tracing(Config(tracing_endpoint=said))

    assert isinstance(tracing, Tracing)
    tracing.provider.shutdown()


def test_an_extra_that_is_not_installed_is_asked_for(monkeypatch):
    """One line, with what to install or how to go without."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    with pytest.raises(ConfigError, match=r"not installed.*pentad\[otel\].*--tracing-endpoint=off"):
        exporter("http://127.0.0.1:9")
