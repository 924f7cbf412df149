"""From what pods count to what an experiment adds up: increases, and batches of them.

An increase is what Prometheus' function of that name means by it: a counter that is lower than
before was started anew, so all of it is new; the first reading of a pod only says where its
counters stand. A pod that cannot be read keeps its last figures, so nothing is lost by a gap. All
functions are pure: state and readings in, state out.
"""

from collections.abc import Mapping

import attrs
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from reconcilers.penin.api.evidence import MOST_PODS, ArmState, ExperimentState, PodCounters, Sums
from reconcilers.penin.api.experiment import Primary
from reconcilers.penin.experiment import durations, sequence
from reconcilers.penin.experiment.reading import Reading

Readings = Mapping[str, Reading]
"""What was read of the pods of an arm, by name."""


def increase(before: float | UnsetType, now: float | None) -> float:
    """Return by how much a counter rose; one that was not there before rose from zero."""
    if now is None:
        return 0.0
    if before is UNSET or now < before:
        return now
    return now - before


@attrs.define
class Batch:
    """What one arm did in one interval."""

    requests: float = 0.0
    errors: float = 0.0
    count: float = 0.0
    total: float = 0.0
    timed: float = 0.0
    bounds: tuple[float, ...] | None = None
    buckets: list[float] = attrs.field(factory=list)
    restarts: float = 0.0
    seconds: float = 0.0

    def take(self, before: PodCounters, now: Reading, *, at: float) -> None:
        """Add what one pod did since it was read before."""
        self.restarts += increase(before.restarts, now.restarts)
        if not (before.served and now.served):
            return
        self.seconds += max(0.0, at - before.at)
        self.requests += increase(before.requests, now.requests)
        self.errors += increase(before.errors, now.errors)
        self.count += increase(before.count, now.count)
        self.total += _sum_increase(before, now)
        if now.buckets:
            self._take_durations(before, now)

    def _take_durations(self, before: PodCounters, now: Reading) -> None:
        """Add durations; pods with other buckets than the first one's are left out."""
        if self.bounds is None:
            self.bounds, self.buckets = now.bounds, [0.0] * len(now.bounds)
        if self.bounds != now.bounds:
            return
        rising = before.buckets if len(before.buckets) == len(now.buckets) else ()
        is_new = not rising or any(a > b for a, b in zip(rising, now.buckets, strict=True))
        old = (0.0,) * len(now.buckets) if is_new else rising
        self.buckets = [
            all_ + value - earlier
            for all_, value, earlier in zip(self.buckets, now.buckets, old, strict=True)
        ]
        self.timed += (now.timed or 0.0) if is_new else increase(before.timed, now.timed)


def _sum_increase(before: PodCounters, now: Reading) -> float:
    """Return the increase of a sum, which may fall by itself: its count tells of a fresh start."""
    if now.total is None or now.count is None:
        return 0.0
    if before.total is UNSET or before.count is UNSET or now.count < before.count:
        return now.total
    return now.total - before.total


def measured(
    state: ExperimentState,
    primary: Primary,
    *,
    champion: Readings,
    challenger: Readings,
) -> ExperimentState:
    """Add what was read at `state.elapsed` to what was added up before."""
    one, of_champion = _arm(state.champion, primary, champion, at=state.elapsed)
    two, of_challenger = _arm(state.challenger, primary, challenger, at=state.elapsed)
    return replace(
        state,
        read=state.elapsed,
        champion=one,
        challenger=two,
        split=sequence.add(
            state.split, of_challenger.requests, of_champion.requests + of_challenger.requests
        ),
    )


def _arm(
    arm: ArmState, primary: Primary, readings: Readings, *, at: float
) -> tuple[ArmState, Batch]:
    batch = Batch()
    for name, now in readings.items():
        before = arm.pods.get(name)
        if before is not None:
            batch.take(before, now, at=at)
    bounds = batch.bounds or ()
    return ArmState(
        pods=_pods(arm.pods, readings, at=at),
        pod_seconds=arm.pod_seconds + batch.seconds,
        restarts=arm.restarts + batch.restarts,
        primary=_primary(arm.primary, primary, batch, readings),
        errors=sequence.add(arm.errors, batch.errors, batch.requests),
        durations=durations.add(arm.durations, bounds, batch.buckets, batch.timed),
    ), batch


def _primary(sums: Sums, primary: Primary, batch: Batch, readings: Readings) -> Sums:
    """Add the batch of the metric that decides."""
    if primary.type == "successRatio":
        return sequence.add(sums, batch.requests - batch.errors, batch.requests)
    if primary.type == "histogram":
        return sequence.add(sums, batch.total, batch.count)
    gauges = [now.gauge for now in readings.values() if now.gauge is not None]
    return sequence.add(sums, sum(gauges), len(gauges))


def _pods(
    before: Mapping[str, PodCounters], readings: Readings, *, at: float
) -> dict[str, PodCounters]:
    """Remember where the counters stand, of pods that are there."""
    names = sorted(readings)[:MOST_PODS]
    return {name: _counters(before.get(name), readings[name], at=at) for name in names}


def _counters(before: PodCounters | None, now: Reading, *, at: float) -> PodCounters:
    """Return where a pod's counters stand; of one that was not asked, where they stood."""
    if not now.served:
        kept = before or PodCounters(at=at, served=False)
        return replace(kept, restarts=now.restarts)
    return PodCounters(
        at=at,
        restarts=now.restarts,
        requests=_or_unset(now.requests),
        errors=_or_unset(now.errors),
        count=_or_unset(now.count),
        total=_or_unset(now.total),
        timed=_or_unset(now.timed),
        buckets=now.buckets,
    )


def _or_unset(value: float | None) -> float | UnsetType:
    return UNSET if value is None else value
