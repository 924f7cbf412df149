"""Clusters come up fast, stand side by side, tell what died, and leave nothing."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hack.cluster import components, volumes
from hack.cluster.cluster import Cluster
from hack.cluster.errors import ComponentError
from hack.cluster.layout import Layout
from hack.cluster.record import Record
from tests.integration.cluster.conftest import REPOSITORY
from tests.kit.audit import Audit
from tests.kit.cluster import own_clusters
from tests.kit.eventually import eventually_blocking
from tests.kit.footprint import Footprint, known_sockets, open_files
from tests.kit.rest import Rest


@pytest.fixture(scope="module")
def victim(request, cluster):
    """Return a cluster whose components may be killed; every test leaves it whole."""
    del cluster  # its programs are there once it is
    with own_clusters(request.config) as make:
        yield make(fake_nodes=1)


def state_of(victim):
    return {each.name: each.state for each in victim.status()}


@pytest.mark.parametrize("component", components.PROGRAMS)
def test_killed_component_is_told_and_mended(victim, component):
    """After SIGKILL of any component `status` fails and names it, and `up` starts it again."""
    before = next(each for each in victim.status() if each.name == component)

    os.kill(before.process.pid, signal.SIGKILL)
    eventually_blocking(lambda: state_of(victim)[component], equals="dead")
    status = subprocess.run(
        [sys.executable, "-m", "hack.cluster", "status", "--name", victim.name],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    Cluster.up(victim.name)

    assert status.returncode == 1
    assert f"{component} is dead" in status.stderr
    assert dict.fromkeys(components.PROGRAMS, "healthy") == state_of(victim)


def test_restart_keeps_the_data(victim):
    """A restarted component is another process, and the objects are still there."""
    rest = Rest(victim.kubeconfig)
    rest.create("/api/v1/namespaces", {"metadata": {"name": "kept"}})
    rest.close()
    before = {each.name: each.process for each in victim.status()}

    victim.restart(components.ETCD)

    after = {each.name: each.process for each in victim.status()}
    assert [components.ETCD] == [name for name in after if before[name] != after[name]]
    rest = Rest(victim.kubeconfig)
    assert rest.get("/api/v1/namespaces/kept")["metadata"]["name"] == "kept"
    rest.close()


def test_two_stand_side_by_side(cluster, victim, rest, namespace):
    """Two clusters run at once and share no port, no process and no object."""
    other = Rest(victim.kubeconfig)
    answer = other.request("GET", f"/api/v1/namespaces/{namespace}")
    other.close()

    processes = [each.process.pid for one in (cluster, victim) for each in one.status()]
    assert len(set(processes)) == len(processes) == 2 * len(components.PROGRAMS)
    assert {"healthy"} == {each.state for one in (cluster, victim) for each in one.status()}
    assert answer.status == 404
    assert rest.get(f"/api/v1/namespaces/{namespace}")
    ports = [Cluster.named(each.name).life.record().ports for each in (cluster, victim)]
    used = [getattr(each, field) for each in ports for field in each.__struct_fields__]
    assert len(set(used)) == len(used)


def told(victim, *arguments):
    """Return what a command on the cluster prints."""
    command = [sys.executable, "-m", "hack.cluster", *arguments, "--name", victim.name]
    done = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def test_commands_print_what_they_are_asked_for(victim):
    """`kubeconfig` prints the file's path and no more, `logs` the end of one log or of all."""
    log = victim.log(components.APISERVER)
    end = told(victim, "logs", components.APISERVER, "--lines", "2")

    assert f"{victim.kubeconfig}\n" == told(victim, "kubeconfig")
    assert 2 == len(end.splitlines())
    assert end in log.read_text()
    headers = [line for line in told(victim, "logs").splitlines() if line.startswith("==> ")]
    assert len(components.PROGRAMS) == len(headers)
    assert f"==> {log} <==" in headers


def test_second_up_changes_nothing(victim):
    """`up` on a running cluster starts no process, writes no file and asks for no change."""
    watched = (victim.life.layout.record, victim.kubeconfig, victim.life.layout.pki)

    def seen():
        return victim.status(), [(file.stat().st_ino, file.stat().st_mtime_ns) for file in watched]

    before, audit = seen(), Audit(victim.audit_log, user="kubernetes-admin")

    assert f"export KUBECONFIG={victim.kubeconfig}\n" == told(victim, "up")
    assert before == seen()
    verbs = {entry.verb for entry in audit.entries()}
    assert verbs
    assert verbs <= {"get", "list"}


def test_two_ups_at_once_make_one_cluster(command):
    """Commands on one cluster take turns."""
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(lambda _: command.ok("up", "--name", "both"), range(2))

    assert first == second
    assert command("status", "--name", "both").returncode == 0


def crowding():
    """Return how much longer than on a free core a short computation takes now, at least 1."""
    begun, used = time.perf_counter(), time.process_time()
    while time.process_time() - used < 0.2:
        sum(range(1000))
    return max(1.0, (time.perf_counter() - begun) / 0.2)


def test_warm_up_takes_at_most_six_seconds(command):
    """With the programs there, a cluster can be used within six seconds of the command.

    The best of a few counts, and a machine busy with other work is given as much longer: six
    seconds are meant for one that is free.
    """
    took = [math.inf]
    while min(took) > 6.0 and len(took) < 5:
        crowd, begun = crowding(), time.perf_counter()
        command.ok("up")
        wall = time.perf_counter() - begun
        took.append(wall / max(crowd, crowding()))
        command.ok("down")

    assert min(took) <= 6.0, took


