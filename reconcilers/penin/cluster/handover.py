"""Gives the number of pods to an autoscaler without losing it on the way.

Whoever applies a Deployment without `replicas` after having applied it with them takes the field
away, and the API server puts 1 in its place: a service under load would lose its pods the moment
scaling is switched on. So the number is first applied by a manager of its own, which then holds it
until the autoscaler writes it.
"""

from typing import Final

from controller.runtime.runtime import Runtime, cached, manager_name
from informers.meta.builtin import DEPLOYMENT
from informers.meta.kinds import Kind
from reconcilers.penin.cluster.desired import is_scaled
from reconcilers.penin.cluster.scope import Scope

NAME: Final = "penin-handover"


class Handover:
    """Hands numbers of pods over."""

    def __init__(self, runtime: Runtime, autoscaler: Kind) -> None:
        self._client = runtime.client
        self._autoscalers = runtime.informers.acquire(cached(autoscaler))
        self._deployments = runtime.informers.acquire(cached(DEPLOYMENT))

    async def prepare(self, scope: Scope) -> None:
        """Hold the number of every service whose autoscaler is about to be made."""
        namespace = scope.snapshot.meta.namespace
        fewest = scope.cluster.spec.auto_scaling.min_replicas
        for role in scope.roles:
            name = role.child(scope.wanted.cluster)
            key = f"{namespace}/{name}"
            if not is_scaled(scope.wanted, role) or self._autoscalers.store.get(key) is not None:
                continue
            if self._deployments.store.get(key) is None:
                continue
            body = {
                "apiVersion": DEPLOYMENT.api_version,
                "kind": DEPLOYMENT.kind,
                "metadata": {"name": name},
                "spec": {"replicas": max(fewest, scope.observed[role.key].replicas)},
            }
            await self._client.apply(
                DEPLOYMENT, name, body, namespace=namespace, manager=manager_name(NAME)
            )
