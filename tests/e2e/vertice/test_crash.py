"""A manager in its pod is killed when it has decided and its write is under way."""

import json
import os
import signal
from pathlib import Path

import pytest

from hack.cluster.ports import free_port
from tests.e2e.vertice.door import guarded
from tests.e2e.vertice.world import OPERATOR, PATIENCE, scalings
from tests.kit.eventually import eventually_blocking

pytestmark = pytest.mark.timeout(420)
WANTED = 3


def kill(ask, pod):
    """End all processes of a pod's container, as a kernel without memory would."""
    found = json.loads(ask("get", "pod", pod, f"-n={OPERATOR.home}", "-o=json"))
    (container,) = found["status"]["containerStatuses"]
    name = container["containerID"].removeprefix("containerd://")
    ended = [each for each in Path("/proc").glob("[0-9]*") if name in groups(each)]
    for each in ended:
        os.kill(int(each.name), signal.SIGKILL)
    assert ended, f"nothing runs in {pod}"


def groups(process):
    """Return the control groups of a process, nothing when it has ended."""
    try:
        return (process / "cgroup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_the_next_manager_does_what_the_killed_one_had_decided(
    loaded, real, ask, prometheus, reached
):
    """Once, told once, and remembered as asked for."""
    asked = prometheus([], at=f"{reached}:{free_port()}")
    loaded.run()
    eventually_blocking(loaded.ready, equals=1, within=PATIENCE)
    first = OPERATOR.leader(ask)
    with guarded(loaded.rest, loaded.namespace) as door:
        query = {"query": f"vector({WANTED})", "target": "1"}
        loaded.create(
            metrics=[{"type": "external", "external": query}], prometheus={"address": asked.url}
        )
        assert door.held.wait(PATIENCE)
        assert 1 == loaded.replicas()

        kill(ask, first)
        OPERATOR.led_by_another(ask, first, within=PATIENCE)
        eventually_blocking(loaded.ready, equals=WANTED, within=PATIENCE)

    eventually_blocking(lambda: loaded.status().get("desiredReplicas"), equals=WANTED)
    refused, written = (code for _, code in scalings(real.audit_log, loaded.namespace))
    assert (True, 200) == (refused >= 400, written), (refused, written)
    why = f"from 1 to {WANTED} pods: external vector({WANTED}) asks for {WANTED}"
    eventually_blocking(loaded.told, equals=[why])
    assert {WANTED} <= {each["replicas"] for each in loaded.status()["history"]["recommendations"]}
