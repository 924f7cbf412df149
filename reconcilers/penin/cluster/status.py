"""What there is to say of a cluster: pure functions of what was found, one per condition.

Conditions carry no time; the status writer stamps those that changed.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

import attrs
from msgspec import UNSET

from controller.runtime.stated import stated
from informers.meta.conditions import Condition
from informers.meta.microtime import Time
from reconcilers.penin.api.v1alpha1 import (
    Found,
    PeninOmegaCluster,
    Phase,
    RolloutStatus,
    ServicesStatus,
    ServiceStatus,
)
from reconcilers.penin.cluster.observed import Observed
from reconcilers.penin.cluster.rollout import Plan
from reconcilers.penin.cluster.services import EVERYTHING, Role

_REFUSED: Final = "ChildRefused"
_HEALTHY: Final = "All services are running and healthy"
_UNDER_WAY: Final = ("Creating", "Updating")
_BY_KEY: Final[Mapping[str, Role]] = {role.key: role for role in EVERYTHING}


@attrs.frozen(kw_only=True)
class Findings:
    """Everything the status is made of.

    `wished` is the revision that the spec asks for, `good` the last one that all parts were ready
    with. `reasons` tells of single parts why their pods are not ready. `refusal` is what the API
    server or a child's owner said when a child could not be made so.
    """

    cluster: PeninOmegaCluster
    plan: Plan
    observed: Mapping[str, Observed]
    wished: str
    good: str
    reasons: Mapping[str, str]
    now: dt.datetime
    refusal: str = ""

    @property
    def waiting(self) -> tuple[str, ...]:
        """The parts that do not have all their pods ready, in the order of a rollout."""
        return tuple(key for key, each in self.observed.items() if not each.is_settled)

    @property
    def is_changing(self) -> bool:
        """Whether a change of settings is on its way, forward or back."""
        is_given = self.good == self.plan.revision and self.has_settings
        return bool(self.good) and (not is_given or self.is_returning)

    @property
    def turn(self) -> str:
        """The part that is being made or changed, if one is."""
        return self.plan.at if self.is_changing or not self.good else ""

    @property
    def has_settings(self) -> bool:
        """Whether every part was given what the plan is to end with."""
        return all(
            each.seen.settings == self.plan.settings[key] for key, each in self.observed.items()
        )

    @property
    def is_rolled_back(self) -> bool:
        """Whether what the spec asks for was given up."""
        return self.plan.revision != self.wished

    @property
    def is_returning(self) -> bool:
        """Whether what was given up is still being taken back; pods that fail later are not it."""
        return self.is_rolled_back and bool(self.waiting) and not self.is_back

    @property
    def is_back(self) -> bool:
        """Whether the status told of what was given up, and that it is no part's turn any more."""
        before = self.cluster.status.rollout
        if before is UNSET:
            return False
        return before.failed == self.plan.failed and before.service is UNSET

    @property
    def is_begun(self) -> bool:
        """Whether there is anything of it yet."""
        return any(each.seen.settings for each in self.observed.values())

    @property
    def is_down(self) -> bool:
        """Whether some part has had no ready pod for longer than a rollout may take."""
        deadline = self.cluster.spec.rollout.progress_deadline.seconds
        return any((each.down_for or 0.0) > deadline for each in self.observed.values())


def phase(found: Findings) -> Phase:
    """Return the state of the whole cluster.

    A change goes on until all pods are ready and no child is refused. Pods that fail later do not
    make one of it: the cluster stays Running, and is Degraded.
    """
    if found.plan.stuck or found.is_down:
        return "Failed"
    if found.refusal and found.cluster.status.phase in _UNDER_WAY:
        return found.cluster.status.phase
    if not found.good:
        return "Creating" if found.is_begun else "Pending"
    is_scaling = any(each.is_scaling for each in found.observed.values())
    is_finishing = found.waiting and found.cluster.status.phase in _UNDER_WAY
    return "Updating" if found.is_changing or is_scaling or is_finishing else "Running"


def status(found: Findings) -> Found:
    """Return the status without its conditions, which are merged by type."""
    services = {
        _BY_KEY[key].field: ServiceStatus(
            ready=each.is_settled,
            replicas=each.replicas,
            ready_replicas=each.ready_replicas,
            revision=each.seen.settings or UNSET,
        )
        for key, each in found.observed.items()
    }
    ready = sum(each.is_settled for each in found.observed.values())
    return Found(
        observed_generation=found.cluster.metadata.generation,
        phase=phase(found),
        services=ServicesStatus(**services),
        ready_services=f"{ready}/{len(found.observed)}",
        rollout=RolloutStatus(
            revision=found.plan.revision,
            good=found.good or UNSET,
            failed=found.plan.failed or UNSET,
            service=found.turn or UNSET,
            since=_since(found) if found.turn else UNSET,
        ),
    )


def _since(found: Findings) -> Time:
    """Return when the turn of the part began whose turn it is: just now, unless it is known."""
    before = found.cluster.status.rollout
    if before is not UNSET and before.since is not UNSET:
        is_same = (before.revision, before.service) == (found.plan.revision, found.turn)
        return before.since if is_same else Time.of(found.now)
    return Time.of(found.now)


