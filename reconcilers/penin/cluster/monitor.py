"""The ServiceMonitor of a cluster, for those who run the Prometheus operator.

Its kind may not be served; that is told, and hinders nothing else.
"""

from typing import Any, Final

from controller.runtime.runtime import Runtime
from controller.runtime.stated import stated
from informers.errors import NotFound
from informers.meta.conditions import Condition
from informers.meta.kinds import Kind
from reconcilers.penin.cluster.desired import labels
from reconcilers.penin.cluster.scope import Scope

SERVICE_MONITOR: Final = Kind("monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors")
NAME: Final = "penin-monitor"
KIND: Final = "Monitored"


def service_monitor(cluster: str) -> dict[str, Any]:
    """Return what tells the Prometheus operator to read all services of a cluster."""
    return {
        "apiVersion": SERVICE_MONITOR.api_version,
        "kind": SERVICE_MONITOR.kind,
        "metadata": {"name": cluster, "labels": labels(cluster)},
        "spec": {
            "selector": {"matchLabels": labels(cluster)},
            "targetLabels": ["cluster", "service"],
            "endpoints": [{"port": "http", "path": "/metrics"}],
        },
    }


class Monitor:
    """Keeps the ServiceMonitor as it should be."""

    def __init__(self, runtime: Runtime) -> None:
        self._monitors = runtime.apply_set(NAME, [SERVICE_MONITOR])

    async def keep(self, scope: Scope) -> Condition:
        """Make it so; return what there is to say of it."""
        observability = scope.cluster.spec.observability
        is_wanted = observability.metrics and observability.service_monitor
        bodies = [service_monitor(scope.wanted.cluster)] if is_wanted else []
        try:
            await self._monitors.apply(scope.owner, bodies)
        except NotFound:
            text = "ServiceMonitor is not served: install the Prometheus operator, or switch it off"
            return stated(scope.cluster, KIND, "NoSuchKind", text, is_so=False)
        if not is_wanted:
            text = "spec.observability.serviceMonitor is false"
            return stated(scope.cluster, KIND, "TurnedOff", text, is_so=False)
        return stated(scope.cluster, KIND, "Made", "a ServiceMonitor says what to read", is_so=True)
