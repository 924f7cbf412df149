"""Asks for all that a scaler listens to, side by side; each metric has an answer, or why not."""

import asyncio
from typing import Final

from msgspec import UNSET

from controller.runtime.runtime import Runtime
from informers.snapshot import Snapshot
from reconcilers.vertice.api.measured import CustomMetric, Metric
from reconcilers.vertice.api.scaler import VerticeScaler
from reconcilers.vertice.scaler.answers import (
    Answer,
    Nothing,
    OfNamespace,
    OfObject,
    OfPods,
    OfQuery,
)
from reconcilers.vertice.scaler.asking import Asking
from reconcilers.vertice.scaler.gathering import Gathered, Gathering
from reconcilers.vertice.scaler.groups import Sample
from reconcilers.vertice.scaler.listening import NO_SELECTOR, Workload, tolerance
from reconcilers.vertice.scaler.reading.answer import Unanswered
from reconcilers.vertice.scaler.reading.custom import CustomMetrics
from reconcilers.vertice.scaler.reading.kinds import Kinds, UnknownKind
from reconcilers.vertice.scaler.reading.lean import PODS
from reconcilers.vertice.scaler.reading.places import Places
from reconcilers.vertice.scaler.reading.pods import Pod
from reconcilers.vertice.scaler.reading.resources import ResourceMetrics, Unread
from reconcilers.vertice.scaler.reading.selection import Selection, is_telling
from reconcilers.vertice.scaler.reading.workloads import Scale

_RESOURCES: Final = frozenset({"cpu", "memory"})


class Measuring:
    """Asks for the metrics of scalers."""

    def __init__(
        self, runtime: Runtime, asking: Asking, gathering: Gathering, kinds: Kinds
    ) -> None:
        # One for all that is asked of others behind the API server, as its connections are.
        self._places = Places()
        self._selection = Selection(runtime.lister(Pod, PODS))
        self._resources = ResourceMetrics(runtime.client, runtime.clock, places=self._places)
        self._custom = CustomMetrics(runtime.client, places=self._places)
        self._asking = asking
        self._gathering = gathering
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

    async def gather(
        self, scaler: VerticeScaler, snapshot: Snapshot, selector: str, *, began: float
    ) -> Gathered:
        """Return what is said of each metric, where pods count that a selector finds.

        Raises:
            NotYet: If that takes longer than a worker can wait for it.
        """
        key, selector = snapshot.key, selector if is_telling(selector) else ""
        if key not in self._gathering and self._is_at_hand(scaler):
            answers = [await self._answer(scaler, each, selector) for each in scaler.spec.metrics]
            return Gathered(began=began, answers=tuple(answers))
        return await self._gathering.gather(
            key,
            (snapshot.meta.uid, snapshot.meta.generation, selector),
            lambda: self._answers(scaler, selector),
            began=began,
        )

    def _is_at_hand(self, scaler: VerticeScaler) -> bool:
        """Whether nobody has to be asked for anything."""
        metrics, namespace = scaler.spec.metrics, str(scaler.metadata.namespace)
        if not all(each.type in _RESOURCES for each in metrics):
            return False
        return not metrics or self._resources.is_at_hand(namespace)

    async def _answers(self, scaler: VerticeScaler, selector: str) -> tuple[Answer, ...]:
        """Ask for all metrics, in the order of the spec."""
        if len(scaler.spec.metrics) == 1:
            return (await self._answer(scaler, scaler.spec.metrics[0], selector),)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._answer(scaler, metric, selector))
                for metric in scaler.spec.metrics
            ]
        return tuple(task.result() for task in tasks)

    async def _answer(self, scaler: VerticeScaler, metric: Metric, selector: str) -> Answer:
        namespace, tolerated = str(scaler.metadata.namespace), tolerance(scaler.spec.behavior)
        try:
            match metric.type:
                case "external":
                    return OfQuery(metric, tolerated, await self._asking.ask(scaler, metric))
                case "custom" if _of_object(metric):
                    return OfObject(metric, tolerated, await self._object_value(namespace, metric))
                case _ if not selector:
                    return Nothing(metric, NO_SELECTOR)
                case "custom":
                    found = await self._custom_samples(namespace, metric, selector)
                    return OfPods(metric, tolerated, found)
                case resource:
                    container = "" if metric.container is UNSET else metric.container
                    read = await self._resources.of(namespace)
                    return OfNamespace(metric, tolerated, resource, container, read)
        except (Unread, Unanswered, UnknownKind) as error:
            return Nothing(metric, str(error))

    async def _custom_samples(
        self, namespace: str, metric: Metric, selector: str
    ) -> dict[str, Sample]:
        """Return a custom metric of each pod that a selector finds."""
        wanted = _custom(metric)
        return await self._custom.of_pods(
            namespace, wanted.name, pods=selector, labels=wanted.selector
        )

    async def _object_value(self, namespace: str, metric: Metric) -> int:
        """Return a custom metric of an object."""
        wanted = _custom(metric)
        assert wanted.object is not UNSET, "only asked of an object"
        version = wanted.object.api_version
        async with self._places.one(namespace, version):
            kind = await self._kinds.named(version, wanted.object.kind)
        return await self._custom.of_object(
            namespace, wanted.name, kind, wanted.object.name, labels=wanted.selector
        )


def _custom(metric: Metric) -> CustomMetric:
    assert metric.custom is not UNSET, "the schema wants it"
    return metric.custom


def _of_object(metric: Metric) -> bool:
    return metric.custom is not UNSET and metric.custom.object is not UNSET
