"""Probes, metrics and debug pages of a manager on a real cluster."""

import socket
import threading
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from controller.runtime.obs.answer import say
from controller.runtime.obs.listener import PLACES, Listener
from informers.errors import ConfigError
from tests.integration.obs_world import ask, get, observed
from tests.kit.crds import install_crds
from tests.kit.eventually import eventually
from tests.kit.leaks import no_leaks
from tests.kit.widget.api import Widget

CRD = Path(__file__).parents[1] / "kit/widget/manifests/crd/widgets.test.pentad.dev.yaml"
DENIED = {"apiVersion": "test.pentad.dev/v1alpha1", "kind": "Widget"}


@pytest.fixture
def widgets(kubectl, namespace):
    """Return the path of the namespace's Widgets, served by the cluster."""
    install_crds(kubectl, CRD)
    return Widget.definition.kind.path(namespace)


def block(seconds):
    """Hold the event loop, as a bug would."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def figures(text):
    """Return the samples by name and labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.usefixtures("widgets")
async def test_probes_tell_each_check(cluster, namespace):
    """A manager that is synced is ready; the checks can be asked one by one."""
    async with observed(cluster, namespace) as world:
        port = world.port("probe")

        assert (await get(port, "/livez")).text == "ok\n"
        verbose = await get(port, "/readyz?verbose")
        assert verbose.text == "[+]loop ok\n[+]caches ok\n[+]stopping ok\nreadyz check passed\n"
        world.observability.probes.ready["certs"] = lambda: "no certificate yet"
        refused = await get(port, "/readyz")
        assert refused.code == 503
        assert "[-]certs failed: no certificate yet\n" in refused.text
        assert (await get(port, "/readyz/caches")).code == 200
        assert (await get(port, "/readyz?exclude=certs")).code == 200
        assert (await get(port, "/other")).code == 404


@pytest.mark.usefixtures("widgets")
async def test_a_blocked_loop_is_told_by_servers_that_go_on(cluster, namespace):
    """Probes answer, metrics give the last figures with their age, debug shows the stack."""
    async with observed(cluster, namespace) as world:
        first = figures((await get(world.port("metrics"), "/metrics")).text)
        pages = {}

        def look():
            pages["livez"] = ask(world.port("probe"), "/livez")
            pages["loop"] = ask(world.port("debug"), "/debug/loop")
            pages["tasks"] = ask(world.port("debug"), "/debug/tasks")
            pages["metrics"] = ask(world.port("metrics"), "/metrics")

        looking = threading.Thread(target=look)
        looking.start()
        block(6.0)
        await eventually(lambda: not looking.is_alive())

        assert pages["livez"].code == 200
        assert any("block (" in line for line in pages["loop"].json["stack_now"])
        assert pages["tasks"].code == 503
        last = figures(pages["metrics"].text)
        assert first.keys() == last.keys()
        assert last["pentad_metrics_age_seconds",] >= 2.0
        assert last["pentad_event_loop_late_seconds",] > 0
        told = await eventually(
            lambda: [line for line in world.lines if line["event"] == "event_loop_blocked"]
        )
        assert "block (" in told[0]["function"]


async def test_metrics_tell_what_was_done(cluster, namespace, rest, widgets):
    """Reconciles, caches, requests and queues show in the figures."""
    async with observed(cluster, namespace) as world:
        before = figures((await get(world.port("metrics"), "/metrics")).text)
        kind = (("group", "test.pentad.dev"), ("kind", "Widget"))
        done = ("pentad_reconcile_total", ("controller", "widget"), ("result", "success"))
        assert before[done] == 0
        spec = {"size": 1, "children": 1}
        rest.create(widgets, DENIED | {"metadata": {"name": "w"}, "spec": spec})
        await eventually(
            lambda: world.manager.controllers[0].statistics.outcomes["success"], where=bool
        )

        after = figures((await get(world.port("metrics"), "/metrics")).text)

        assert after[done] >= 1
        assert after["pentad_informer_objects", *kind] == 1
        assert after["pentad_informer_events_total", *kind] >= 1
        assert after["pentad_informer_synced", *kind] == 1
        assert after["pentad_client_requests_total", ("code", "200"), ("method", "GET")] >= 1
        assert after["pentad_workqueue_adds_total", ("name", "widget")] >= 1
        assert after["pentad_process_resident_memory_bytes",] > 1e6
        assert after["pentad_process_open_fds",] > 5
        assert after["pentad_tasks",] > 5


