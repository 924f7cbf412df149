"""Asks for all that a scaler listens to, side by side; each metric has an answer, or why not."""

import asyncio
from collections.abc import Iterable
from typing import Final

from msgspec import UNSET

from controller.runtime.runtime import Runtime
from informers.meta.errors import SelectorError
from informers.meta.selectors import LabelSelector
from reconcilers.vertice.api.measured import Metric
from reconcilers.vertice.api.scaler import VerticeScaler
from reconcilers.vertice.scaler.asking import Asking
from reconcilers.vertice.scaler.listening import (
    Figure,
    Workload,
    answered,
    tolerance,
    unheard,
    used,
)
from reconcilers.vertice.scaler.reading.answer import Unanswered
from reconcilers.vertice.scaler.reading.pods import Measured, Pod
from reconcilers.vertice.scaler.reading.resources import ResourceMetrics, Unread, samples
from reconcilers.vertice.scaler.scale import Scale

_NO_ADAPTER: Final = "custom metrics are not read by this version: ask Prometheus for it instead"


class Measuring:
    """Asks for the metrics of scalers."""

    def __init__(self, runtime: Runtime, asking: Asking) -> None:
        self._pods = runtime.lister(Pod)
        self._resources = ResourceMetrics(runtime.client, runtime.clock)
        self._asking = asking

    def workload(self, namespace: str, scale: Scale) -> Workload:
        """Return a workload with its pods."""
        return Workload(
            current=scale.replicas,
            shown=scale.shown,
            pods=tuple(self._selected(namespace, scale.selector)),
        )

    async def figures(
        self, scaler: VerticeScaler, workload: Workload, *, now: int
    ) -> tuple[Figure, ...]:
        """Return what each metric says, in the order of the spec."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._figure(scaler, workload, metric, now))
                for metric in scaler.spec.metrics
            ]
        return tuple(task.result() for task in tasks)

    async def _figure(
        self, scaler: VerticeScaler, workload: Workload, metric: Metric, now: int
    ) -> Figure:
        tolerated = tolerance(scaler.spec.behavior)
        try:
            if metric.type == "custom":
                return unheard(metric, _NO_ADAPTER)
            if metric.type == "external":
                value = await self._asking.ask(scaler, metric)
                return answered(metric, workload, value, tolerated=tolerated)
            resource: Measured = metric.type
            read = await self._resources.of(str(scaler.metadata.namespace))
        except (Unread, Unanswered) as error:
            return unheard(metric, str(error))
        container = "" if metric.container is UNSET else metric.container
        names = {pod.name: pod for pod in workload.pods}
        found = samples(read, names, resource, container)
        return used(metric, workload, found, tolerated=tolerated, now=now)

    def _selected(self, namespace: str, selector: str) -> Iterable[Pod]:
        """Return the pods of a workload; one that selects nothing has none."""
        try:
            wanted = LabelSelector.parse(selector)
        except SelectorError:
            return []
        if not selector:
            return []
        found = self._pods.snapshots(namespace)
        return [self._pods.memo.typed(each) for each in found if wanted.matches(each.labels)]
