"""The programs of docs/guide/runtime.md run as they are printed."""

import re
import signal
import subprocess
import sys

import pytest

from hack.gen.__main__ import ROOT
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


def test_the_example_is_short(program):
    """At most 60 lines, as promised, blank ones apart."""
    lines = [line for line in program.read_text().splitlines() if line.strip()]

    assert len(lines) <= LINES


CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: greetings.example.pentad.dev}
spec:
  group: example.pentad.dev
  scope: Namespaced
  names: {kind: Greeting, plural: greetings, singular: greeting, listKind: GreetingList}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {name: {type: string}}}
          status: {type: object, properties: {said: {type: string}}}
"""


async def test_the_example_runs_as_shown(cluster, kubectl, rest, namespace, program):
    """Started as a program, it greets, repairs what is changed, and ends cleanly."""
    kubectl("apply", "--server-side", "-f", "-", stdin=CRD)
    kubectl("wait", "--for=condition=Established", "crd/greetings.example.pentad.dev")
    command = [sys.executable, program, f"--kubeconfig={cluster.kubeconfig}"]
    command += ["--leader-elect=false", "--probe-address=off", "--metrics-address=off"]
    with subprocess.Popen(command, env={"PYTHONPATH": str(ROOT)}) as process:
        try:
            path = f"/apis/example.pentad.dev/v1/namespaces/{namespace}/greetings"
            rest.create(
                path,
                {
                    "apiVersion": "example.pentad.dev/v1",
                    "kind": "Greeting",
                    "metadata": {"name": "world"},
                    "spec": {"name": "World"},
                },
            )
            child = f"/api/v1/namespaces/{namespace}/configmaps/world"
            await eventually(lambda: rest.request("GET", child).status, equals=200, within=30)
            assert {"words": "Hello, World!"} == rest.get(child)["data"]
            await eventually(
                lambda: rest.get(f"{path}/world").get("status"), equals={"said": "Hello, World!"}
            )
            rest.delete(child)
            await eventually(lambda: rest.request("GET", child).status, equals=200)
            process.send_signal(signal.SIGTERM)
            assert 0 == process.wait(timeout=30)
        finally:
            process.kill()


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
            rest.delete(f"{path}/two?gracePeriodSeconds=0")
            await eventually(lambda: f"{namespace}/two went" in told.read_text(), within=30)
        finally:
            process.kill()
