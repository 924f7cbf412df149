"""The manager as separate processes: it works, hands over, waits its turn and ends well."""

import asyncio
import contextlib
import json
import os
import pty
import signal
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from hack.cluster.ports import free_port
from tests.e2e.conftest import PROGRAM
from tests.e2e.deaf_manager import FAMILY
from tests.kit.builders import widget
from tests.kit.certificates import Authority
from tests.kit.eventually import eventually
from tests.kit.faults import ANY
from tests.kit.proxy import FaultProxy
from tests.kit.upstream import Upstream

DEAF = [*PROGRAM[:-1], "tests.e2e.deaf_manager"]
SLACK = 3
"""What a busy machine may need beyond the time to stop; virtual time holds the manager to it."""
QUICK = ("--lease-seconds=4", "--renew-deadline-seconds=3", "--retry-seconds=0.5")


async def ready(rest, path, *, within=30):
    """Wait until a Widget's status speaks of its newest spec."""

    def is_current(found):
        wanted = found["metadata"]["generation"]
        return found.get("status", {}).get("observedGeneration") == wanted

    return await eventually(lambda: rest.get(path), where=is_current, within=within)


async def leads(process, *, within=30):
    """Wait until a manager's workers have started."""
    await eventually(lambda: "workers_started" in process.events(), within=within)


async def test_a_manager_reconciles_and_ends_cleanly(start, rest, widgets):
    """Started, it makes Widgets what they should be; asked to end, it does so with code 0."""
    manager = start(*QUICK)
    rest.create(widgets, widget("w", children=2))

    found = await ready(rest, f"{widgets}/w")

    assert 2 == found["status"]["readyChildren"]
    assert 0 == manager.stop()
    assert "stopped" == manager.events()[-1]


async def test_a_standby_takes_over_from_a_leader_that_was_killed(start, rest, widgets):
    """SIGKILL leaves the lease to run out; then the standby's warm caches go to work."""
    first = start(*QUICK)
    await leads(first)
    second = start(*QUICK)
    await eventually(lambda: "caches_synced" in second.events(), within=30)
    assert "workers_started" not in second.events()

    first.kill()
    rest.create(widgets, widget("w"))

    await ready(rest, f"{widgets}/w")
    assert "workers_started" in second.events()
    assert 0 == second.stop()


@pytest.mark.usefixtures("widgets")
async def test_a_clean_end_hands_over_at_once(start):
    """The lease is given back, so the next leader does not wait for it to run out."""
    durations = ("--lease-seconds=60", "--renew-deadline-seconds=40", "--retry-seconds=1")
    first = start(*durations)
    await leads(first)
    second = start(*durations)
    await eventually(lambda: "caches_synced" in second.events(), within=30)

    assert 0 == first.stop()

    await leads(second, within=15)
    assert 0 == second.stop()


