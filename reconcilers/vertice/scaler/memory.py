"""What a scaler remembers, as it stands in the status and as the arithmetic wants it.

The status is written seldom, so a manager that dies takes what was asked for since with it. The
next one adds, at its first look, that as many pods as there are were asked for just now, and that
something was active: it may hold a number for longer than an unbroken run would, and never goes
below it. A change of which nobody told is taken for its own likewise, the manager having died after
it: a fall for one of this moment. A rise may as well be a person's, made while no manager ran, and
policies would take back what rose within their periods at once; so it is taken for one from before
all of them, and counts for the limit of the hour alone.
"""

from typing import Final, Self

import attrs
from msgspec import UNSET, UnsetType

from informers.meta.microtime import MicroTime
from reconcilers.vertice.api.behavior import LONGEST_PERIOD
from reconcilers.vertice.api.decision import Asked, Changed, History, MetricMemory
from reconcilers.vertice.scaler.groups import SECOND
from reconcilers.vertice.scaler.history import Past, Recommendation, ScaleEvent, Spans
from reconcilers.vertice.scaler.votes import Memory

_MICRO = 1000
_EARLIER: Final = LONGEST_PERIOD * SECOND


def now_of(nanoseconds: int) -> int:
    """Return a moment as exactly as a status can hold it: what is read back is what was meant."""
    return nanoseconds // _MICRO * _MICRO


@attrs.frozen(kw_only=True)
class Memories:
    """What was asked for and done, how metrics fared, and when anything last asked for a pod."""

    past: Past = attrs.field(factory=Past)
    metrics: tuple[Memory, ...] = ()
    active_at: int | None = None
    is_zeroed: bool = False
    """Whether it was us who left the workload without pods."""

    @classmethod
    def first(cls, current: int, *, least: int) -> Self:
        """Return what is remembered of a workload that was never looked at.

        One without pods may be woken if it may be without: whoever allows that gives it into the
        scaler's hands as it is, be it from another autoscaler or from a scaler that is gone.
        """
        return cls(is_zeroed=not current and not least)

    @classmethod
    def of(cls, history: History | UnsetType) -> Self:
        """Read what stands in a status."""
        if history is UNSET:
            return cls()
        return cls(
            past=Past(
                recommendations=tuple(
                    Recommendation(each.replicas, each.at.nanoseconds)
                    for each in history.recommendations
                ),
                ups=tuple(ScaleEvent(each.by, each.at.nanoseconds) for each in history.ups),
                downs=tuple(ScaleEvent(each.by, each.at.nanoseconds) for each in history.downs),
            ),
            metrics=tuple(
                Memory(failures=each.failures, failed_at=_nanoseconds(each.failed_at))
                for each in history.metrics
            ),
            active_at=_nanoseconds(history.active_at),
            is_zeroed=history.zeroed,
        )

    def told(self) -> History:
        """Return it as it stands in a status."""
        return History(
            recommendations=tuple(
                Asked(replicas=each.replicas, at=MicroTime(each.at))
                for each in self.past.recommendations
            ),
            ups=_changes(self.past.ups),
            downs=_changes(self.past.downs),
            metrics=tuple(
                MetricMemory(failures=each.failures, failed_at=_moment(each.failed_at))
                for each in self.metrics
            ),
            active_at=_moment(self.active_at),
            zeroed=self.is_zeroed,
        )

    def resumed(self, current: int, told: int | None, *, spans: Spans, now: int) -> Self:
        """Return what is remembered at the first look of a manager.

        `told` is how many pods the status says there are to be; none if it says nothing. What is of
        the future, by a clock that was wrong or a hand, counts as of now, or it would for years.
        """
        past = _until(self.past, now).recommended(current, spans=spans, now=now)
        if told is not None and told != current:
            at = now if current < told else now - _EARLIER
            past = past.scaled(told, current, spans=spans, now=at)
        metrics = tuple(
            attrs.evolve(
                each, failed_at=None if each.failed_at is None else min(each.failed_at, now)
            )
            for each in self.metrics
        )
        return attrs.evolve(self, past=past, metrics=metrics, active_at=now)

    def of_metrics(self, count: int) -> tuple[Memory, ...]:
        """Return one for each metric.

        If there are others than before, nobody knows which is which: each lowers as little as the
        one that failed last.
        """
        if len(self.metrics) == count:
            return self.metrics
        failed = (each.failed_at for each in self.metrics if each.failed_at is not None)
        return (Memory(failed_at=max(failed, default=None)),) * count


def _until(past: Past, now: int) -> Past:
    """Return what happened, nothing of it later than now."""
    ups, downs = (
        tuple(attrs.evolve(each, at=min(each.at, now)) for each in events)
        for events in (past.ups, past.downs)
    )
    asked = (attrs.evolve(each, at=min(each.at, now)) for each in past.recommendations)
    return Past(recommendations=tuple(asked), ups=ups, downs=downs)


def _changes(events: tuple[ScaleEvent, ...]) -> tuple[Changed, ...]:
    return tuple(Changed(by=each.change, at=MicroTime(each.at)) for each in events)


def _moment(nanoseconds: int | None) -> MicroTime | UnsetType:
    return UNSET if nanoseconds is None else MicroTime(nanoseconds)


def _nanoseconds(moment: MicroTime | UnsetType) -> int | None:
    return None if moment is UNSET else moment.nanoseconds
