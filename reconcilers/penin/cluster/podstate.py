"""Pods, as far as they are looked at: where they are reached, and why they are not ready."""

import textwrap
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from msgspec import UNSET, Struct, UnsetType, field

from informers.meta.builtin import POD
from informers.meta.codec import decode
from informers.meta.crd import Definition
from informers.meta.object import Resource
from informers.reflector import Source
from informers.snapshot import Snapshot
from informers.store import Change
from reconcilers.penin.cluster.services import APP

PODS: Final = Source(kind=POD, label_selector=f"app={APP}")
_SHORT: Final = 200
_STARTING: Final = frozenset({"ContainerCreating", "PodInitializing"})


class PodCondition(Struct, frozen=True, kw_only=True, rename="camel"):
    """One condition of a pod."""

    type: str
    status: str
    reason: str = ""
    message: str = ""


class Waiting(Struct, frozen=True, kw_only=True, rename="camel"):
    """Why a container does not run."""

    reason: str = ""
    message: str = ""


class Terminated(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a container ended."""

    reason: str = ""
    exit_code: int = 0


class ContainerState(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a container does, or did."""

    waiting: Waiting | UnsetType = UNSET
    terminated: Terminated | UnsetType = UNSET


class ContainerStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """One container of a pod."""

    ready: bool = False
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class PodStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """As much of a pod's status as is read here."""

    phase: str = ""
    pod_ip: str = field(name="podIP", default="")
    conditions: tuple[PodCondition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()


class Pod(Resource, frozen=True, kw_only=True, rename="camel"):
    """One pod of a cluster."""

    definition: ClassVar[Definition] = Definition(kind=POD)

    status: PodStatus = PodStatus()

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.metadata.name)

    @property
    def is_ready(self) -> bool:
        """Whether it takes requests."""
        return any(
            each.type == "Ready" and each.status == "True" for each in self.status.conditions
        )

    @property
    def restarts(self) -> int:
        """How often its containers ended and were started anew."""
        return sum(each.restart_count for each in self.status.container_statuses)


def trouble_changed(change: Change) -> bool:
    """Whether a pod came, went, became ready or not, or has another reason not to be."""
    if change.old is None or change.new is None:
        return True
    return _state(change.old) != _state(change.new)


def _state(snapshot: Snapshot) -> tuple[bool, str]:
    pod = decode(snapshot.raw, Pod)
    return pod.is_ready, why_not_ready([pod])


def why_not_ready(pods: Iterable[Pod]) -> str:
    """Say in a few words what holds pods up; of several reasons the gravest."""
    found = sorted((grade, text) for pod in pods if not pod.is_ready for grade, text in _why(pod))
    return textwrap.shorten(found[0][1], _SHORT, placeholder=" …") if found else ""


def _why(pod: Pod) -> Iterator[tuple[int, str]]:
    for container in pod.status.container_statuses:
        waiting, ended = container.state.waiting, container.last_state.terminated
        if waiting is not UNSET and waiting.reason not in _STARTING:
            end = f", it ended with {ended.exit_code}" if ended is not UNSET else ""
            yield 0, f"{waiting.reason}: {waiting.message or pod.name}{end}"
        elif ended is not UNSET and not container.ready:
            cause = f" ({ended.reason})" if ended.reason not in {"", "Error"} else ""
            yield 1, f"{pod.name} ended with {ended.exit_code}{cause} and was started again"
    for condition in pod.status.conditions:
        if condition.type == "PodScheduled" and condition.status == "False":
            yield 2, f"{condition.reason}: {condition.message}"
        if condition.type == "ContainersReady" and condition.status == "False":
            yield 3, f"{pod.name} does not answer 200 to /health"
