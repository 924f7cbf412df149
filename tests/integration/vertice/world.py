"""Scalers as tests write them, their workloads, and figures of pods that tests make up.

The figures are objects of a kind that the real API server serves where metrics-server would serve
its own: what is read is read as it is in production, and says what a test wants.
"""

import json
from collections.abc import Callable
from typing import Any, Final

import attrs

from hack.gen.crd import definitions
from informers.meta.builtin import DEPLOYMENT, STATEFUL_SET
from reconcilers.vertice.api.scaler import VERTICE_SCALER, VerticeScaler
from reconcilers.vertice.scaler.reading.resources import POD_METRICS as KIND
from tests.kit.crds import established
from tests.kit.rest import Rest

POD_METRICS: Final[dict[str, Any]] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": KIND.resource,
        "labels": {"pentad.test/only-for": "tests"},
        "annotations": {"api-approved.kubernetes.io": "unapproved, for tests alone"},
    },
    "spec": {
        "group": KIND.group,
        "scope": "Namespaced",
        "names": {"kind": KIND.kind, "plural": KIND.plural, "singular": "podmetrics"},
        "versions": [
            {
                "name": KIND.version,
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
            }
        ],
    },
}
KINDS: Final = {each.kind: each for each in (DEPLOYMENT, STATEFUL_SET)}
TARGET: Final = {"kind": "Deployment", "name": "web"}
CPU: Final = {"type": "cpu", "target": {"averageUtilization": 50}}
WITHIN: Final = 60
"""Seconds; a machine that compiles beside the tests is slow."""
LATE: Final = "2100-01-01T00:00:00Z"
AT_ONCE: Final = {"scaleDown": {"stabilizationWindow": 0}}


def serve(kubectl: Callable[..., str]) -> None:
    """Have a cluster serve scalers, and figures of pods as metrics-server gives them."""
    items = [*definitions([VerticeScaler]), POD_METRICS]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    kubectl("apply", "--server-side", "-f", "-", stdin=text)
    established(kubectl, "-f", "-", stdin=text)


def scaler(name: str = "web", **spec: Any) -> dict[str, Any]:
    """Return a scaler as a user writes it."""
    usual = {"target": TARGET, "maxReplicas": 10, "metrics": [CPU]}
    return {
        "apiVersion": VERTICE_SCALER.api_version,
        "kind": VERTICE_SCALER.kind,
        "metadata": {"name": name},
        "spec": {key: value for key, value in {**usual, **spec}.items() if value is not None},
    }


def deployment(
    name: str = "web", *, replicas: int = 2, cpu: str = "100m", kind: str = "Deployment"
) -> dict[str, Any]:
    """Return a workload whose pods request so much."""
    labels = {"app": name}
    container = {
        "name": "main",
        "image": "pentad.test/none:1",
        "resources": {"requests": {"cpu": cpu}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {
            **({"serviceName": name} if kind == "StatefulSet" else {}),
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
            },
        },
    }


@attrs.frozen
class World:
    """A namespace with scalers, workloads and figures."""

    kind: Any
    rest: Rest
    namespace: str

    def create(self, name: str = "web", **spec: Any) -> dict[str, Any]:
        """Make a scaler."""
        return self.rest.create(VERTICE_SCALER.path(self.namespace), scaler(name, **spec))

    def deploy(self, name: str = "web", **options: Any) -> None:
        """Make a workload."""
        body = deployment(name, **options)
        kind = KINDS[body["kind"]]
        self.rest.create(kind.path(self.namespace), body)

    def change(self, name: str = "web", **spec: Any) -> None:
        """Change the spec of a scaler."""
        self.rest.merge(VERTICE_SCALER.path(self.namespace, name), {"spec": spec})

    def scale(self, replicas: int, name: str = "web") -> None:
        """Scale a workload as people do."""
        self.rest.merge(DEPLOYMENT.path(self.namespace, name), {"spec": {"replicas": replicas}})

    def replicas(self, name: str = "web") -> int:
        """Return how many pods there are to be."""
        found = self.rest.get(DEPLOYMENT.path(self.namespace, name))
        return int(found["spec"]["replicas"])

    def ready(self, name: str = "web") -> int:
        """Return how many pods are ready."""
        found = self.rest.get(DEPLOYMENT.path(self.namespace, name))
        return int(found.get("status", {}).get("readyReplicas", 0))

    def status(self, name: str = "web") -> dict[str, Any]:
        """Return what a scaler says."""
        found: dict[str, Any] = self.rest.get(VERTICE_SCALER.path(self.namespace, name))
        status: dict[str, Any] = found.get("status", {})
        return status

    def condition(self, kind: str, name: str = "web") -> tuple[str, str]:
        """Return what a condition says, nothing if there is none."""
        for each in self.status(name).get("conditions", ()):
            if each["type"] == kind:
                return each["status"], each["reason"]
        return "", ""

    def said(self, kind: str, name: str = "web") -> str:
        """Return the message of a condition, nothing if there is none."""
        messages = (
            each["message"]
            for each in self.status(name).get("conditions", ())
            if each["type"] == kind
        )
        return next(messages, "")

    def decided(self, name: str = "web") -> str:
        """Return the reason of the last decision, nothing if there was none."""
        return str(self.status(name).get("decision", {}).get("reason", ""))

    def pods(self, name: str = "web") -> list[str]:
        """Return the names of a workload's pods."""
        found = self.rest.get(f"/api/v1/namespaces/{self.namespace}/pods?labelSelector=app={name}")
        return [each["metadata"]["name"] for each in found["items"]]

    def look(self, name: str = "web") -> None:
        """Have the scaler looked at now."""
        path = VERTICE_SCALER.path(self.namespace, name)
        version = self.rest.get(path)["metadata"]["resourceVersion"]
        self.rest.merge(path, {"metadata": {"annotations": {"pentad.test/look": version}}})

    def use(self, cpu: str, name: str = "web", *, at: str = LATE) -> None:
        """Say that each pod of a workload uses so much, measured after all of them were ready."""
        for pod in self.pods(name):
            body = {
                "apiVersion": KIND.api_version,
                "kind": KIND.kind,
                "metadata": {"name": pod},
                "timestamp": at,
                "window": "15s",
                "containers": [{"name": "main", "usage": {"cpu": cpu, "memory": "64Mi"}}],
            }
            path = KIND.path(self.namespace)
            if self.rest.request("GET", f"{path}/{pod}").status == 404:
                self.rest.create(path, body)
            else:
                self.rest.merge(f"{path}/{pod}", body)
