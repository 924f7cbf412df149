"""Workloads that really burn processors, scalers on them, and the other autoscaler on their twins.

What there is to do for a workload is written into a folder of this machine that its pods see, and
is shared by them (tests/standin/load).
"""

import datetime as dt
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs

from hack.gen.__main__ import ROOT
from informers.meta.builtin import DEPLOYMENT
from reconcilers.vertice.api.scaler import VerticeScaler
from tests.e2e.install_world import Operator
from tests.integration.vertice.world import AT_ONCE, World, deployment
from tests.kit.audit import entries
from tests.kit.eventually import eventually_blocking
from tests.kit.images import image
from tests.kit.rest import Rest

OPERATOR: Final = Operator("vertice", home="vertice-operators")
PATIENCE: Final = 120
REQUEST: Final = 0.05
"""Cores that a pod requests, and is to use."""
CPU: Final = {"type": "cpu", "target": {"averageUtilization": 100}}
RESOURCE: Final = {
    "type": "Resource",
    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 100}},
}
QUICK: Final = {**AT_ONCE, "scaleUp": {"stabilizationWindow": 0}}
PORT: Final = 8080
_PROGRAM: Final = ROOT / "tests/standin/load/__main__.py"
_HPA: Final = "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers"


@attrs.frozen
class Loaded(World):
    """A namespace whose workloads are under a load; `folder` is where that is said."""

    folder: Path

    @classmethod
    def of(cls, rest: Rest, namespace: str, folder: Path) -> "Loaded":
        """Return a namespace, with the program of its pods."""
        folder.chmod(0o755)
        made = cls(VerticeScaler, rest, namespace, folder)
        program = {"metadata": {"name": "load"}, "data": {"load.py": _PROGRAM.read_text()}}
        rest.create(f"/api/v1/namespaces/{namespace}/configmaps", program)
        return made

    def give(self, name: str, **numbers: float) -> None:
        """Say how much there is to do: cores that its pods burn together, jobs that wait."""
        folder = self.folder / name
        for each in (folder, folder / "pods"):
            each.mkdir(exist_ok=True)
            each.chmod(0o777)
        for what, number in numbers.items():
            fresh = folder / f"{what}.new"
            fresh.write_text(str(number))
            fresh.replace(folder / what)

    def run(self, name: str = "web", *, replicas: int = 1, request: float = REQUEST) -> None:
        """Make a workload of pods that share what they are given."""
        self.give(name)
        body = deployment(name, replicas=replicas, cpu=f"{request * 1000:.0f}m")
        body["spec"]["template"]["spec"] |= self._pod(name)
        body["spec"]["strategy"] = {"rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0}}
        body["spec"]["template"]["spec"]["containers"][0] |= {
            "image": image("penin-service"),
            "command": ["python", "/program/load.py"],
            "env": [{"name": "LOAD", "value": "/load"}],
            "readinessProbe": {"httpGet": {"path": "/health", "port": PORT}, "periodSeconds": 1},
            "volumeMounts": [
                {"name": "program", "mountPath": "/program"},
                {"name": "load", "mountPath": "/load"},
            ],
        }
        self.rest.create(DEPLOYMENT.path(self.namespace), body)

    def _pod(self, name: str) -> dict[str, Any]:
        return {
            "automountServiceAccountToken": False,
            "volumes": [
                {"name": "program", "configMap": {"name": "load"}},
                {"name": "load", "hostPath": {"path": str(self.folder / name)}},
            ],
        }

    def replace(self, name: str, *, ready: str) -> None:
        """Begin to replace its pods by some that are ready, never are, or crash."""
        environment = [{"name": "LOAD", "value": "/load"}, {"name": "LOAD_READY", "value": ready}]
        path = DEPLOYMENT.path(self.namespace, name)
        container = self.rest.get(path)["spec"]["template"]["spec"]["containers"][0]
        pod = {"containers": [{**container, "env": environment}]}
        self.rest.merge(path, {"spec": {"template": {"spec": pod}}})

    def becomes(self, name: str, *, ready: int) -> None:
        """Wait until a workload has so many ready pods."""
        eventually_blocking(partial(self.ready, name), equals=ready, within=PATIENCE)

    def address(self, name: str) -> str:
        """Return where the only pod of a workload answers, once it is ready."""
        self.becomes(name, ready=1)
        path = f"/api/v1/namespaces/{self.namespace}/pods?labelSelector=app={name}"
        (pod,) = self.rest.get(path)["items"]
        return f"{pod['status']['podIP']}:{PORT}"

    def beside(
        self, name: str = "twin", *, most: int, metric: Mapping[str, Any] = RESOURCE
    ) -> None:
        """Have the other autoscaler do for a workload what `QUICK` and `CPU` are for ours."""
        spec = {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": 1,
            "maxReplicas": most,
            "metrics": [metric],
            "behavior": {
                "scaleUp": {"stabilizationWindowSeconds": 0},
                "scaleDown": {"stabilizationWindowSeconds": 0},
            },
        }
        self.rest.create(_HPA.format(self.namespace), {"metadata": {"name": name}, "spec": spec})

    def theirs(self, name: str = "twin") -> dict[str, Any]:
        """Return what the other autoscaler says."""
        found = self.rest.get(f"{_HPA.format(self.namespace)}/{name}")
        status: dict[str, Any] = found.get("status", {})
        return status

    def agreed(self, name: str = "web", twin: str = "twin") -> tuple[int, int, int, int, int, int]:
        """Return of ours and of the other: what is asked for, is to be, and is ready."""
        asked = self.status(name).get("decision", {}).get("asked", -1)
        theirs = self.theirs(twin).get("desiredReplicas", -1)
        wanted = self.replicas(name), self.replicas(twin)
        return asked, theirs, *wanted, self.ready(name), self.ready(twin)

    def used(self, name: str = "web", twin: str = "twin") -> tuple[int, int]:
        """Return the per cent of their target that pods use, as ours and the other measured it.

        Ours is as old as its status: written when a decision is another, or after a minute.
        """
        (ours,) = self.status(name).get("currentMetrics") or ({},)
        (theirs,) = self.theirs(twin).get("currentMetrics") or ({},)
        assert "current" in ours, "ours has not measured yet"
        assert "resource" in theirs, "the other has not measured yet"
        average = theirs["resource"]["current"]["averageUtilization"]
        return int(ours["current"].removesuffix("%")), int(average)

    def told(self) -> list[str]:
        """Return all changes of workloads that were told, in order."""
        found = self.rest.get(f"/api/v1/namespaces/{self.namespace}/events")["items"]
        ours = [each for each in found if each["reason"] == "Scaled"]
        return [each["message"] for each in sorted(ours, key=lambda each: each["firstTimestamp"])]

    def error(self) -> str:
        """Return why the only metric cannot be read, nothing if it can."""
        (metric,) = self.status().get("currentMetrics") or ({},)
        return str(metric.get("error", ""))


def scalings(log: Path, namespace: str) -> list[tuple[dt.datetime, int]]:
    """Return when the operator wrote scales of a namespace, and what was answered."""
    return [
        (entry.at, entry.response_status.code)
        for entry in entries(log)
        if entry.user.username == OPERATOR.user
        and entry.object_ref.namespace == namespace
        and (entry.verb, entry.object_ref.subresource) == ("update", "scale")
    ]
