"""What one metric says in a decision, also when it says nothing.

A metric that cannot be read is never taken for zero by itself: what its absence means is in the
spec. Until it has been whole for a window again, it raises and does not lower.
"""

from collections.abc import Sequence

import attrs

from informers.meta.microtime import Time
from reconcilers.vertice.api.measured import OnMissing
from reconcilers.vertice.scaler.groups import SECOND


@attrs.frozen(kw_only=True)
class Heard:
    """What was heard of a metric: how many pods it asks for, or why it says nothing.

    `is_trigger` says whether it may bring a workload back that has no pods, `is_active` whether it
    does; None if that is not known.
    """

    name: str
    replicas: int | None = None
    ratio: float | None = None
    error: str = ""
    is_trigger: bool = False
    is_active: bool | None = None


@attrs.frozen(kw_only=True)
class Absence:
    """What it means that a metric cannot be read; `replicas` is the fallback's number."""

    means: OnMissing = "hold"
    replicas: int | None = None
    after: int = 1


@attrs.frozen(kw_only=True)
class Memory:
    """What is remembered of a metric: looks that failed in a row, and when the last one did."""

    failures: int = 0
    failed_at: int | None = None

    def after(self, heard: Heard, *, now: int, window: int) -> "Memory":
        """Return what is remembered after a look."""
        if heard.error:
            return Memory(failures=self.failures + 1, failed_at=now)
        return Memory(failed_at=self.failed_at if self.is_recovering(now, window) else None)

    def is_recovering(self, now: int, window: int) -> bool:
        """Whether it has not been whole for a window yet."""
        return self.failed_at is not None and self.failed_at > now - window


@attrs.frozen(kw_only=True)
class Vote:
    """How many pods one metric asks for; None is that it cannot be told.

    `is_left_out` says that the others decide without it, `is_unread` that what it asks for is what
    its absence means, `is_trigger` that it may wake a workload, `is_active` that it asks for at
    least one pod, `is_idle` that it is known to ask for none.
    """

    name: str
    replicas: int | None = None
    ratio: float | None = None
    note: str = ""
    is_left_out: bool = False
    is_recovering: bool = False
    is_unread: bool = False
    is_fallback: bool = False
    is_trigger: bool = False
    is_active: bool = False
    is_idle: bool = False


def vote(heard: Heard, absence: Absence, memory: Memory, *, now: int, window: int) -> Vote:
    """Say what a metric says in a decision, `memory` being what is remembered after this look."""
    if heard.error:
        return _absent(heard, absence, memory)
    is_recovering = heard.is_trigger and memory.is_recovering(now, window)
    return Vote(
        name=heard.name,
        replicas=heard.replicas,
        ratio=heard.ratio,
        note=_recovering(memory, window) if is_recovering else "",
        is_recovering=is_recovering,
        is_trigger=heard.is_trigger,
        is_active=heard.is_trigger and bool(heard.is_active),
        is_idle=heard.is_trigger and not heard.is_active,
    )


def loudest(votes: Sequence[Vote]) -> Vote | None:
    """Return who asks for most, whoever was heard before a fallback; nothing if nobody asks."""
    asking = [each for each in votes if each.replicas is not None]
    return max(asking, key=lambda each: (each.replicas, not each.is_fallback), default=None)


def _recovering(memory: Memory, window: int) -> str:
    """Say until when it lowers nothing."""
    until = Time((memory.failed_at or 0) + window)
    return (
        f"it could not be read lately; nothing goes down until {until}, "
        f"when it has been whole for {window // SECOND} s"
    )


def _absent(heard: Heard, absence: Absence, memory: Memory) -> Vote:
    """Say what it means that nothing was heard."""
    said = Vote(name=heard.name, note=heard.error, is_unread=True, is_trigger=heard.is_trigger)
    match absence.means:
        case "ignore":
            return attrs.evolve(said, is_left_out=True)
        case "zero":
            return attrs.evolve(said, replicas=0, ratio=0.0, is_idle=heard.is_trigger)
        case "fallback" if memory.failures >= absence.after:
            return attrs.evolve(
                said,
                replicas=absence.replicas,
                note=f"{heard.error}; the fallback asks instead",
                is_fallback=True,
                is_active=bool(absence.replicas),
            )
    return said
