"""What the API server shows of a cluster's parts, as far as a rollout and the status need it."""

import datetime as dt
from collections.abc import Mapping
from typing import ClassVar, Final

import attrs
from msgspec import Struct

from informers.meta.builtin import DEPLOYMENT
from informers.meta.crd import Definition
from informers.meta.duration import SECOND
from informers.meta.microtime import Time
from informers.meta.object import Resource
from reconcilers.penin.cluster.desired import SETTINGS_HASH
from reconcilers.penin.cluster.rollout import Seen

_PROGRESSING: Final = "Progressing"
_AVAILABLE: Final = "Available"
_LATE: Final = "ProgressDeadlineExceeded"
_UNKNOWN: Final = "unknown"
_BROKEN: Final = "ReplicaFailure"


class DeploymentCondition(Struct, frozen=True, kw_only=True, rename="camel"):
    """One condition of a Deployment."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_update_time: Time = Time()


class DeploymentSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """As much of a Deployment's spec as is read here."""

    replicas: int = 1


class DeploymentStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """As much of a Deployment's status as is read here."""

    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    conditions: tuple[DeploymentCondition, ...] = ()


class Deployment(Resource, frozen=True, kw_only=True, rename="camel"):
    """The workload of a part."""

    definition: ClassVar[Definition] = Definition(kind=DEPLOYMENT)

    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()


@attrs.frozen(kw_only=True)
class Observed:
    """What was found of one part.

    `down_for` says how many seconds it has had no ready pod though it should. `trouble` is why pods
    cannot be made at all.
    """

    replicas: int = 0
    ready_replicas: int = 0
    pods: int = 0
    is_settled: bool = False
    down_for: float | None = None
    seen: Seen = attrs.field(factory=Seen)
    trouble: str = ""

    @property
    def is_scaling(self) -> bool:
        """Whether there are more or fewer pods than wanted."""
        return self.pods != self.replicas


def observe(deployment: Deployment | None, *, now: dt.datetime) -> Observed:
    """Say how a part is doing."""
    if deployment is None:
        return Observed()
    spec, status = deployment.spec, deployment.status
    conditions = {each.type: each for each in status.conditions}
    settled = _is_settled(deployment)
    progress = conditions.get(_PROGRESSING)
    available = conditions.get(_AVAILABLE)
    is_late = progress is not None and progress.reason == _LATE
    broken = conditions.get(_BROKEN)
    return Observed(
        replicas=spec.replicas,
        ready_replicas=min(status.ready_replicas, spec.replicas),
        pods=status.replicas,
        is_settled=settled,
        down_for=_seconds(available, now=now)
        if spec.replicas and not status.ready_replicas
        else None,
        seen=Seen(
            settings=_settings(deployment),
            settled_for=_seconds(progress, now=now) if settled else None,
            is_touched=_is_unread(deployment) and _is_whole(status, status.replicas),
            stuck=progress.message if progress is not None and is_late and not settled else "",
        ),
        trouble=broken.message if broken is not None and broken.status == "True" else "",
    )


def _settings(deployment: Deployment) -> str:
    """Return the hash that it was given; one that somebody took off is not nothing."""
    annotations = deployment.metadata.annotations
    found = annotations.get(SETTINGS_HASH) if isinstance(annotations, Mapping) else None
    return found or _UNKNOWN


def _seconds(condition: DeploymentCondition | None, *, now: dt.datetime) -> float:
    """Return how long ago a condition was last told anew; that one is not there is new, too."""
    if condition is None or condition.last_update_time.is_zero:
        return 0.0
    return max(0.0, (Time.of(now).nanoseconds - condition.last_update_time.nanoseconds) / SECOND)


def _is_unread(deployment: Deployment) -> bool:
    """Whether its status does not speak of its newest spec yet."""
    generation = deployment.metadata.generation
    return not isinstance(generation, int) or deployment.status.observed_generation < generation


def _is_settled(deployment: Deployment) -> bool:
    """Whether all pods are of the newest template and available, and no others are left."""
    spec, status = deployment.spec, deployment.status
    return not _is_unread(deployment) and _is_whole(status, spec.replicas)


def _is_whole(status: DeploymentStatus, replicas: int) -> bool:
    """Whether there are so many pods, all of one template and available."""
    return {status.replicas, status.updated_replicas, status.available_replicas} == {replicas}