async def test_debug_answers_why_for_what_was_there_before(cluster, namespace, rest, widgets):
    """Of an object that is as it should be, nothing but the start called for a look."""
    rest.create(widgets, DENIED | {"metadata": {"name": "w"}, "spec": {"size": 1}})

    async def reconciled(world):
        outcomes, queue = world.manager.controllers[0].statistics.outcomes, f"{namespace}/w"
        await eventually(lambda: outcomes["success"], where=bool)
        state = world.manager.controllers[0].queue.state_of
        await eventually(lambda: state(queue), equals="absent")
        path = f"/debug/why?controller=widget&key={namespace}/w"
        return (await get(world.port("debug"), path)).json["last_reason"]

    async with observed(cluster, namespace) as world:
        await eventually(lambda: rest.get(f"{widgets}/w").get("status"))
        await reconciled(world)
    async with observed(cluster, namespace) as world:
        assert {"seconds_ago": None, "what": "it was in the first list"} == await reconciled(world)


async def test_debug_answers_why(cluster, namespace, rest, widgets):
    """The last reason, outcome, failures, queue and cache of one key; and the tasks there are."""
    async with observed(cluster, namespace) as world:
        port, key = world.port("debug"), f"{namespace}/w"
        rest.create(widgets, DENIED | {"metadata": {"name": "w"}, "spec": {"size": 1}})
        await eventually(
            lambda: world.manager.controllers[0].statistics.outcomes["success"], where=bool
        )

        why = (await get(port, f"/debug/why?controller=widget&key={key}")).json
        assert why["last_reason"]["what"] in {f"Widget {key} created", f"Widget {key} changed"}
        assert why["failures"] == 0
        assert why["last_error"] is None
        assert "Widget.test.pentad.dev/v1alpha1" in why["cached"]

        names = [t["name"] for t in (await get(port, "/debug/tasks")).json["tasks"]]
        assert "worker widget 0" in names
        assert f"reflector Widget.test.pentad.dev/v1alpha1 {namespace}" in names
        caches = (await get(port, "/debug/caches")).json["informers"]
        assert {"Widget.test.pentad.dev/v1alpha1", "ConfigMap.v1"} == {c["kind"] for c in caches}
        assert all(c["synced"] and c["scopes"][0]["version"] for c in caches)
        assert (await get(port, "/debug/why?controller=other&key=x")).code == 400
        outcomes = (await get(port, "/debug/controllers")).json["widget"]["outcomes"]
        assert outcomes["success"] >= 1
        assert "/debug/why" in (await get(port, "/debug")).text


@pytest.mark.usefixtures("widgets")
async def test_the_log_level_changes_at_run_time(cluster, namespace):
    """PUT /debug/loglevel is followed at once; what is no level is refused with the levels."""
    async with observed(cluster, namespace) as world:
        port = world.port("debug")

        assert (await get(port, "/debug/loglevel")).json == {"level": "info"}
        changed = await get(port, "/debug/loglevel?level=debug", method="PUT")
        assert changed.json == {"level": "debug"}
        world.log.debug("now_visible")
        assert world.lines[-1]["event"] == "now_visible"
        refused = await get(port, "/debug/loglevel?level=loud", method="PUT")
        assert refused.code == 400
        assert "debug, info, warning, error" in refused.text


@pytest.mark.usefixtures("widgets")
async def test_memory_can_be_traced(cluster, namespace):
    """Allocations are traced on demand and no longer than wanted."""
    async with observed(cluster, namespace) as world:
        port = world.port("debug")

        assert not (await get(port, "/debug/memory")).json["tracemalloc"]["tracing"]
        try:
            assert (await get(port, "/debug/memory?tracemalloc=start", method="PUT")).code == 200
            page = (await get(port, "/debug/memory?top")).json
            assert page["tracemalloc"]["tracing"]
            assert page["allocations"][0]["bytes"] > 0
        finally:
            stopped = await get(port, "/debug/memory?tracemalloc=stop", method="PUT")
        assert not stopped.json["tracemalloc"]["tracing"]
        assert page["gc"]["frozen"] > 0
        assert {"kind", "objects", "raw_bytes"} == set(page["caches"][0])


