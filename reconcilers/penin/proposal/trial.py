"""What becomes of a change that was applied: wait, keep it, or take it back. Pure functions.

First the services have to be ready with it (settle), then to stay so while no guard gets worse
(soak). What cannot be known at the end counts as worse. An edit of other fields by somebody else
begins the soak anew, within a limit that was fixed when the change was applied.
"""

import datetime as dt
import math
from typing import Final, Literal

import attrs
from msgspec import UNSET

from reconcilers.penin.api.architecting import Guard, SelfArchitecting
from reconcilers.penin.api.proposal import Expected, PeninProposal
from reconcilers.penin.api.v1alpha1 import MetricsStatus, PeninOmegaCluster
from reconcilers.penin.proposal.policy import Refusal

FIELDS: Final = {
    "alpha": "alpha",
    "deltaLinf": "delta_linf",
    "caosPlus": "caos_plus",
    "srScore": "sr_score",
}
"""What a figure is called in the type of status.metrics."""
SOAKS: Final = 2
"""How many soaks there may be after settling: one is begun anew when others edit the spec."""


@attrs.frozen(kw_only=True)
class Verdict:
    """What to do about a change on trial.

    With neither keep nor revert it goes on: `settled` says whether the services are ready with the
    present generation, `seconds` when to look again.
    """

    end: Literal["", "keep", "revert"] = ""
    reason: str = ""
    message: str = ""
    settled: bool = False
    seconds: float = 0.0


def figure(metrics: MetricsStatus | object, metric: str) -> float | None:
    """Return a figure, None if it is not known."""
    value = getattr(metrics, FIELDS[metric], None)
    return value if isinstance(value, int | float) else None


def unready(cluster: PeninOmegaCluster) -> str:
    """Say what keeps a cluster from being as its newest spec wants it; nothing if it is so."""
    status = cluster.status
    if status.observed_generation != cluster.metadata.generation:
        return "the operator has not looked at the newest spec yet"
    if status.phase != "Running":
        return f"the cluster is {status.phase or 'new'}"
    waiting = [] if status.services is UNSET else _not_ready(status.services)
    return f"not ready: {', '.join(waiting)}" if waiting else ""


def _not_ready(services: object) -> list[str]:
    names = getattr(services, "__struct_fields__", ())
    found = ((name, getattr(services, name)) for name in names)
    return [name for name, each in found if each is not UNSET and not each.ready]


def judge(proposal: PeninProposal, cluster: PeninOmegaCluster, *, now: dt.datetime) -> Verdict:
    """Judge a change that was applied and that nobody else has touched."""
    policy, status = cluster.spec.self_architecting, proposal.status
    if status.applied_at is UNSET:
        return Verdict()
    since = now - status.applied_at.datetime
    settled = (
        status.settled_at is not UNSET and status.settled_generation == cluster.metadata.generation
    )
    if cluster.status.phase == "Failed":
        return _revert("PhaseFailed", "the cluster has failed with it")
    trouble = unready(cluster)
    if trouble:
        return _settling(
            cluster, trouble, since, was_settled=status.settled_at is not UNSET, settled=settled
        )
    if not settled:
        return Verdict(settled=True, seconds=policy.soak.seconds)
    assert status.settled_at is not UNSET, "it was asked above"
    return _soaking(proposal, cluster, soaked=now - status.settled_at.datetime)


def _settling(
    cluster: PeninOmegaCluster,
    trouble: str,
    since: dt.timedelta,
    *,
    was_settled: bool,
    settled: bool,
) -> Verdict:
    """Judge one whose services are not ready: not yet, or not any more."""
    policy = cluster.spec.self_architecting
    if settled and cluster.status.observed_generation == cluster.metadata.generation:
        return _revert("GuardFailed", f"while it was on trial: {trouble}")
    limit = policy.settle.timedelta
    if was_settled:
        limit += SOAKS * policy.soak.timedelta
    if since >= limit:
        return _revert("NotSettled", f"{trouble}, {_seconds(since)} s after it was applied")
    left = (limit - since).total_seconds()
    return Verdict(reason="Settling", message=trouble, seconds=left)