def test_a_cluster_that_is_up_is_ready_for_work(command):
    """When the command ends nothing is left to wait for: each is asked only once."""
    kubeconfig = command.ok("up").removeprefix("export KUBECONFIG=")
    status = command("status")
    rest = Rest(Path(kubeconfig))
    try:
        ready = rest.request("GET", "/readyz").status
        account = rest.get("/api/v1/namespaces/default/serviceaccounts/default")
    finally:
        rest.close()

    assert (0, 200, "default") == (status.returncode, ready, account["metadata"]["name"])
    assert all(f"{name} " in status.stdout for name in components.PROGRAMS[:4])
    assert len(components.PROGRAMS[:4]) == status.stdout.count("healthy")


def test_down_leaves_nothing(command, tmp_path):
    """After `down` the processes, sockets and files are those from before `up`."""
    root = tmp_path / "state/pentad/clusters/local"
    folders = (tmp_path, volumes.ROOT)
    before = Footprint.take(root, folders=folders)

    kubeconfig = command.ok("up", "--fake-nodes", "1").removeprefix("export KUBECONFIG=")
    rest = Rest(Path(kubeconfig))
    volume = claim(rest, "default")
    rest.close()
    during = Footprint.take(root, folders=folders)
    stray = {file for file in open_files(during.processes) if not file.is_relative_to(root)}
    command.ok("down")

    after = Footprint.take(root, folders=folders)
    assert len(components.PROGRAMS) == len(during.processes)
    assert volume in during.files
    assert set() == stray
    assert not during.sockets & known_sockets()
    assert before.processes == after.processes
    assert {file for file in after.files if file.is_relative_to(volume)} == set()
    assert [tmp_path / "state"] == [file for file in after.files if file.is_relative_to(tmp_path)]


def claim(rest, namespace):
    """Make a claim, wait until it is bound, and return the folder of its volume."""
    path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
    rest.create(path, {"metadata": {"name": "data"}, "spec": spec})
    eventually_blocking(lambda: rest.get(f"{path}/data")["status"]["phase"], equals="Bound")
    name = rest.get(f"{path}/data")["spec"]["volumeName"]
    return Path(rest.get(f"/api/v1/persistentvolumes/{name}")["spec"]["hostPath"]["path"])


def test_down_of_nothing_is_fine(command, tmp_path):
    """`down` without a cluster succeeds and leaves nothing either."""
    command.ok("down")

    assert [tmp_path / "state"] == list(tmp_path.rglob("*"))


def test_down_works_without_its_record(command, tmp_path):
    """A cluster whose record is damaged is told as such, and can still be taken down."""
    root = tmp_path / "state/pentad/clusters/torn"
    command.ok("up", "--name", "torn")
    (root / "cluster.json").write_text("{")
    answer = command("status", "--name", "torn")

    command.ok("down", "--name", "torn")

    assert answer.returncode == 1
    assert "down --name torn" in answer.stderr
    assert frozenset() == Footprint.take(root, folders=()).processes
    assert not root.exists()


def test_failed_start_shows_the_end_of_the_log(own_cluster):
    """A component that ends at start is named, with the last lines it wrote, and none stays."""
    broken = own_cluster()
    broken.kill(components.SCHEDULER)
    broken.life.layout.identity_kubeconfig(components.SCHEDULER).write_text("no kubeconfig")

    with pytest.raises(ComponentError, match="kube-scheduler ended while starting") as caught:
        Cluster.up(broken.name)

    assert "cannot unmarshal string" in caught.value.detail


def test_orphan_is_swept(command, tmp_path, monkeypatch):
    """A cluster whose owner was killed is taken down by the next run's sweep."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    program = (
        "import os, signal; from hack.cluster.cluster import Cluster;"
        "Cluster.up('orphan', owner_pid=os.getpid()); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        timeout=60,
        capture_output=True,
        check=False,
    )
    running = command("status", "--name", "orphan").returncode

    Cluster.sweep()

    assert running == 0
    assert command("status", "--name", "orphan").returncode == 1


def test_client_that_gave_up_too_early_is_started_again(command, tmp_path):
    """What ends because the API server is slow to become ready gets another chance.

    kube-controller-manager does so after ten seconds; here it is made to, as soon as it runs.
    """
    layout = Layout(tmp_path / "state/pentad/clusters/slow")

    def controllers():
        record = Record.read(layout)
        return record and record.processes.get(components.CONTROLLER_MANAGER)

    with ThreadPoolExecutor() as pool:
        up = pool.submit(command, "up", "--name", "slow")
        first = eventually_blocking(controllers, within=60)
        first.send(signal.SIGKILL)
        done = up.result()

    assert done.returncode == 0, done.stderr
    assert controllers() != first
    assert command("status", "--name", "slow").returncode == 0


def test_interrupted_up_leaves_no_process(command, tmp_path):
    """Ctrl-C during `up` ends what it started, with exit code 130, and `down` removes the rest."""
    root = tmp_path / "state/pentad/clusters/cut"
    process = subprocess.Popen(
        [sys.executable, "-m", "hack.cluster", "up", "--name", "cut"],
        env=os.environ | command.environment,
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
    )
    eventually_blocking((root / "logs/kube-apiserver.log").exists, within=20)

    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)

    assert process.returncode == 130
    assert "interrupted" in errors
    assert frozenset() == Footprint.take(root, folders=()).processes


def test_audit_log_tells_every_request(cluster, rest, namespace):
    """A request is in the audit log with its user, verb and object as soon as it is answered."""
    rest.get(f"/api/v1/namespaces/{namespace}/configmaps")

    lines = [json.loads(line) for line in cluster.audit_log.read_text().splitlines()]
    told = [line for line in lines if line.get("objectRef", {}).get("namespace") == namespace]
    seen = {
        (line["user"]["username"], line["verb"], line["objectRef"]["resource"]) for line in told
    }
    assert ("kubernetes-admin", "list", "configmaps") in seen
