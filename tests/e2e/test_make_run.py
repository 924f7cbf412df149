"""`make run`: with no kubeconfig, with one of ours, and with a stranger's."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from hack.cluster import components
from hack.cluster.ports import free_port
from hack.gen.__main__ import ROOT
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER
from tests.e2e.conftest import CRDS
from tests.integration.connection_world import Account, kubeconfig_for
from tests.kit.eventually import eventually_blocking
from tests.kit.footprint import Footprint, known_sockets
from tests.kit.widget.api import WIDGET

PROGRAM = ("-m", "hack.run")
FLAGS = ["--leader-elect=false"]
OFF = ["--probe-address=off", "--metrics-address=off"]
STRANGER = """
apiVersion: v1
kind: Config
current-context: production
contexts: [{name: production, context: {cluster: far, user: me}}]
clusters: [{name: far, cluster: {server: "https://production.invalid"}}]
users: [{name: me, user: {token: t}}]
"""


def wait_for(text, path, *, within):
    """Wait until a program has said something; return all that it said."""
    deadline = time.perf_counter() + within
    while text not in path.read_text():
        assert time.perf_counter() < deadline, f"never said {text!r}:\n{path.read_text()}"
        signal.sigtimedwait([], 0.05)
    return path.read_text()


@pytest.fixture
def run(tmp_path):
    """Return a function that starts `make run` with an environment, and its output's file."""
    started = []

    def launch(*program, **environ):
        out = tmp_path / ("out.txt" if not started else f"out-{len(started)}.txt")
        kept = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
        with out.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, *(program or PROGRAM), *FLAGS, *OFF],
                cwd=ROOT,
                env={**kept, **environ},
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        started.append(process)
        return process, out

    yield launch
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait(timeout=10)


def test_with_a_kubeconfig_of_ours_it_installs_the_crds_and_runs(run, cluster, kubectl):
    """It says which context and server it uses, and ends cleanly."""
    process, out = run(KUBECONFIG=str(cluster.kubeconfig))

    said = wait_for("workers_started", out, within=60)

    assert f"server {cluster.server}" in said
    assert "CRDs are installed" in said
    assert PENIN_OMEGA_CLUSTER.resource in kubectl("get", "crd", "-o", "name")
    process.send_signal(signal.SIGTERM)
    assert 0 == process.wait(timeout=30)


def test_on_a_cluster_of_ours_webhooks_are_served(run, cluster, kubectl, rest, namespace):
    """By a loopback URL: a Widget is refused with the handler's words, until the program ends."""
    path = f"{WIDGET.path(namespace)}?dryRun=All"
    head = {"apiVersion": WIDGET.api_version, "kind": WIDGET.kind}
    huge = head | {"metadata": {"name": "w"}, "spec": {"size": 2_000_000}}
    process, out = run(
        "-m",
        "tests.e2e.widget_run",
        f"--crds={CRDS}",
        f"--webhook-address=:{free_port()}",
        KUBECONFIG=str(cluster.kubeconfig),
    )
    wait_for("workers_started", out, within=60)

    eventually_blocking(lambda: rest.request("POST", path, huge).status, equals=422, within=20)
    process.send_signal(signal.SIGTERM)
    assert 0 == process.wait(timeout=30)
    assert "pentad-local" not in kubectl("get", "validatingwebhookconfigurations", "-o", "name")


def test_a_second_one_is_told_of_the_first(run, cluster):
    """Before it installs anything; with the flags that it is told to use it runs."""
    mine = {"KUBECONFIG": str(cluster.kubeconfig)}
    program = ["-m", "tests.e2e.widget_run", f"--crds={CRDS}"]
    first, out = run(*program, f"--webhook-address=:{free_port()}", **mine)
    wait_for("workers_started", out, within=60)

    second, out = run(*program, f"--webhook-address=:{free_port()}", **mine)
    assert 2 == second.wait(timeout=30)
    assert f"one runs on this cluster already (process {first.pid})" in out.read_text()
    assert "CRDs are installed" not in out.read_text()
    assert '--metrics-address=off --webhooks=off"' in out.read_text()

    third, out = run(*program, "--webhooks=off", **mine)
    wait_for("workers_started", out, within=60)
    for process in (third, first):
        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(timeout=30)


def test_a_foreign_context_has_to_be_named(run, tmp_path):
    """A server that is not on this machine is not touched by accident; the remedy is told."""
    path = tmp_path / "config"
    path.write_text(STRANGER)
    process, out = run(KUBECONFIG=str(path))

    assert 2 == process.wait(timeout=30)
    assert "make run CONTEXT=production" in out.read_text()


def test_a_server_that_does_not_answer_is_waited_for(run, cluster, tmp_path):
    """It says for what; Ctrl-C ends it in one line."""
    far = {"server": f"https://127.0.0.1:{free_port()}"}
    user = yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"]
    path = kubeconfig_for(tmp_path / "down", cluster.kubeconfig, user=user, cluster=far)
    process, out = run(KUBECONFIG=str(path))

    wait_for("make run: waiting for api server: ", out, within=30)
    process.send_signal(signal.SIGINT)
    assert 130 == process.wait(timeout=30)
    assert "Traceback" not in out.read_text()


def test_a_user_who_may_not_install_crds_is_told_what_to_do(
    run, cluster, rest, namespace, tmp_path
):
    """In the last line, with the server's words and the remedy."""
    token = Account.create(rest, namespace).token("key")
    path = kubeconfig_for(tmp_path / "weak", cluster.kubeconfig, user={"token": token})
    process, out = run(KUBECONFIG=str(path))

    assert 2 == process.wait(timeout=30)
    [*_, last] = out.read_text().splitlines()
    assert last.startswith("make run: the CRDs cannot be installed: ")
    assert "let an administrator install them" in last


def test_without_a_kubeconfig_it_starts_a_control_plane_of_its_own(run, tmp_path):
    """It says that it does and how to remove it; afterwards nothing is left."""
    root = tmp_path / "state" / "pentad" / "clusters" / "local"
    own = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    own["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    down = [sys.executable, "-m", "hack.cluster", "down"]
    try:
        process, out = run(**own)
        said = wait_for("workers_started", out, within=90)
        assert "there is no kubeconfig" in said
        assert "hack.cluster down" in said
        during = Footprint.take(root, folders=())
        process.send_signal(signal.SIGINT)
        assert 0 == process.wait(timeout=30)
        assert out.read_text().endswith(
            "the control plane still runs; to remove it: .venv/bin/python -m hack.cluster down\n"
        )
    finally:
        done = subprocess.run(
            down, cwd=ROOT, env={**os.environ, **own}, timeout=60, check=False, capture_output=True
        )
    assert 0 == done.returncode, done.stderr.decode()
    assert len(components.PROGRAMS) <= len(during.processes)
    assert frozenset() == Footprint.take(root, folders=()).processes
    assert not during.sockets & known_sockets()
    assert {out, tmp_path / "state"} == set(Footprint.take(root, folders=[tmp_path]).files)
