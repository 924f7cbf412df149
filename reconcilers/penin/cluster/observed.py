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


@attrs.frozen(kw_only=True)
class Workload:
    """What a Deployment says, whenever it is asked; times are nanoseconds since 1970, 0 if none."""

    replicas: int
    ready_replicas: int
    pods: int
    is_settled: bool
    is_touched: bool
    settings: str
    stuck: str
    trouble: str
    progressed_at: int
    available_at: int

    def observed(self, *, now: dt.datetime) -> Observed:
        """Say how the part is doing now."""
        moment = Time.of(now).nanoseconds
        is_down = self.replicas > 0 and not self.ready_replicas
        return Observed(
            replicas=self.replicas,
            ready_replicas=self.ready_replicas,
            pods=self.pods,
            is_settled=self.is_settled,
            down_for=_seconds(self.available_at, moment) if is_down else None,
            seen=Seen(
                settings=self.settings,
                settled_for=_seconds(self.progressed_at, moment) if self.is_settled else None,
                is_touched=self.is_touched,
                stuck=self.stuck,
            ),
            trouble=self.trouble,
        )


def observe(deployment: Deployment | None, *, now: dt.datetime) -> Observed:
    """Say how a part is doing."""
    return Observed() if deployment is None else read(deployment).observed(now=now)


def read(deployment: Deployment) -> Workload:
    """Read what a Deployment says."""
    spec, status = deployment.spec, deployment.status
    conditions = {each.type: each for each in status.conditions}
    is_settled = _is_settled(deployment)
    progress, broken = conditions.get(_PROGRESSING), conditions.get(_BROKEN)
    is_late = progress is not None and progress.reason == _LATE and not _is_unread(deployment)
    return Workload(
        replicas=spec.replicas,
        ready_replicas=min(status.ready_replicas, spec.replicas),
        pods=status.replicas,
        is_settled=is_settled,
        is_touched=_is_unread(deployment) and _is_whole(status, status.replicas),
        settings=_settings(deployment),
        stuck=progress.message if progress is not None and is_late and not is_settled else "",
        trouble=broken.message if broken is not None and broken.status == "True" else "",
        progressed_at=_told_at(progress),
        available_at=_told_at(conditions.get(_AVAILABLE)),
    )


def _settings(deployment: Deployment) -> str:
    """Return the hash that it was given; one that somebody took off is not nothing."""
    annotations = deployment.metadata.annotations
    found = annotations.get(SETTINGS_HASH) if isinstance(annotations, Mapping) else None
    return found or _UNKNOWN


def _told_at(condition: DeploymentCondition | None) -> int:
    """Return when a condition was last told anew."""
    if condition is None or condition.last_update_time.is_zero:
        return 0
    return condition.last_update_time.nanoseconds


def _seconds(since: int, now: int) -> float:
    """Return how long ago something was; what was never told is new, too."""
    return max(0.0, (now - since) / SECOND) if since else 0.0


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
