"""The programs of docs/guide/runtime.md run as they are printed."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from controller.runtime.intent import TargetRef, in_force
from hack.gen.__main__ import ROOT
from informers.clock import LoopClock
from informers.meta.builtin import LEASE, STATEFUL_SET
from informers.snapshot import seal
from tests.kit.crds import established
from tests.kit.eventually import eventually

GUIDE = ROOT / "docs" / "guide" / "runtime.md"
LINES = 60


@pytest.fixture
def programs(tmp_path):
    """Return the examples, written to files as a reader would."""
    texts = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    paths = [tmp_path / "greeting.py", tmp_path / "mentions.py"]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return paths


@pytest.fixture
def program(programs):
    """Return the controller."""
    return programs[0]


@pytest.fixture
def commands():
    """Return what the page has its reader type: in the shell of the program, and in another."""
    shown = re.findall(r"```console\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    return [
        [
            command.strip().replace("\n> ", "\n")
            for command in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
        ]
        for block in shown
    ]


@pytest.fixture
def environment(cluster, namespace, tmp_path):
    """Return an activated shell's, with a kubectl and without the ports and the lease of others."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "kubectl").symlink_to(cluster.kubectl)
    kubeconfig = tmp_path / "kubeconfig"
    shutil.copy(cluster.kubeconfig, kubeconfig)
    place = ["config", "set-context", "--current", f"--namespace={namespace}"]
    subprocess.run([cluster.kubectl, f"--kubeconfig={kubeconfig}", *place], check=True, timeout=60)
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), str(folder), os.defpath]),
        "PYTHONPATH": str(ROOT),
        "KUBECONFIG": str(kubeconfig),
        "PENTAD_PROBE_ADDRESS": "off",
        "PENTAD_METRICS_ADDRESS": "off",
        "PENTAD_LEASE_NAMESPACE": namespace,
    }


@pytest.fixture
def shell(program, environment):
    """Return a function that runs one line of the page and returns what it prints."""

    def run(line):
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=program.parent,
            env=environment,
            check=True,
            timeout=60,
            capture_output=True,
            text=True,
        ).stdout

    return run


def test_the_example_is_short(program):
    """At most 60 lines, as promised, blank ones and all."""
    assert len(program.read_text().splitlines()) <= LINES


async def test_the_example_runs_as_shown(
    rest, kubectl, namespace, program, commands, environment, shell
):
    """Installed, started and tried as printed, it greets, repairs what is changed, and ends."""
    (*_, install, start), (*_, apply, look), _ = commands
    look, words = look.split("\n")
    apply, created = apply.rsplit("\n", 1)
    shell(install)
    established(kubectl, "crd/greetings.example.pentad.dev")
    with subprocess.Popen(shlex.split(start), cwd=program.parent, env=environment) as process:
        try:
            assert created == shell(apply).strip()
            child = f"/api/v1/namespaces/{namespace}/configmaps/world"
            await eventually(lambda: rest.request("GET", child).status, equals=200, within=30)
            assert words == shell(look).strip()
            path = f"/apis/example.pentad.dev/v1/namespaces/{namespace}/greetings"
            await eventually(
                lambda: rest.get(f"{path}/world").get("status"), equals={"said": words}
            )
            rest.delete(child)
            await eventually(lambda: rest.request("GET", child).status, equals=200)
            process.send_signal(signal.SIGTERM)
            assert 0 == process.wait(timeout=30)
        finally:
            process.kill()


def test_a_target_is_frozen_by_hand_as_shown(rest, namespace, commands, shell):
    """The Lease that people are told to make is in force, found as shown, and goes as shown."""
    create, show, delete = commands[2]
    create, created = create.rsplit("\n", 1)
    assert created == shell(create).strip()
    path = LEASE.path(namespace, TargetRef.of(STATEFUL_SET, namespace, "orders").lease)
    intent = in_force(seal(json.dumps(rest.get(path)).encode()), LoopClock().wall())
    assert ("anna", "I look into its slow queries") == (intent.holder, intent.why)
    show, *rows = show.splitlines()
    assert [row.split()[:2] for row in rows] == [
        row.split()[:2] for row in shell(show).splitlines()
    ]
    shell(delete.splitlines()[0])

    assert 404 == rest.request("GET", path).status


MENTIONING = {
    "kind": "Pod",
    "metadata": {"name": "one"},
    "spec": {
        "nodeName": "nowhere",
        "containers": [{"name": "c", "image": "none"}],
        "imagePullSecrets": [{"name": "password"}],
    },
}


async def test_the_informers_tell_as_shown(cluster, rest, namespace, programs):
    """Who mentions the Secret, what is there, and what comes and goes."""
    path = f"/api/v1/namespaces/{namespace}/pods"
    rest.create(path, MENTIONING)
    command = [sys.executable, programs[1], namespace, "password"]
    environment = {"PYTHONPATH": str(ROOT), "KUBECONFIG": str(cluster.kubeconfig)}
    told = programs[1].with_suffix(".out")
    with (
        told.open("w") as output,
        subprocess.Popen(command, env=environment, stdout=output) as process,
    ):
        try:
            expected = ["one mentions password", f"{namespace}/one is there"]
            await eventually(lambda: told.read_text().splitlines(), equals=expected, within=30)
            rest.create(path, MENTIONING | {"metadata": {"name": "two"}})
            # What comes and goes before anybody looks is folded into nothing.
            await eventually(lambda: f"{namespace}/two changed" in told.read_text(), within=30)
            rest.delete(f"{path}/two?gracePeriodSeconds=0")
            await eventually(lambda: f"{namespace}/two went" in told.read_text(), within=30)
        finally:
            process.kill()
