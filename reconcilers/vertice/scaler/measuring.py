"""Asks for all that a scaler listens to, side by side; each metric has an answer, or why not."""

import asyncio

from msgspec import UNSET

from controller.runtime.runtime import Runtime
from reconcilers.vertice.api.measured import CustomMetric, Metric
from reconcilers.vertice.api.scaler import VerticeScaler
from reconcilers.vertice.scaler.asking import Asking
from reconcilers.vertice.scaler.groups import Sample
from reconcilers.vertice.scaler.listening import (
    NO_SELECTOR,
    Figure,
    Workload,
    answered,
    observed,
    tolerance,
    unheard,
    used,
)
from reconcilers.vertice.scaler.reading.answer import Unanswered
from reconcilers.vertice.scaler.reading.custom import CustomMetrics
from reconcilers.vertice.scaler.reading.kinds import Kinds, UnknownKind
from reconcilers.vertice.scaler.reading.lean import PODS
from reconcilers.vertice.scaler.reading.pods import Measured, Pod
from reconcilers.vertice.scaler.reading.resources import ResourceMetrics, Unread, samples
from reconcilers.vertice.scaler.reading.selection import Selection
from reconcilers.vertice.scaler.reading.workloads import Scale


class Measuring:
    """Asks for the metrics of scalers."""

    def __init__(self, runtime: Runtime, asking: Asking, kinds: Kinds) -> None:
        self._selection = Selection(runtime.lister(Pod, PODS))
        self._resources = ResourceMetrics(runtime.client, runtime.clock)
        self._custom = CustomMetrics(runtime.client)
        self._asking = asking
        self._kinds = kinds

    def workload(self, namespace: str, scale: Scale) -> Workload:
        """Return a workload with its pods, as far as its scale says which those are."""
        pods = self._selection.find(namespace, scale.selector)
        return Workload(
            current=scale.replicas,
            shown=scale.shown,
            pods=pods or (),
            selector=scale.selector,
            is_selecting=pods is not None,
        )

    async def figures(
        self, scaler: VerticeScaler, workload: Workload, *, now: int
    ) -> tuple[Figure, ...]:
        """Return what each metric says, in the order of the spec."""
        if len(scaler.spec.metrics) == 1:
            return (await self._figure(scaler, workload, scaler.spec.metrics[0], now),)
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
            match metric.type:
                case "external":
                    value = await self._asking.ask(scaler, metric)
                    return answered(metric, workload, value, tolerated=tolerated)
                case "custom" if _of_object(metric):
                    value = await self._object_value(scaler, metric)
                    return observed(metric, workload, value, tolerated=tolerated)
                case _ if not workload.is_selecting:
                    return unheard(metric, NO_SELECTOR)
                case "custom":
                    found = await self._custom_samples(scaler, workload, metric)
                case resource:
                    found = await self._samples(scaler, workload, metric, resource)
        except (Unread, Unanswered, UnknownKind) as error:
            return unheard(metric, str(error))
        return used(metric, workload, found, tolerated=tolerated, now=now)

    async def _samples(
        self, scaler: VerticeScaler, workload: Workload, metric: Metric, resource: Measured
    ) -> dict[str, Sample]:
        """Return what the pods of a workload use."""
        read = await self._resources.of(str(scaler.metadata.namespace))
        container = "" if metric.container is UNSET else metric.container
        return samples(read, (pod.name for pod in workload.pods), resource, container)

    async def _custom_samples(
        self, scaler: VerticeScaler, workload: Workload, metric: Metric
    ) -> dict[str, Sample]:
        """Return a custom metric of each of a workload's pods; what is gone does not count."""
        wanted = _custom(metric)
        found = await self._custom.of_pods(
            str(scaler.metadata.namespace),
            wanted.name,
            pods=workload.selector,
            labels=wanted.selector,
        )
        return {pod.name: found[pod.name] for pod in workload.pods if pod.name in found}

    async def _object_value(self, scaler: VerticeScaler, metric: Metric) -> int:
        """Return a custom metric of an object."""
        wanted = _custom(metric)
        assert wanted.object is not UNSET, "only asked of an object"
        kind = await self._kinds.named(wanted.object.api_version, wanted.object.kind)
        return await self._custom.of_object(
            str(scaler.metadata.namespace),
            wanted.name,
            kind,
            wanted.object.name,
            labels=wanted.selector,
        )


def _custom(metric: Metric) -> CustomMetric:
    assert metric.custom is not UNSET, "the schema wants it"
    return metric.custom


def _of_object(metric: Metric) -> bool:
    return metric.custom is not UNSET and metric.custom.object is not UNSET
