"""What there is to say of an experiment: pure functions of what was found and added up."""

import math
from collections.abc import Mapping
from typing import Final

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from controller.runtime.stated import stated
from informers.meta.conditions import Condition
from informers.meta.microtime import Time
from reconcilers.penin.api.evidence import (
    ArmState,
    ArmStatus,
    ExperimentState,
    ExperimentTimes,
    WeightStatus,
)
from reconcilers.penin.api.experiment import (
    MOST_TEXT,
    ExperimentPhase,
    PeninExperiment,
    PeninExperimentStatus,
)
from reconcilers.penin.cluster.observed import Observed
from reconcilers.penin.experiment.guards import Pods, judge
from reconcilers.penin.experiment.progress import Scene, Why
from reconcilers.penin.experiment.sequence import mean, shown
from reconcilers.penin.experiment.splitter import Split
from reconcilers.penin.experiment.verdict import (
    Decision,
    Terms,
    arm_interval,
    effect_status,
    sample_ratio,
)

COMPLETE: Final = "Complete"
PROMOTED: Final = "Promoted"
_SAYS: Final[Mapping[ExperimentPhase, str]] = {
    "Starting": "the challenger's pods are being started",
    "WarmUp": "the challenger's pods are ready and get requests; nothing is counted yet",
    "Running": "champion and challenger are being measured",
}


def waiting(experiment: PeninExperiment, why: Why) -> PeninExperimentStatus:
    """Return the status of an experiment that cannot begin yet."""
    return PeninExperimentStatus(
        observed_generation=experiment.metadata.generation,
        phase="Pending",
        reason=why.reason,
        message=_short(why.message),
    )


def _short(message: str) -> str:
    """Return as much of a message as a status takes: it may hold what others said."""
    return message if len(message) <= MOST_TEXT else f"{message[: MOST_TEXT - 1]}…"


def arm(found: Observed, *, revision: str, image: str) -> ArmStatus:
    """Return what the API server shows of an arm."""
    return ArmStatus(
        revision=revision,
        image=image,
        replicas=found.replicas,
        ready_replicas=found.ready_replicas,
    )


def under_way(
    found: PeninExperimentStatus, scene: Scene, split: Split, phase: ExperimentPhase
) -> PeninExperimentStatus:
    """Return the status of an experiment that goes on."""
    told = replace(
        found,
        observed_generation=scene.experiment.metadata.generation,
        phase=phase,
        reason=phase,
        message=_SAYS[phase],
        conditions=UNSET,
    )
    return _measured(told, scene, split)


def finished(
    found: PeninExperimentStatus, scene: Scene, split: Split, decision: Decision, *, now: Time
) -> PeninExperimentStatus:
    """Return the status of an experiment that is over; of its pods nothing is kept by name."""
    times = ExperimentTimes() if found.times is UNSET else found.times
    told = replace(
        _measured(found, scene, split),
        observed_generation=scene.experiment.metadata.generation,
        phase="Finished",
        verdict=decision.verdict,
        reason=decision.reason,
        message=_short(decision.message),
        times=replace(times, finished=now),
        conditions=UNSET,
    )
    return told if told.state is UNSET else replace(told, state=_forgotten(told.state))


def _measured(found: PeninExperimentStatus, scene: Scene, split: Split) -> PeninExperimentStatus:
    """Fill in what was measured so far."""
    state = ExperimentState() if found.state is UNSET else found.state
    terms = Terms.of(scene.experiment.spec)
    pods = Pods(champion=scene.champion.replicas, challenger=scene.challenger.replicas)
    is_measuring = found.times is not UNSET and found.times.running is not UNSET
    guards = tuple(judge(check, state, alpha=terms.alpha, pods=pods) for check in terms.checks)
    return replace(
        found,
        weight=WeightStatus(reached=_reached(found, scene, split), sticky=split.sticky),
        champion=_arm(_resized(found.champion, scene), scene.champion, state.champion, terms),
        challenger=_arm(found.challenger, scene.challenger, state.challenger, terms),
        effect=effect_status(terms, state) or UNSET,
        guards=guards if is_measuring else UNSET,
        sample_ratio=sample_ratio(state, tolerance=terms.tolerance, share=split.share) or UNSET,
    )


def _reached(found: PeninExperimentStatus, scene: Scene, split: Split) -> float:
    """Return the challenger's per cent: of the pods that are wanted now, where those decide."""
    if split.share is not None or found.challenger is UNSET:
        return split.reached
    total = found.challenger.replicas + scene.champion.replicas
    return round(100 * found.challenger.replicas / total, 1) if total else 0.0


def _resized(champion: ArmStatus | UnsetType, scene: Scene) -> ArmStatus | UnsetType:
    """Return the champion with as many pods as it has now; a challenger's number stays."""
    if champion is UNSET:
        return UNSET
    return replace(champion, replicas=scene.champion.replicas)


def _arm(
    before: ArmStatus | UnsetType, seen: Observed, state: ArmState, terms: Terms
) -> ArmStatus | UnsetType:
    """Return what is known of an arm; how many pods a challenger has was settled at the start."""
    if before is UNSET:
        return UNSET
    told = replace(before, ready_replicas=seen.ready_replicas)
    if state.pods:
        told = replace(told, read_pods=sum(each.served for each in state.pods.values()))
    if not state.primary.count:
        return told
    interval = arm_interval(terms, state.primary)
    return replace(
        told,
        samples=round(state.primary.count),
        batches=state.primary.batches,
        mean=shown(mean(state.primary)),
        lower=shown(interval.lower) if math.isfinite(interval.lower) else UNSET,
        upper=shown(interval.upper) if math.isfinite(interval.upper) else UNSET,
    )


def _forgotten(state: ExperimentState) -> ExperimentState:
    """Return what is kept of the sums once nothing is added any more: no pod by name."""
    return replace(
        state,
        champion=replace(state.champion, pods={}),
        challenger=replace(state.challenger, pods={}),
    )


def complete(experiment: PeninExperiment, decision: Decision | None) -> Condition:
    """Whether there is a verdict."""
    if decision is None:
        return stated(experiment, COMPLETE, "UnderWay", "there is no verdict yet", is_so=False)
    message = f"{decision.verdict}: {decision.message}"
    return stated(experiment, COMPLETE, decision.reason, message, is_so=True)


def promoted(experiment: PeninExperiment, reason: str, message: str, *, is_so: bool) -> Condition:
    """Whether the challenger is in the cluster's spec."""
    return stated(experiment, PROMOTED, reason, message, is_so=is_so)