def _soaking(
    proposal: PeninProposal, cluster: PeninOmegaCluster, *, soaked: dt.timedelta
) -> Verdict:
    """Judge one whose services are ready with it."""
    policy, status = cluster.spec.self_architecting, proposal.status
    for guard in policy.guards:
        before, value = (
            figure(metrics, guard.metric) for metrics in (status.baseline, cluster.status.metrics)
        )
        if before is not None and value is not None and is_worse(guard, before, value):
            message = f"{guard.metric} went from {before:g} to {value:g}"
            return _revert("GuardFailed", message)
    left = policy.soak.seconds - soaked.total_seconds()
    if left > 0:
        message = "all services are ready with it and no guard has got worse"
        return Verdict(reason="Soaking", message=message, settled=True, seconds=left)
    missing = _missing(policy, proposal, cluster)
    if missing:
        message = f"{', '.join(missing)} could not be read, so nobody knows whether it got worse"
        return _revert("GuardUnknown", message)
    return _expectation(policy, proposal, cluster)


def _missing(
    policy: SelfArchitecting, proposal: PeninProposal, cluster: PeninOmegaCluster
) -> list[str]:
    asked = [guard.metric for guard in policy.guards]
    expected = proposal.spec.expected
    if policy.require_expected and expected is not UNSET and expected.metric not in asked:
        asked.append(expected.metric)
    metrics = (proposal.status.baseline, cluster.status.metrics)
    return [name for name in asked if any(figure(each, name) is None for each in metrics)]


def _expectation(
    policy: SelfArchitecting, proposal: PeninProposal, cluster: PeninOmegaCluster
) -> Verdict:
    """Judge by what its proposer expected."""
    expected = proposal.spec.expected
    if expected is UNSET:
        return Verdict(end="keep", reason="GuardsHeld", message="no guard got worse")
    before = figure(proposal.status.baseline, expected.metric)
    value = figure(cluster.status.metrics, expected.metric)
    if before is None or value is None:
        message = f"no guard got worse; {expected.metric} is not known"
        return Verdict(end="keep", reason="GuardsHeld", message=message)
    change = f"{expected.metric} went from {before:g} to {value:g}"
    if has_come_true(expected, before, value):
        return Verdict(end="keep", reason="AsExpected", message=f"{change}, as expected")
    if policy.require_expected:
        message = f"{change}, and was to {expected.direction.lower()} by {expected.by:g}"
        return _revert("NotAsExpected", message)
    return Verdict(end="keep", reason="GuardsHeld", message=f"no guard got worse; {change}")


def is_worse(guard: Guard, before: float, value: float) -> bool:
    """Whether a figure got worse by more than is tolerated, rounding of fractions apart."""
    tolerated = max(guard.absolute, guard.relative * abs(before))
    worse = before - value if guard.must_not == "Fall" else value - before
    return worse > tolerated and not math.isclose(worse, tolerated)


def has_come_true(expected: Expected, before: float, value: float) -> bool:
    """Whether a figure went where it was expected, far enough."""
    way = value - before if expected.direction == "Rise" else before - value
    return way >= expected.by or math.isclose(way, expected.by)


def lacking(policy: SelfArchitecting, cluster: PeninOmegaCluster) -> Refusal | None:
    """Say which guards cannot be compared later, because they are not known now."""
    missing = [
        guard.metric
        for guard in policy.guards
        if figure(cluster.status.metrics, guard.metric) is None
    ]
    if not missing:
        return None
    message = f"waits until status.metrics of the cluster has {', '.join(missing)}"
    return Refusal(reason="NoBaseline", message=message)


def _revert(reason: str, message: str) -> Verdict:
    return Verdict(end="revert", reason=reason, message=message)


def _seconds(length: dt.timedelta) -> int:
    return round(length.total_seconds())
