"""Workloads of one namespace, the load on each, and what scales them, as objects.

Every target begins with little load, which one pod bears, and changes to as much as needs two, and
back. An autoscaler of Kubernetes and a scaler of ours on the same target say the same, so both
programs have the same to decide.
"""

import zlib
from typing import Any, Final

import attrs

from informers.meta.builtin import DEPLOYMENT
from informers.meta.kinds import Kind
from reconcilers.vertice.api.scaler import VERTICE_SCALER
from reconcilers.vertice.scaler.rivals import AUTOSCALER

REQUESTED: Final = 100
"""Thousandths of a core that each pod asks for; half of it is aimed at."""
_UTILIZATION: Final = 50
_LITTLE, _MUCH = 48, 96
"""Thousandths of a core of all pods of a target together."""
_WOBBLE: Final = 4
"""Per cent; nobody has to scale for that."""
_LEAST, _MOST = 1, 4


@attrs.define(kw_only=True)
class Targets:
    """The targets of one namespace; `busy` are those with much load."""

    namespace: str
    size: int
    busy: set[str] = attrs.field(factory=set)
    _next: int = 0

    @property
    def names(self) -> list[str]:
        """What they, and what scales them, are called."""
        return [f"w{index:04d}" for index in range(self.size)]

    def load(self, name: str, *, tick: int = 0) -> int:
        """Return what all pods of a target use together, in thousandths of a core.

        It is a little more or less with each tick, as nothing real uses the same for long.
        """
        share = 100 + (tick + zlib.crc32(name.encode())) % (2 * _WOBBLE + 1) - _WOBBLE
        return (_MUCH if name in self.busy else _LITTLE) * share // 100

    def wanted(self, name: str) -> int:
        """Return how many pods bear the load of a target."""
        return 2 if name in self.busy else 1

    def turn(self, count: int) -> None:
        """Change the load of the next targets, in a circle."""
        names = self.names
        for step in range(count):
            self.busy ^= {names[(self._next + step) % len(names)]}
        self._next += count


def deployment(name: str) -> dict[str, Any]:
    """Return a target of one pod."""
    labels = {"app": name}
    requests = {"cpu": f"{REQUESTED}m", "memory": "16Mi"}
    container = {"name": "main", "image": "pentad.test/none:1", "resources": {"requests": requests}}
    return {
        "apiVersion": DEPLOYMENT.api_version,
        "kind": DEPLOYMENT.kind,
        "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
            },
        },
    }


def scaler(name: str) -> dict[str, Any]:
    """Return a scaler of ours."""
    return _named(
        VERTICE_SCALER,
        name,
        {
            "target": {"kind": DEPLOYMENT.kind, "name": name},
            "minReplicas": _LEAST,
            "maxReplicas": _MOST,
            "metrics": [{"type": "cpu", "target": {"averageUtilization": _UTILIZATION}}],
            "behavior": {"scaleDown": {"stabilizationWindow": 0}},
        },
    )


def autoscaler(name: str) -> dict[str, Any]:
    """Return the HorizontalPodAutoscaler that says the same."""
    target = {"type": "Utilization", "averageUtilization": _UTILIZATION}
    reference = {"apiVersion": DEPLOYMENT.api_version, "kind": DEPLOYMENT.kind, "name": name}
    return _named(
        AUTOSCALER,
        name,
        {
            "scaleTargetRef": reference,
            "minReplicas": _LEAST,
            "maxReplicas": _MOST,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
        },
    )


def _named(kind: Kind, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {"name": name},
        "spec": spec,
    }