@pytest.mark.usefixtures("widgets")
async def test_a_terminal_that_closes_leaves_no_lease_held(start, rest, namespace):
    """The kernel says SIGHUP, shells say it again, and nothing can be written any more."""
    ours, theirs = pty.openpty()
    manager = start(terminal=theirs)
    os.close(theirs)
    said = ""
    while "workers_started" not in said:
        said += (await asyncio.to_thread(os.read, ours, 4096)).decode()

    os.close(ours)
    manager.popen.send_signal(signal.SIGHUP)

    assert 0 == manager.wait()
    lease = rest.get(f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/pentad")
    assert not lease["spec"].get("holderIdentity")


async def reconciles(process, count=1):
    """Wait until so many reconciles have begun."""
    await eventually(lambda: process.events().count("reconciling"), equals=count, within=30)


async def test_a_reconcile_that_never_ends_keeps_no_manager_from_ending(start, rest, widgets):
    """Nor the next one from leading, once the lease has run out."""
    manager = start(*QUICK, "--stop-seconds=5", program=DEAF)
    rest.create(widgets, widget("deaf"))
    await reconciles(manager)

    manager.popen.send_signal(signal.SIGTERM)

    assert 0 == manager.wait(within=5 + SLACK)
    assert 1 == manager.events().count("reconcile_ignores_cancellation")
    assert "stopped" in manager.events()
    successor = start(*QUICK)
    await ready(rest, f"{widgets}/deaf", within=15)
    assert 0 == successor.stop()


async def test_nor_does_it_when_something_else_fails(start, rest, widgets):
    """A bug ends the program with its traceback, as if all reconciles were well-behaved."""
    manager = start("--stop-seconds=5", program=DEAF)
    rest.create(widgets, widget("deaf"))
    await reconciles(manager)

    rest.create(widgets, widget("bug"))

    assert 1 == manager.wait(within=10)
    assert 1 == manager.events().count("reconcile_ignores_cancellation")
    assert "KeyError: 'a bug'" in manager.text()


async def test_a_second_interrupt_ends_a_manager_where_it_stands(start, rest, widgets):
    """Though a reconcile takes no notice of anything."""
    manager = start(program=DEAF)
    rest.create(widgets, widget("deaf"))
    await reconciles(manager)

    manager.popen.send_signal(signal.SIGINT)
    await eventually(lambda: "stopping" in manager.events())
    manager.popen.send_signal(signal.SIGINT)

    assert -signal.SIGINT == manager.wait(within=2)


@contextlib.contextmanager
def asking(address: str, authority: Authority) -> Iterator[None]:
    """Ask a webhook for a verdict, and wait for it with an open connection."""
    host, _, port = address.partition(":")
    request = {"uid": "u", "operation": "CREATE", "object": widget("w")}
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    body = json.dumps(review).encode()
    head = f"POST {FAMILY.webhooks[0].path} HTTP/1.1\r\nHost: {address}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    trusting = ssl.create_default_context(cadata=authority.pem)
    with (
        socket.create_connection((host, int(port)), timeout=10) as plain,
        trusting.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(head.encode() + body)
        yield


def certified(folder: Path) -> Authority:
    """Put a certificate for localhost into a folder; return who vouches for it."""
    authority = Authority()
    for name, text in zip(("tls.crt", "tls.key"), authority.issue(), strict=True):
        (folder / name).write_text(text)
    return authority


@pytest.mark.parametrize("name", ["hung", "deaf"])
async def test_a_stop_takes_no_longer_than_it_may_whatever_hangs(
    start, cluster, rest, widgets, tmp_path, name
):
    """A reconcile, a webhook that takes no notice, and the API server, also for the election."""
    authority, address = certified(tmp_path), f"127.0.0.1:{free_port()}"
    webhooks = (f"--webhook-address={address}", f"--webhook-cert-dir={tmp_path}")
    with FaultProxy(Upstream.from_kubeconfig(cluster.kubeconfig)) as proxy:
        manager = start(
            f"--kubeconfig={proxy.kubeconfig(tmp_path / 'config')}",
            "--stop-seconds=6",
            "--webhooks=service",
            *webhooks,
            program=DEAF,
        )
        rest.create(widgets, widget(name))
        await reconciles(manager)
        with asking(address, authority):
            await eventually(lambda: "asked for a verdict" in manager.text())
            proxy.hold(ANY)
            manager.popen.send_signal(signal.SIGTERM)

            assert 0 == manager.wait(within=6 + SLACK)
    assert ["queue_not_drained", "stopped"] == [
        event for event in manager.events() if event in {"queue_not_drained", "stopped"}
    ]


@pytest.mark.usefixtures("widgets")
async def test_a_manager_that_loses_its_lease_says_so(start, rest, namespace):
    """Another holder in the Lease ends the program with code 3, and writes stop before that."""
    manager = start(*QUICK)
    await leads(manager)
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/pentad"
    stolen = {"spec": {"holderIdentity": "somebody-else", "leaseDurationSeconds": 600}}
    answer = rest.request("PATCH", path, stolen, content_type="application/merge-patch+json")
    answer.ok()

    assert 3 == manager.wait()
    assert "lease_lost" in manager.events()


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--kubeconfig=/nowhere/config",), "/nowhere/config"),
        (("--log-level=loud",), "--log-level"),
        (("--lease-seconds=1",), "renew_deadline"),
        (("--families=nothing",), "there is no 'nothing'"),
        (("--config=/nowhere/file.yaml",), "/nowhere/file.yaml"),
    ],
    ids=["no kubeconfig", "wrong level", "unsafe lease", "unknown family", "no file"],
)
def test_a_wrong_setting_is_one_clear_end(start, flags, says):
    """What is wrong is told in words of the user's, with exit code 2 and no traceback."""
    manager = start(*flags)

    assert 2 == manager.wait()
    assert says in manager.text()
    assert "Traceback" not in manager.text()


def test_an_unreachable_server_is_waited_for_and_then_given_up(start, tmp_path):
    """It may be starting, so the manager waits and says so; it does not wait for ever."""
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(
        """
apiVersion: v1
kind: Config
current-context: far
contexts: [{name: far, context: {cluster: far, user: me}}]
clusters: [{name: far, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: me, user: {token: t}}]
"""
    )
    manager = start(f"--kubeconfig={kubeconfig}", "--sync-seconds=5")

    assert 2 == manager.wait()
    assert "waiting_for_api_server" in manager.events()
    assert "cannot reach http://127.0.0.1:9" in manager.text()
    assert "Traceback" not in manager.text()


@pytest.mark.usefixtures("widgets")
async def test_a_port_in_use_is_told_with_the_remedy(start):
    """The second manager on the same port ends, and names the port."""
    first = start()
    await eventually(lambda: "caches_synced" in first.events(), within=30)
    second = start(f"--probe-address={first.probes}")

    assert 2 == second.wait()
    assert first.probes.rpartition(":")[2] in second.text()
    assert "Traceback" not in second.text()
