"""A look at a scaler: what was read for it, the situation that makes, and what is remembered of it.

Pure: who is asked, and what is done, is in `reconciler`.
"""

import attrs

from controller.runtime.intent import TargetRef
from informers.snapshot import Snapshot
from reconcilers.vertice.api.scaler import VerticeScaler
from reconcilers.vertice.scaler import settings
from reconcilers.vertice.scaler.decision import Decision, Situation, remembered
from reconcilers.vertice.scaler.listening import Figure, Workload
from reconcilers.vertice.scaler.memory import Memories
from reconcilers.vertice.scaler.prediction.outlook import Outlook
from reconcilers.vertice.scaler.reading.workloads import Scale
from reconcilers.vertice.scaler.schedule import InForce, limits
from reconcilers.vertice.scaler.votes import vote


@attrs.frozen(kw_only=True)
class Look:
    """A scaler at a moment, with all that was read for it.

    `began` is when it was called for, in seconds of a monotonic clock: what is measured may have
    been under way for a while.
    """

    scaler: VerticeScaler
    snapshot: Snapshot
    target: TargetRef
    scale: Scale
    in_force: InForce
    figures: tuple[Figure, ...]
    outlook: Outlook
    memories: Memories
    situation: Situation
    now: int
    began: float

    def left(self, decision: Decision, *, rival: str = "") -> Memories:
        """Return what to remember of a decision that changes nothing, or is kept from it.

        What another autoscaler leaves without pods is ours to wake once that is gone, if it may be
        without: whoever looks at a preview before the change comes from there.
        """
        is_handed_over = bool(rival) and not self.scaler.spec.min_replicas
        return attrs.evolve(
            self.memories,
            past=decision.past,
            active_at=decision.active_at,
            is_zeroed=not self.scale.replicas and (self.memories.is_zeroed or is_handed_over),
        )

    def carried_out(self, decision: Decision) -> Memories:
        """Return what to remember of a decision once it was carried out."""
        return attrs.evolve(
            self.left(decision),
            past=remembered(self.situation, decision),
            is_zeroed=not decision.replicas,
        )


def situation_of(
    scaler: VerticeScaler,
    workload: Workload,
    holds: InForce,
    figures: tuple[Figure, ...],
    *,
    predicted: int | None = None,
    memories: Memories,
    now: int,
) -> tuple[Situation, Memories]:
    """Put together what a decision follows from; how metrics fared includes this look."""
    spec, known = scaler.spec, bare(scaler, now)
    window = settings.down_window(known.behaviour)
    metrics = tuple(
        memory.after(figure.heard, now=now, window=window)
        for memory, figure in zip(memories.of_metrics(len(figures)), figures, strict=True)
    )
    votes = tuple(
        vote(figure.heard, settings.absence(metric, spec.fallback), memory, now=now, window=window)
        for figure, metric, memory in zip(figures, spec.metrics, metrics, strict=True)
    )
    memories = attrs.evolve(memories, metrics=metrics)
    return attrs.evolve(
        known,
        current=workload.current,
        ready=workload.ready,
        limits=limits(spec.min_replicas, spec.max_replicas, holds.entry),
        votes=votes,
        past=memories.past,
        active_at=memories.active_at,
        is_zeroed=memories.is_zeroed,
        predicted=predicted,
    ), memories


def bare(scaler: VerticeScaler, now: int) -> Situation:
    """Return the part of a situation that follows from the spec alone."""
    spec = scaler.spec
    return Situation(
        current=0,
        ready=0,
        limits=limits(spec.min_replicas, spec.max_replicas, None),
        votes=(),
        behaviour=settings.behaviour(spec.behavior),
        past=Memories().past,
        now=now,
        hourly=settings.hourly(spec.limits),
        cooldown=spec.cooldown.nanoseconds,
    )
