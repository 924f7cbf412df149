"""What there is to say of a scaler after a look, and whether it is worth a write.

Figures change at every look, and nobody reads them four times a minute: so the status is written
when something happened (a number, a limit, a condition, the reason), else once a minute. What must
not be lost is safe with `memory`.
"""

import datetime as dt
from typing import Final

import attrs
from msgspec import UNSET, UnsetType, structs

from controller.runtime.stated import stated
from informers.meta.conditions import Condition
from informers.meta.duration import SECOND
from informers.meta.microtime import Time
from reconcilers.vertice.api.decision import (
    CurrentMetric,
    DecisionStatus,
    ScheduleStatus,
)
from reconcilers.vertice.api.measured import Metric
from reconcilers.vertice.api.prediction import PredictionStatus
from reconcilers.vertice.api.scaler import VerticeScaler, VerticeScalerStatus
from reconcilers.vertice.scaler.guard import Guard
from reconcilers.vertice.scaler.listening import Figure
from reconcilers.vertice.scaler.memory import Memories
from reconcilers.vertice.scaler.reading.workloads import Scale
from reconcilers.vertice.scaler.scale import ASKED_AGAIN
from reconcilers.vertice.scaler.schedule import InForce
from reconcilers.vertice.scaler.words import short

AT_LEAST_EVERY: Final = 60 * SECOND
READY: Final = "Ready"
ABLE: Final = "AbleToScale"
ACTIVE: Final = "ScalingActive"
LIMITED: Final = "ScalingLimited"
ZEROED: Final = "ScaledToZero"
_UNMEASURED: Final = frozenset({"MetricsMissing", "MetricsRecovering", "NoPodReady"})
_LIMITING: Final = frozenset(
    {"AtMinimum", "AtMaximum", "LimitedByPolicy", "LimitedPerHour", "BySchedule"}
)


@attrs.frozen(kw_only=True)
class Findings:
    """What came of a look at a scaler whose target could be read.

    `guard` is what kept the decision from being carried out, `rival` who else scales the target;
    `scaled_at` is when it was last changed.
    """

    scaler: VerticeScaler
    scale: Scale
    account: DecisionStatus
    figures: tuple[Figure, ...]
    prediction: PredictionStatus | UnsetType = UNSET
    memories: Memories
    in_force: InForce
    rival: str = ""
    guard: Guard | None = None
    scaled_at: Time | None = None


def status(found: Findings) -> VerticeScalerStatus:
    """Return the status without its conditions, which are merged by type."""
    before, account = found.scaler.status, found.account
    metrics = zip(found.scaler.spec.metrics, found.figures, strict=True)
    return VerticeScalerStatus(
        observed_generation=found.scaler.metadata.generation,
        current_replicas=found.scale.shown,
        desired_replicas=account.replicas,
        current_metrics=tuple(_metric(metric, figure) for metric, figure in metrics),
        last_scale_time=found.scaled_at or before.last_scale_time,
        schedule=_schedule(found.in_force),
        decision=account,
        prediction=found.prediction,
        history=found.memories.told(),
        original_replicas=_original(found),
        selector=found.scale.selector,
    )


def conditions(found: Findings) -> tuple[Condition, ...]:
    """Return all conditions of a scaler whose target could be read.

    `Ready` says all that people look for first: what is wrong, what holds a decision, or how it
    came about.
    """
    able, active, account = _able(found), _active(found), found.account
    worse = [each for each in (able, active) if each.status == "False"]
    if worse:
        ready = stated(found.scaler, READY, worse[0].reason, worse[0].message, is_so=False)
    else:
        reason = account.reason if found.guard is None else found.guard.word
        ready = stated(found.scaler, READY, reason, account.message, is_so=True)
    return (ready, able, active, _limited(found), _zeroed(found))


def intended(scaler: VerticeScaler, memories: Memories, current: int) -> VerticeScalerStatus | None:
    """Return what has to be told before a change, should nobody live to tell it after; or nothing.

    That is how many pods there were before the first one, and who takes the last pod.
    """
    before = scaler.status
    if before.original_replicas is not UNSET and not memories.is_zeroed:
        return None
    original = current if before.original_replicas is UNSET else before.original_replicas
    return structs.replace(before, history=memories.told(), original_replicas=original)


def unable(
    scaler: VerticeScaler, reason: str, message: str, scale: Scale | None = None
) -> tuple[VerticeScalerStatus, tuple[Condition, ...]]:
    """Return the status of a scaler that can do nothing for now: what it knew holds no more.

    What a later look goes on with stays, and how many pods there are, where that could be read.
    """
    before = scaler.status
    kept = VerticeScalerStatus(
        observed_generation=scaler.metadata.generation,
        current_replicas=UNSET if scale is None else scale.shown,
        last_scale_time=before.last_scale_time,
        history=before.history,
        original_replicas=before.original_replicas,
    )
    kinds = (ABLE, READY, ACTIVE, LIMITED, ZEROED)
    return kept, tuple(stated(scaler, each, reason, message, is_so=False) for each in kinds)


def withheld(scaler: VerticeScaler, why: str) -> Condition:
    """Say that the target could be scaled, and why it is not."""
    return stated(scaler, ABLE, "Withheld", why, is_so=True)


