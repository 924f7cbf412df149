"""One decision, whole: votes, the clock, windows, policies, limits, and how all that is told.

The numbers are those of `turn`, which are the HorizontalPodAutoscaler's. What is added around them:

- Without a ready pod nothing goes down for what is measured: an outage is not a lack of load.
- A metric that cannot be read means what its `onMissing` says, but for the last pod: whoever is
  left out may be asking for it. One that was read again after it failed lowers nothing for a whole
  window, as rates are low after a gap.
- No pods at all: only where the spec allows it, when no trigger has been active for the cooldown
  and nothing else asks for more than one pod; and back as soon as one is active. A workload that
  somebody else set to 0 is left alone.
- What is foreseen raises what metrics ask for together, and lowers nothing. It neither wakes a
  workload nor keeps its last pod.
- What may come and go within an hour can be limited, whoever asks for it.

Everything is computed from a `Situation`, so a decision can be gone through again anywhere.
"""

from collections.abc import Sequence
from typing import Final

import attrs

from reconcilers.vertice.api.decision import Reason
from reconcilers.vertice.scaler.groups import SECOND
from reconcilers.vertice.scaler.history import Past, Spans
from reconcilers.vertice.scaler.normal import Behaviour, Bounds, Normal, normalized, spans_of
from reconcilers.vertice.scaler.schedule import BY_SPEC, Limits
from reconcilers.vertice.scaler.turn import turn
from reconcilers.vertice.scaler.votes import Vote, loudest

HOUR: Final = 3600 * SECOND


@attrs.frozen(kw_only=True)
class Hourly:
    """How many pods may come and go within an hour; None is no limit."""

    up: int | None = None
    down: int | None = None


@attrs.frozen(kw_only=True)
class Situation:
    """All that a decision follows from. Times are nanoseconds since 1970.

    `ready` counts the workload's ready pods; `is_zeroed` says that it was us who left it without
    pods, `active_at` when something last asked for one; `predicted` is how many pods a forecast
    asks for that may act.
    """

    current: int
    ready: int
    limits: Limits
    votes: tuple[Vote, ...]
    behaviour: Behaviour | None
    past: Past
    now: int
    hourly: Hourly = Hourly()
    cooldown: int = 300 * SECOND
    is_zeroed: bool = False
    active_at: int | None = None
    predicted: int | None = None


@attrs.frozen(kw_only=True)
class Decision:
    """What is to be, and each step on the way; a step that was not taken is None."""

    replicas: int
    reason: Reason = "AsMeasured"
    past: Past
    active_at: int | None
    bounds: Bounds
    by: str
    asked: int | None = None
    predicted: int | None = None
    normal: Normal | None = None
    hourly: int | None = None

    @property
    def wanted(self) -> int | None:
        """What metrics ask for together, or what a forecast raised that to."""
        return self.asked if self.predicted is None else self.predicted


def decide(situation: Situation) -> Decision:
    """Say what is to be."""
    active_at = _active_at(situation)
    if not situation.current:
        return _from_nothing(situation, active_at)
    may_sleep = _may_sleep(situation, active_at)
    bounds = _bounds(situation, may_sleep=may_sleep)
    asked = _asked(situation, bounds, may_sleep=may_sleep)
    predicted = None if may_sleep and asked == 0 else _raised(situation, asked)
    found = turn(
        situation.current,
        [asked if predicted is None else predicted],
        bounds,
        situation.behaviour,
        past=situation.past,
        now=situation.now,
    )
    decision = Decision(
        replicas=found.replicas,
        past=found.past,
        active_at=active_at,
        bounds=bounds,
        by=situation.limits.by,
        asked=None if found.asked is None else asked,
        predicted=None if found.asked is None else predicted,
        normal=found.normal,
    )
    decision = attrs.evolve(decision, reason=_reason(situation, decision))
    return _within_the_hour(situation, decision)


def remembered(situation: Situation, decision: Decision) -> Past:
    """Return what to remember once the workload was changed as decided."""
    if decision.replicas == situation.current:
        return decision.past
    return decision.past.scaled(
        situation.current, decision.replicas, spans=spans(situation), now=situation.now
    )


def spans(situation: Situation) -> Spans:
    """Return for how long what happened matters."""
    found, hourly = spans_of(situation.behaviour), situation.hourly
    return attrs.evolve(
        found,
        up_period=found.up_period if hourly.up is None else HOUR,
        down_period=found.down_period if hourly.down is None else HOUR,
    )


# No pods at all


def _active_at(situation: Situation) -> int | None:
    """Return when something last asked for a pod."""
    is_active = any(each.is_active for each in situation.votes)
    return situation.now if is_active else situation.active_at


def _may_sleep(situation: Situation, active_at: int | None) -> bool:
    """Whether there may be no pods now: all triggers are known to be idle, and have been."""
    triggers = [each for each in situation.votes if each.is_trigger]
    if situation.limits.bounds.least or not all(each.is_idle for each in triggers):
        return False
    return active_at is not None and situation.now - active_at >= situation.cooldown


def _bounds(situation: Situation, *, may_sleep: bool) -> Bounds:
    found = situation.limits.bounds
    if found.least or may_sleep:
        return found
    return attrs.evolve(found, least=min(1, found.most))


