"""A decision as users read it, and as it can be gone through again without a cluster.

What is written holds the number that each step ended with, so `replayed` needs nothing else; if it
came to another number than the one that was written, the account would be wrong.
"""

from typing import Final

from msgspec import UNSET, UnsetType

from controller.runtime.intent import TargetRef
from informers.meta.microtime import MicroTime
from reconcilers.vertice.api.decision import (
    BoundsStatus,
    DecisionStatus,
    LimitsStatus,
    ProposalStatus,
    Reason,
    WindowStatus,
)
from reconcilers.vertice.scaler.decision import Decision, Situation
from reconcilers.vertice.scaler.groups import SECOND
from reconcilers.vertice.scaler.normal import spans_of
from reconcilers.vertice.scaler.rates import Window
from reconcilers.vertice.scaler.schedule import BY_SPEC
from reconcilers.vertice.scaler.votes import Vote, loudest
from reconcilers.vertice.scaler.words import pods, short

_DIGITS: Final = 4


def told(
    situation: Situation,
    decision: Decision,
    *,
    target: TargetRef,
    generation: int,
    guard: str = "",
) -> DecisionStatus:
    """Return the account of a decision."""
    normal = decision.normal
    return DecisionStatus(
        at=MicroTime(situation.now),
        generation=generation,
        current=situation.current,
        proposals=tuple(map(_proposal, situation.votes)),
        asked=UNSET if decision.asked is None else decision.asked,
        predicted=UNSET if decision.predicted is None else decision.predicted,
        bounds=BoundsStatus(
            least=decision.bounds.least, most=decision.bounds.most, by=short(decision.by)
        ),
        window=UNSET
        if normal is None
        else WindowStatus(least=normal.window.least, most=normal.window.most),
        stabilized=UNSET if normal is None else normal.stabilized,
        limits=_limits(decision),
        replicas=decision.replicas,
        guard=short(guard) if guard else UNSET,
        reason=decision.reason,
        message=short(message(situation, decision, target=target, guard=guard)),
    )


def replayed(account: DecisionStatus) -> int:
    """Go through a decision again, from its account alone."""
    current, bounds, limits = account.current, account.bounds, account.limits
    by_policy = UNSET if limits is UNSET else limits.policies
    by_hour = UNSET if limits is UNSET else limits.hour
    reached = current
    is_asked = account.asked is not UNSET or account.predicted is not UNSET
    if is_asked and account.window is not UNSET:
        window = Window(account.window.least, account.window.most)
        reached = _no_further(current, window.nearest(current), by_policy)
    if current or reached or bounds.least:
        reached = _within(bounds, reached, account)
    return _no_further(current, reached, by_hour)


def _within(bounds: BoundsStatus, reached: int, account: DecisionStatus) -> int:
    """Keep to the limits, where the workload is not left alone."""
    if account.reason in {"Idle", "ScalingDisabled"}:
        return account.current
    return min(max(reached, bounds.least), bounds.most)


def _no_further(current: int, reached: int, limit: int | UnsetType) -> int:
    if limit is UNSET:
        return reached
    return min(reached, limit) if reached > current else max(reached, limit)


def _limits(decision: Decision) -> LimitsStatus | UnsetType:
    policies = None if decision.normal is None else decision.normal.limit
    if policies is None and decision.hourly is None:
        return UNSET
    return LimitsStatus(
        policies=UNSET if policies is None else policies,
        hour=UNSET if decision.hourly is None else decision.hourly,
    )


def _proposal(vote: Vote) -> ProposalStatus:
    return ProposalStatus(
        metric=short(vote.name),
        replicas=UNSET if vote.replicas is None else vote.replicas,
        ratio=UNSET if vote.ratio is None else round(vote.ratio, _DIGITS),
        note=short(vote.note) if vote.note else UNSET,
    )


# In words