def was_refused(scaler: VerticeScaler) -> bool:
    """Whether the last scale was refused by whoever may say so."""
    known = () if scaler.status.conditions is UNSET else scaler.status.conditions
    return any(each.type == ABLE and each.reason in ASKED_AGAIN for each in known)


def is_worth_telling(
    before: VerticeScalerStatus, after: VerticeScalerStatus, said: tuple[Condition, ...]
) -> bool:
    """Whether a status is to be written now."""
    if before.decision is UNSET or after.decision is UNSET:
        return True
    if _facts(before) != _facts(after) or _words(before) != _words(after, said):
        return True
    # One from the future was of a clock that has been set right since, or of nobody's.
    since = after.decision.at.nanoseconds - before.decision.at.nanoseconds
    return not 0 <= since < AT_LEAST_EVERY


def _facts(status: VerticeScalerStatus) -> tuple[object, ...]:
    """Return what is news when it changes."""
    account, foreseen = status.decision, status.prediction
    decided = () if account is UNSET else (account.bounds, account.reason, account.guard)
    return (
        status.observed_generation,
        status.current_replicas,
        status.desired_replicas,
        status.schedule,
        status.selector,
        None if foreseen is UNSET else foreseen.reason,
        *decided,
    )


def _words(
    status: VerticeScalerStatus, said: tuple[Condition, ...] = ()
) -> dict[str, tuple[str, str]]:
    known = () if status.conditions is UNSET else status.conditions
    kinds = {READY, ABLE, ACTIVE, LIMITED, ZEROED}
    return {each.type: (each.status, each.reason) for each in said or known if each.type in kinds}


# Parts


def _metric(metric: Metric, figure: Figure) -> CurrentMetric:
    is_named = metric.type in {"custom", "external"}
    heard = figure.heard
    return CurrentMetric(
        type=metric.type,
        name=short(heard.name.partition(" ")[2]) if is_named else UNSET,
        current=figure.current or UNSET,
        target=figure.target,
        error=short(heard.error) if heard.error else UNSET,
    )


def _schedule(in_force: InForce) -> ScheduleStatus:
    entry = in_force.entry
    return ScheduleStatus(
        entry=UNSET if entry is None else entry.cron,
        since=_time(in_force.since),
        next=_time(in_force.next),
    )


def _original(found: Findings) -> int | UnsetType:
    """Return how many pods there were before the first change; nothing if there was none."""
    known = found.scaler.status.original_replicas
    is_first = known is UNSET and found.scaled_at is not None
    return found.account.current if is_first else known


def _time(moment: dt.datetime | None) -> Time | UnsetType:
    return UNSET if moment is None else Time.of(moment)


def _able(found: Findings) -> Condition:
    if found.rival:
        target = found.scaler.spec.target
        message = (
            f"{found.rival} scales {target.kind} {target.name}, too, and the two would undo each "
            "other's work, so this one changes nothing: delete one of the two; if that is "
            f"{found.rival}, this one goes on from the pods that there are"
        )
        return stated(found.scaler, ABLE, "OwnedByAnother", message, is_so=False)
    if found.guard is not None:
        return withheld(found.scaler, found.guard.why)
    return stated(found.scaler, ABLE, "ReadyForNewScale", "the target can be scaled", is_so=True)


def _active(found: Findings) -> Condition:
    account = found.account
    if account.reason == "ScalingDisabled":
        return stated(found.scaler, ACTIVE, account.reason, account.message, is_so=False)
    errors = [each.heard for each in found.figures if each.heard.error]
    if errors:
        text = "; ".join(f"{each.name}: {each.error}" for each in errors)
        return stated(found.scaler, ACTIVE, "MetricsMissing", text, is_so=False)
    if account.reason in _UNMEASURED:
        return stated(found.scaler, ACTIVE, account.reason, account.message, is_so=True)
    if not found.figures:
        message = "no metric is listened to: the clock alone decides"
        return stated(found.scaler, ACTIVE, "NoMetrics", message, is_so=True)
    return stated(found.scaler, ACTIVE, "Measured", "all that is listened to is heard", is_so=True)


def _limited(found: Findings) -> Condition:
    account = found.account
    if account.reason in _LIMITING:
        return stated(found.scaler, LIMITED, account.reason, account.message, is_so=True)
    message = "neither a limit, a policy nor the schedule has the last word"
    return stated(found.scaler, LIMITED, "WithinLimits", message, is_so=False)


def _zeroed(found: Findings) -> Condition:
    if found.memories.is_zeroed and found.rival:
        message = f"there are no pods, and {found.rival} decides when there are some"
        return stated(found.scaler, ZEROED, "OwnedByAnother", message, is_so=False)
    if found.memories.is_zeroed:
        message = "there are no pods as none were needed; they come back when some are"
        return stated(found.scaler, ZEROED, "Idle", message, is_so=True)
    if found.account.reason == "ScalingDisabled":
        message = "there are no pods, but it was not this scaler who took the last one"
        return stated(found.scaler, ZEROED, "ScalingDisabled", message, is_so=False)
    return stated(found.scaler, ZEROED, "InUse", "there are pods", is_so=False)