def _from_nothing(situation: Situation, active_at: int | None) -> Decision:
    """Say what is to become of a workload without pods; it is left so if others left it so."""
    is_active = any(each.is_active for each in situation.votes)
    found = situation.limits.bounds
    bounds = attrs.evolve(found, least=min(max(found.least, int(is_active)), found.most))
    decision = Decision(
        replicas=0,
        reason="Idle" if situation.is_zeroed else "ScalingDisabled",
        past=situation.past,
        active_at=active_at,
        bounds=bounds,
        by=situation.limits.by,
    )
    if not situation.is_zeroed or not bounds.least:
        return decision
    asked = max([bounds.least, *_numbers(situation.votes)])
    normal = normalized(
        0, asked, bounds, situation.behaviour, past=situation.past, now=situation.now
    )
    woken = attrs.evolve(
        decision,
        replicas=max(normal.replicas, bounds.least),
        reason="Activated" if is_active or situation.limits.by == BY_SPEC else "BySchedule",
        past=situation.past.recommended(asked, spans=spans(situation), now=situation.now),
        asked=asked,
        normal=normal,
    )
    return _within_the_hour(situation, woken)


# What metrics ask for


def _asked(situation: Situation, bounds: Bounds, *, may_sleep: bool) -> int | None:
    """Return what votes ask for together; None if that cannot be told, or would lower blindly."""
    votes = [each for each in situation.votes if not each.is_left_out]
    if not votes:
        return None if situation.votes else bounds.least
    awake = [each for each in votes if not (may_sleep and each.is_idle)]
    most = max(_numbers(awake), default=0 if may_sleep else None)
    if most is None or (most < situation.current and not _may_lower(situation, votes)):
        return None
    return 0 if may_sleep and most <= 1 else max(0, most)


def _raised(situation: Situation, asked: int | None) -> int | None:
    """Return to how many pods a forecast raises it; None if it does not.

    Where it cannot be told what metrics ask for, as many as there are stay.
    """
    base, predicted = situation.current if asked is None else asked, situation.predicted
    return predicted if predicted is not None and predicted > base else None


def _may_lower(situation: Situation, votes: Sequence[Vote]) -> bool:
    return bool(situation.ready) and all(
        each.replicas is not None and not each.is_recovering for each in votes
    )


def _numbers(votes: Sequence[Vote]) -> list[int]:
    return [each.replicas for each in votes if each.replicas is not None]


# Limits of an hour, and the word for it all


def _within_the_hour(situation: Situation, decision: Decision) -> Decision:
    """Allow only as much of a change as the hour has left."""
    current, begin = situation.current, situation.now - HOUR
    if decision.replicas > current and situation.hourly.up is not None:
        used = sum(each.change for each in situation.past.ups if each.at > begin)
        edge = current + max(0, situation.hourly.up - used)
        replicas = min(decision.replicas, edge)
    elif decision.replicas < current and situation.hourly.down is not None:
        used = sum(each.change for each in situation.past.downs if each.at > begin)
        edge = current - max(0, situation.hourly.down - used)
        replicas = max(decision.replicas, edge)
    else:
        return decision
    if replicas == decision.replicas:
        return decision
    return attrs.evolve(decision, replicas=replicas, hourly=edge, reason="LimitedPerHour")


def _reason(situation: Situation, decision: Decision) -> Reason:
    """Return the step that decided, in a word: the last one that changed the number."""
    if not decision.replicas:
        return "BySchedule" if decision.by != BY_SPEC else "ScaledToZero"
    if decision.wanted is None or decision.normal is None:
        return _unasked(situation, decision)
    asked, bounds = decision.wanted, decision.bounds
    if decision.replicas == asked:
        if decision.predicted is not None:
            return "ByPrediction"
        return _voice(situation, decision)
    if asked > bounds.most == decision.replicas or asked < bounds.least == decision.replicas:
        return _edge(decision, is_least=asked < bounds.least)
    is_held = decision.normal.stabilized == decision.replicas
    return "HeldByWindow" if is_held else "LimitedByPolicy"


def _unasked(situation: Situation, decision: Decision) -> Reason:
    """Say why metrics did not count."""
    current, bounds = situation.current, decision.bounds
    if not bounds.least <= current <= bounds.most:
        return _edge(decision, is_least=current < bounds.least)
    votes = [each for each in situation.votes if not each.is_left_out]
    if not votes or any(each.replicas is None for each in votes):
        return "MetricsMissing"
    return "MetricsRecovering" if situation.ready else "NoPodReady"


def _edge(decision: Decision, *, is_least: bool) -> Reason:
    if decision.by != BY_SPEC:
        return "BySchedule"
    return "AtMinimum" if is_least else "AtMaximum"


def _voice(situation: Situation, decision: Decision) -> Reason:
    """Say who asked for what there is to be; where nothing is listened to, the limits did."""
    found = loudest(situation.votes)
    if found is None:
        return _edge(decision, is_least=True)
    if found.is_fallback:
        return "ByFallback"
    return "WithinTolerance" if decision.asked == situation.current else "AsMeasured"
