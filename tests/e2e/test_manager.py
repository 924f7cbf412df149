"""The manager as separate processes: it works, hands over, waits its turn and ends well."""

import asyncio
import os
import pty
import signal

import pytest

from tests.e2e.conftest import PROGRAM
from tests.kit.eventually import eventually

QUICK = ("--lease-seconds=4", "--renew-deadline-seconds=3", "--retry-seconds=0.5")


def widget(name, **spec):
    """Return a Widget."""
    return {
        "apiVersion": "test.pentad.dev/v1alpha1",
        "kind": "Widget",
        "metadata": {"name": name},
        "spec": {"size": 1, **spec},
    }


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


async def test_a_reconcile_that_never_ends_keeps_no_manager_from_ending(start, rest, widgets):
    """Nor the next one from leading, once the lease has run out."""
    manager = start(*QUICK, "--stop-seconds=5", program=[*PROGRAM[:-1], "tests.e2e.deaf_manager"])
    rest.create(widgets, widget("w"))
    await eventually(lambda: "reconciling" in manager.events(), within=30)

    manager.popen.send_signal(signal.SIGTERM)

    assert 0 == manager.wait(within=8)
    assert 1 == manager.events().count("reconcile_ignores_cancellation")
    assert "stopped" in manager.events()
    successor = start(*QUICK)
    await ready(rest, f"{widgets}/w", within=15)
    assert 0 == successor.stop()


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