@pytest.mark.usefixtures("widgets")
async def test_debug_refuses_a_browser_that_was_led_there(cluster, namespace):
    """A name that resolves to loopback is not loopback: without a token it is refused."""
    async with observed(cluster, namespace) as world:
        led = await get(world.port("debug"), "/debug/tasks", Host="evil.example:80")

        assert led.code == 401


async def test_servers_leave_nothing():
    """After the end there are no threads and no sockets, however slow the clients are."""
    async with no_leaks():
        listener = Listener("probe", "127.0.0.1:0", lambda _ask: say("ok"))
        await listener.start()
        slow = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(3)]
        assert (await get(listener.port, "/livez")).text == "ok\n"
        await listener.stop()
        for connection in slow:
            connection.close()


@pytest.mark.usefixtures("widgets")
async def test_an_answer_that_takes_its_time_does_not_hold_up_the_end(cluster, namespace):
    """Who waits for it is cut off within the limit, and every other server is closed as well."""
    gate = threading.Event()
    async with observed(cluster, namespace) as world:
        ports = [listener.port for listener in world.observability.listeners.values()]
        entered = threading.Event()
        world.observability.probes.ready["slow"] = lambda: entered.set() or str(gate.wait(30))
        with socket.create_connection(("127.0.0.1", world.port("probe"))) as client:
            client.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await eventually(entered.is_set)
            began = time.perf_counter()
            await world.observability.stop(limit=0.2)
            assert time.perf_counter() - began < 1.5
        gate.set()
        for port in ports:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port))


async def test_slow_clients_do_not_keep_a_probe_waiting():
    """More silent connections than there are places cost the oldest of them, not the probe."""
    listener = Listener("probe", "127.0.0.1:0", lambda _ask: say("ok"))
    await listener.start()
    slow = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(PLACES * 2)]
    try:
        assert (await get(listener.port, "/livez", timeout=5.0)).text == "ok\n"
    finally:
        for connection in slow:
            connection.close()
        await listener.stop()


async def test_each_client_too_many_costs_another_one_its_place():
    """Also where those that had to go are slow to leave, so that no flood takes all threads."""
    gate, entered = threading.Event(), threading.Semaphore(0)

    def answer(_ask):
        entered.release()
        return say(str(gate.wait(30)))

    listener = Listener("probe", "127.0.0.1:0", answer)
    await listener.start()
    address = ("127.0.0.1", listener.port)
    clients = [socket.create_connection(address, timeout=5) for _ in range(PLACES)]
    try:
        for client in clients:
            client.sendall(b"GET /livez HTTP/1.1\r\n\r\n")
            assert entered.acquire(timeout=5)
        clients += [socket.create_connection(address) for _ in range(3)]
        assert [b"", b"", b""] == [client.recv(1) for client in clients[:3]]
    finally:
        gate.set()
        for client in clients:
            client.close()
        await listener.stop()


async def test_a_target_that_is_none_is_refused_without_a_trace():
    """What is no URL is the client's fault: it is told so, and no log has to hear of it."""
    listener = Listener("probe", "127.0.0.1:0", lambda _ask: say("ok"))
    await listener.start()
    try:
        with socket.create_connection(("127.0.0.1", listener.port), timeout=5) as client:
            client.sendall(b"GET http://[::1 HTTP/1.1\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 400 ")
    finally:
        await listener.stop()


async def test_a_machine_without_a_free_thread_costs_one_answer(monkeypatch):
    """Who cannot be answered is hung up on; the next one is answered."""
    listener = Listener("probe", "127.0.0.1:0", lambda _ask: say("ok"))
    await listener.start()
    start = threading.Thread.start

    def refuse(_thread):
        monkeypatch.setattr(threading.Thread, "start", start)
        raise RuntimeError("can't start new thread")

    try:
        monkeypatch.setattr(threading.Thread, "start", refuse)
        with socket.create_connection(("127.0.0.1", listener.port), timeout=5) as client:
            assert client.recv(100) == b""
        assert (await get(listener.port, "/livez")).text == "ok\n"
    finally:
        await listener.stop()


async def test_a_port_in_use_is_one_clear_line():
    """The error names the server, the address and the flag that helps."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        listener = Listener("metrics", address, lambda _ask: say("ok"))

        with pytest.raises(ConfigError) as raised:
            await listener.start()

    assert str(raised.value) == (
        f"cannot serve metrics at {address}: Address already in use: free the port, or choose "
        "another with --metrics-address (HOST:PORT, or off)"
    )
