"""How far an experiment is, and whether it goes on. Pure functions of what was found.

Phases follow each other: Pending until nothing stands in the way, Starting until the challenger's
pods are ready, WarmUp, Running, Finished. Seconds of a phase are added up from one look to the
next and kept in the status, so that neither a new manager nor a clock that steps back loses any.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Final

import attrs
from msgspec import UNSET
from msgspec.structs import replace

from informers.meta.conditions import is_true
from informers.meta.duration import SECOND
from informers.meta.microtime import MicroTime, Time
from reconcilers.penin.api.evidence import ExperimentState
from reconcilers.penin.api.experiment import (
    ExperimentPhase,
    PeninExperiment,
    PeninExperimentStatus,
)
from reconcilers.penin.api.v1alpha1 import PeninOmegaCluster
from reconcilers.penin.cluster.observed import Observed
from reconcilers.penin.experiment.challenger import Pair
from reconcilers.penin.experiment.verdict import Decision

UNDER_WAY: Final[tuple[ExperimentPhase, ...]] = ("Starting", "WarmUp", "Running")


@attrs.frozen
class Why:
    """Why an experiment waits, in a word and in a sentence."""

    reason: str
    message: str


@attrs.frozen(kw_only=True)
class Scene:
    """What was found: the cluster, what its service runs, what is to run beside it."""

    experiment: PeninExperiment
    cluster: PeninOmegaCluster | None
    pair: Pair | None
    champion: Observed
    challenger: Observed
    before: PeninExperiment | None = None

    @property
    def phase(self) -> ExperimentPhase:
        """The phase as the status has it."""
        found = self.experiment.status.phase
        return "Pending" if found is UNSET else found

    @property
    def state(self) -> ExperimentState:
        """What was added up so far."""
        found = self.experiment.status.state
        return ExperimentState() if found is UNSET else found


def phase_of(experiment: PeninExperiment) -> ExperimentPhase:
    """Return the phase as the status has it."""
    found = experiment.status.phase
    return "Pending" if found is UNSET else found


def is_rival(one: PeninExperiment, other: PeninExperiment) -> bool:
    """Whether two try the same service; an experiment is its own rival."""
    mine, theirs = one.spec, other.spec
    return (mine.cluster, mine.service) == (theirs.cluster, theirs.service)


def first(experiments: Iterable[PeninExperiment]) -> PeninExperiment | None:
    """Return whose turn it is: who has begun, else who was there first."""
    waiting = [
        each
        for each in experiments
        if phase_of(each) != "Finished" and each.metadata.deletion_timestamp is UNSET
    ]
    return min(waiting, key=_order, default=None)


def _order(experiment: PeninExperiment) -> tuple[bool, str, str]:
    meta = experiment.metadata
    begun = phase_of(experiment) in UNDER_WAY
    return not begun, str(meta.creation_timestamp), str(meta.name)


def blocked(scene: Scene) -> Why | None:
    """Say what stands in the way of a start."""
    spec, cluster = scene.experiment.spec, scene.cluster
    if cluster is None:
        return Why("ClusterNotFound", f"there is no PeninOmegaCluster {spec.cluster} here")
    if scene.before is not None:
        name = scene.before.metadata.name
        return Why("AnotherExperiment", f"{name} tries {spec.service} already: one at a time")
    if scene.pair is None or not _is_settled(cluster):
        return Why("ClusterNotRunning", f"{spec.cluster} does not run as its spec says")
    return _nothing_to_compare(scene, scene.pair)


def _is_settled(cluster: PeninOmegaCluster) -> bool:
    conditions = () if cluster.status.conditions is UNSET else cluster.status.conditions
    return cluster.status.phase == "Running" and is_true(conditions, "ConfigApplied")


def _nothing_to_compare(scene: Scene, pair: Pair) -> Why | None:
    service, champion = scene.experiment.spec.service, scene.champion
    if champion.seen.settings != pair.champion.hash or not champion.is_settled:
        return Why("ClusterNotRunning", f"{service} is not ready with what the spec says")
    if not champion.replicas:
        return Why("NoChampion", f"{service} has no pods to compare with")
    if not pair.differs:
        return Why("NothingDifferent", "the challenger is what the cluster runs already")
    return None


def ended(scene: Scene, state: ExperimentState) -> Decision | None:
    """Say whether a comparison under way has lost its meaning."""
    spec, status = scene.experiment.spec, scene.experiment.status
    if scene.cluster is None or scene.cluster.metadata.deletion_timestamp is not UNSET:
        return Decision("Inconclusive", "ClusterGone", f"{spec.cluster} is gone")
    recorded = UNSET if status.champion is UNSET else status.champion.revision
    running = scene.champion.seen.settings
    wanted = "" if scene.pair is None else scene.pair.champion.hash
    if {running, wanted} != {recorded}:
        message = f"{spec.service} had revision {recorded} and has, or is to have, another now"
        return Decision("Inconclusive", "ChampionChanged", message)
    if not scene.champion.replicas:
        return Decision("Inconclusive", "ChampionGone", f"{spec.service} was scaled to nothing")
    deadline = spec.progress_deadline.seconds
    if scene.phase == "Starting" and state.elapsed > deadline and not scene.challenger.is_settled:
        message = f"the challenger did not become ready within {spec.progress_deadline}"
        if scene.challenger.trouble:
            message = f"{message}: {scene.challenger.trouble}"
        return Decision("Inconclusive", "ChallengerNotReady", message)
    return None


def counted(state: ExperimentState, now: dt.datetime) -> ExperimentState:
    """Add the time since the last look to the seconds of the phase."""
    moment = MicroTime.of(now)
    passed = 0.0
    if state.looked is not UNSET:
        passed = (moment.nanoseconds - state.looked.nanoseconds) / SECOND
    return replace(state, elapsed=state.elapsed + max(0.0, passed), looked=moment)


def next_phase(scene: Scene, state: ExperimentState) -> ExperimentPhase:
    """Return the phase that an experiment under way is in now."""
    phase = scene.phase
    if phase == "Pending":
        return "Starting"
    if phase == "Starting" and scene.challenger.is_settled:
        return "WarmUp"
    if phase == "WarmUp" and state.elapsed >= scene.experiment.spec.warm_up.seconds:
        return "Running"
    return phase


def entered(
    before: PeninExperimentStatus,
    phase: ExperimentPhase,
    state: ExperimentState,
    *,
    now: dt.datetime,
) -> PeninExperimentStatus:
    """Return the status at the beginning of a phase."""
    times = before.times
    if phase == "Running" and times is not UNSET:
        times = replace(times, running=Time.of(now))
    return replace(before, times=times, state=state)


def look_again(scene: Scene, phase: ExperimentPhase, state: ExperimentState) -> float:
    """Return after how many seconds there is something to do, if nothing happens before."""
    spec = scene.experiment.spec
    if phase == "Starting" and scene.challenger.is_settled:
        return _SOON  # a manager before this one made its pods, and nothing more comes of them
    if phase == "Running":
        last = 0.0 if state.read is UNSET else state.read
        due = last + spec.interval.seconds
    else:
        due = (spec.warm_up if phase == "WarmUp" else spec.progress_deadline).seconds
    return max(_SOON, due - state.elapsed)


_SOON: Final = 0.05


def is_due(experiment: PeninExperiment, state: ExperimentState) -> bool:
    """Whether the pods are to be read now."""
    return state.read is UNSET or state.elapsed - state.read >= experiment.spec.interval.seconds