def pending(cluster: PeninOmegaCluster) -> tuple[Found, Condition]:
    """Return the status of a cluster that was seen for the first time, and what is to say of it."""
    generation = cluster.metadata.generation
    seen = stated(cluster, "Ready", "Pending", "nothing of it has been made yet", is_so=False)
    return Found(observed_generation=generation, phase="Pending"), seen


def terminating(cluster: PeninOmegaCluster) -> Found:
    """Return the status of a cluster that is being deleted."""
    return Found(**{**_known(cluster), "phase": "Terminating"})


def refused(cluster: PeninOmegaCluster, why: str) -> tuple[Found, tuple[Condition, ...]]:
    """Return the status of a cluster of which nothing can be planned before this is taken."""
    seen = {"observed_generation": cluster.metadata.generation}
    return Found(**{**_known(cluster), **seen}), (
        stated(cluster, "Ready", _REFUSED, why, is_so=False),
        stated(cluster, "Degraded", _REFUSED, why, is_so=True),
    )


def _known(cluster: PeninOmegaCluster) -> dict[str, Any]:
    return {name: getattr(cluster.status, name) for name in Found.__struct_fields__}


def conditions(found: Findings) -> tuple[Condition, ...]:
    """Return all conditions of a cluster that is not being deleted."""
    return (ready(found), progressing(found), degraded(found), config_applied(found))


def ready(found: Findings) -> Condition:
    """Whether all services are healthy."""
    if found.refusal:
        return stated(found.cluster, "Ready", _REFUSED, found.refusal, is_so=False)
    if not found.waiting:
        message = f"{_HEALTHY}{_with_what(found)}"
        return stated(found.cluster, "Ready", "AllServicesHealthy", message, is_so=True)
    reason = "RolloutStuck" if found.plan.stuck else "ServicesNotReady"
    return stated(found.cluster, "Ready", reason, _what_is_missing(found), is_so=False)


def progressing(found: Findings) -> Condition:
    """Whether a change is on its way."""
    if found.plan.stuck:
        message = (
            f"{_title(found.plan.at)}: {found.plan.stuck.rstrip('.')}; nothing after it was changed"
        )
        return stated(found.cluster, "Progressing", "RolloutStuck", message, is_so=False)
    if not found.good:
        soak = found.cluster.spec.rollout.soak
        message = _what_is_missing(found) or f"all services are ready; each soaks for {soak}"
        return stated(found.cluster, "Progressing", "Creating", message, is_so=True)
    if not found.is_changing:
        return stated(
            found.cluster, "Progressing", "Settled", "no change is on its way", is_so=False
        )
    reason = "RollingBack" if found.is_rolled_back else "RollingOut"
    message = f"{_title(found.plan.at)} is being given revision {found.plan.revision}"
    return stated(found.cluster, "Progressing", reason, message, is_so=True)


def degraded(found: Findings) -> Condition:
    """Whether something is wrong that no change explains."""
    if found.refusal:
        return stated(found.cluster, "Degraded", _REFUSED, found.refusal, is_so=True)
    if found.plan.stuck:
        message = f"{_title(found.plan.at)}: {found.plan.stuck}"
        return stated(found.cluster, "Degraded", "RolloutStuck", message, is_so=True)
    if found.is_rolled_back:
        message = (
            f"revision {found.wished} did not become ready and was taken back; "
            "change the spec to try again"
        )
        return stated(found.cluster, "Degraded", "RolledBack", message, is_so=True)
    if found.waiting and phase(found) == "Running":
        return stated(
            found.cluster, "Degraded", "PodsNotReady", _what_is_missing(found), is_so=True
        )
    return stated(found.cluster, "Degraded", "AsExpected", "nothing is wrong", is_so=False)


def config_applied(found: Findings) -> Condition:
    """Whether all services run with what the spec says."""
    if not found.is_rolled_back and found.has_settings and found.plan.is_done:
        message = f"all services run with revision {found.wished}"
        return stated(found.cluster, "ConfigApplied", "Applied", message, is_so=True)
    message = f"not all services run with revision {found.wished}"
    return stated(found.cluster, "ConfigApplied", "NotYetApplied", message, is_so=False)


def _with_what(found: Findings) -> str:
    """Say so where services do not run what the spec says, as the message is all that many read."""
    if not found.is_rolled_back:
        return ""
    return f" with revision {found.plan.revision}, as {found.wished} was taken back"


def _what_is_missing(found: Findings) -> str:
    return "; ".join(_of_part(found, key) for key in found.waiting)


def _of_part(found: Findings, key: str) -> str:
    each = found.observed[key]
    if each.ready_replicas < each.replicas:
        text = f"{_title(key)}: {each.ready_replicas} of {each.replicas} pods ready"
    else:
        text = f"{_title(key)}: its new pods are not ready"
    reason = each.trouble or found.reasons.get(key, "")
    return f"{text} ({reason})" if reason else text


def _title(key: str) -> str:
    return _BY_KEY[key].title