def message(situation: Situation, decision: Decision, *, target: TargetRef, guard: str = "") -> str:
    """Say a decision in a sentence; one that is held, as what would be done."""
    why, count = _why(situation, decision, target), pods(decision.replicas)
    is_kept, change = decision.replicas == situation.current, f"from {situation.current} to {count}"
    if guard:
        would = f"stay at {count}" if is_kept else f"go {change}"
        return f"would {would}: {why}; held: {guard}"
    return f"stays at {count}: {why}" if is_kept else f"{change}: {why}"


def _why(situation: Situation, decision: Decision, target: TargetRef) -> str:
    bounds, asked = decision.bounds, _asked(situation, decision)
    words: dict[Reason, str] = {
        "AsMeasured": asked,
        "WithinTolerance": "what is measured is near enough to what is aimed at",
        "HeldByWindow": f"{asked}, but {_lately(situation, decision)}",
        "LimitedByPolicy": f"{asked}; no faster, by the policies",
        "LimitedPerHour": f"{asked}; the hour allows no more of a change",
        "AtMinimum": f"{asked}; there are at least {bounds.least}",
        "AtMaximum": f"{asked}; there are at most {bounds.most}",
        "BySchedule": f"by {decision.by}",
        "ByFallback": asked,
        "ByPrediction": asked,
        "Activated": asked,
        "ScaledToZero": "nothing has asked for a pod for the cooldown",
        "Idle": "nothing asks for a pod",
        "ScalingDisabled": f"somebody else set it to 0; to go on: {_command(target)}",
        "MetricsMissing": _missing(situation),
        "MetricsRecovering": _missing(situation),
        "NoPodReady": "no pod is ready, so what is measured says nothing of the load",
    }
    return words[decision.reason]


def _asked(situation: Situation, decision: Decision) -> str:
    """Say who asks for how many."""
    metrics = _metrics(situation, decision)
    if decision.predicted is None:
        return metrics
    return f"{metrics}, what is foreseen for {decision.predicted}"


def _metrics(situation: Situation, decision: Decision) -> str:
    found = loudest(situation.votes)
    if found is not None:
        return _voice(found, is_kept=found.replicas == situation.current == decision.replicas)
    if situation.votes:
        return "no metric can be read"
    if decision.by == BY_SPEC:
        return "no entry of the schedule asks for any"
    return f"{decision.by} asks for {decision.bounds.least}"


def _voice(vote: Vote, *, is_kept: bool) -> str:
    """Say what one metric asks for, or what its absence does."""
    if vote.is_fallback:
        so = f"fallback's {vote.replicas} hold" if is_kept else f"fallback asks for {vote.replicas}"
        return f"{vote.name} cannot be read, so the {so}"
    if vote.is_unread:
        return f"{vote.name} cannot be read, which counts as {vote.replicas}"
    return f"{vote.name} asks for {vote.replicas}"


def _lately(situation: Situation, decision: Decision) -> str:
    """Say what was asked for within the window that holds the number; nothing if none does."""
    normal, wanted = decision.normal, decision.wanted
    if normal is None or wanted is None:
        return ""
    spans = spans_of(situation.behaviour)
    lately, window, name = (
        (normal.window.most, spans.down_window, "scaleDown")
        if wanted < normal.stabilized
        else (normal.window.least, spans.up_window, "scaleUp")
    )
    verb = "was" if lately == 1 else "were"
    return f"{lately} {verb} asked for within the last {window // SECOND} s ({name} window)"


def _command(target: TargetRef) -> str:
    """Write what takes a workload from 0."""
    group = "" if target.group == "apps" else f".{target.group}"
    workload = f"{target.kind.lower()}{group}/{target.name}"
    return f"kubectl scale {workload} -n {target.namespace} --replicas=1"


def _missing(situation: Situation) -> str:
    noted = [f"{each.name}: {each.note}" for each in situation.votes if each.note]
    return "; ".join(noted) if noted else "no metric can be read"
