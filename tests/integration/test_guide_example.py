"""The controller of docs/guide/runtime.md runs as it is printed."""

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
def program(tmp_path):
    """Return the example, written to a file as a reader would."""
    [text] = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    path = tmp_path / "greeting.py"
    path.write_text(text)
    return path


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
