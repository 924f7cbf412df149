"""The pods of a workload, as far as a scaler looks at them: what they count as, what they ask for.

What pods request is read as the HorizontalPodAutoscaler reads it: of the whole pod where it says
so, else of its containers, those of its init containers that go on running included. One pod that
does not say is enough for an error: a share of something unknown is not a number.
"""

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final, Literal

from msgspec import UNSET, Struct, UnsetType

from informers.meta.builtin import POD
from informers.meta.crd import Definition
from informers.meta.microtime import Time
from informers.meta.object import Resource
from informers.meta.quantity import Quantity
from reconcilers.vertice.scaler.groups import Phase, PodFacts

Measured = Literal["cpu", "memory"]
_ALWAYS: Final = "Always"


class MissingRequest(Exception):
    """A container does not say how much it needs; the message has the remedy."""


class Resources(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is promised to a pod or a container."""

    requests: dict[str, Quantity] = {}


class Container(Struct, frozen=True, kw_only=True, rename="camel"):
    """One container of a pod."""

    name: str
    resources: Resources = Resources()
    restart_policy: str = ""


class PodSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """As much of a pod's spec as is read here."""

    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    resources: Resources = Resources()


class PodCondition(Struct, frozen=True, kw_only=True, rename="camel"):
    """One condition of a pod."""

    type: str
    status: str
    last_transition_time: Time = Time()


class PodStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """As much of a pod's status as is read here."""

    phase: Phase = ""
    start_time: Time | UnsetType = UNSET
    conditions: tuple[PodCondition, ...] = ()


class Pod(Resource, frozen=True, kw_only=True, rename="camel"):
    """One pod of a workload."""

    definition: ClassVar[Definition] = Definition(kind=POD)

    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.metadata.name)


def facts(pod: Pod) -> PodFacts:
    """Return what decides what a pod counts as."""
    status = pod.status
    ready = next((each for each in status.conditions if each.type == "Ready"), None)
    return PodFacts(
        name=pod.name,
        phase=status.phase,
        is_deleting=pod.metadata.deletion_timestamp is not UNSET,
        ready="" if ready is None else ready.status,
        ready_at=0 if ready is None else ready.last_transition_time.nanoseconds,
        started_at=None if status.start_time is UNSET else status.start_time.nanoseconds,
    )


def requested(pods: Iterable[Pod], resource: Measured, container: str = "") -> dict[str, int]:
    """Return what each pod requests, in thousandths; of one container, where one is named.

    Raises:
        MissingRequest: If one of them does not say.
    """
    return {pod.name: _of_pod(pod, resource, container) for pod in pods}


def _of_pod(pod: Pod, resource: Measured, container: str) -> int:
    whole = pod.spec.resources.requests.get(resource)
    if whole is not None and not container:
        return whole.milli_value()
    return sum(_of_container(pod, each, resource) for each in _counted(pod, container))


def _counted(pod: Pod, container: str) -> Iterator[Container]:
    """Return the containers that run as long as the pod does."""
    lasting = (each for each in pod.spec.init_containers if each.restart_policy == _ALWAYS)
    for each in (*pod.spec.containers, *lasting):
        if container in {"", each.name}:
            yield each


def _of_container(pod: Pod, container: Container, resource: Measured) -> int:
    found = container.resources.requests.get(resource)
    if found is None:
        raise MissingRequest(
            f"container {container.name} of pod {pod.name} requests no {resource}: set "
            f"resources.requests.{resource}, or say target.averageValue instead of a utilization"
        )
    return found.milli_value()
