"""How many pods one metric asks for: the arithmetic of the HorizontalPodAutoscaler in 1.36.

Values are integers of thousandths, as Kubernetes' are, ratios are floats, and every rounding is
where it is there: a percentage is cut to an integer before it is compared. Each function promises
the number that `replica_calculator.go` gives for the same pods, samples and moment; what of it is
not adopted is decided by whoever calls (`decision`).
"""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Final

import attrs

from reconcilers.vertice.scaler.groups import Groups, Sample

MOST: Final = 2**31 - 1
"""Of pods, which are counted in 32 bits."""
_LARGEST: Final = 2**63 - 1
_WHOLE: Final = 100


class NoProposal(Exception):
    """A metric says nothing of how many pods there should be."""


@attrs.frozen(kw_only=True)
class Tolerance:
    """How far a ratio may be from 1 without a change, in each direction."""

    down: float = 0.1
    up: float = 0.1

    def holds(self, ratio: float) -> bool:
        """Whether a ratio is near enough."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


@attrs.frozen(kw_only=True)
class Proposal:
    """What a metric asks for, and what it was found to be.

    `average` is that of a pod, in thousandths; `utilization` the same in per cent of requests.
    """

    replicas: int
    ratio: float
    average: int
    utilization: int | None = None


@attrs.frozen(kw_only=True)
class _Usage:
    """What pods use against what they should."""

    ratio: float
    average: int
    utilization: int | None = None


def by_utilization(
    current: int,
    target: int,
    samples: Mapping[str, Sample],
    *,
    requests: Mapping[str, int],
    groups: Groups,
    tolerance: Tolerance,
) -> Proposal:
    """Return what a share of what pods requested asks for, in per cent.

    Raises:
        NoProposal: If no pod that counts was measured.
    """
    values = _counted(samples, groups)

    def measure(of: Mapping[str, int]) -> _Usage:
        return _utilization(of, requests, target)

    def absent(name: str) -> int:
        return _cut(requests[name] * max(_WHOLE, target), _WHOLE)

    return _settled(current, values, groups, tolerance, measure=measure, absent=absent)


def by_average(
    current: int,
    target: int,
    samples: Mapping[str, Sample],
    *,
    groups: Groups,
    tolerance: Tolerance,
) -> Proposal:
    """Return what an average over pods asks for.

    Raises:
        NoProposal: If no pod that counts was measured.
    """
    values = _counted(samples, groups)

    def measure(of: Mapping[str, int]) -> _Usage:
        average = _cut(sum(of.values()), len(of))
        return _Usage(ratio=average / target, average=average)

    return _settled(current, values, groups, tolerance, measure=measure, absent=lambda _: target)


def by_value(
    current: int, target: int, value: int, *, ready: int, tolerance: Tolerance
) -> Proposal:
    """Return what one value for all pods asks for, given how many of them are ready."""
    ratio = float(value) / float(target)
    if not current:
        replicas = _rounded_up(ratio)
    elif tolerance.holds(ratio):
        replicas = current
    else:
        replicas = _rounded_up(ratio * ready)
    return Proposal(replicas=replicas, ratio=ratio, average=value)


def by_value_per_pod(shown: int, target: int, value: int, *, tolerance: Tolerance) -> Proposal:
    """Return what one value, shared by all pods, asks for; `shown` is how many pods there are."""
    wanted = float(value) / float(target)
    ratio = float(value) / (float(target) * shown) if shown else wanted
    replicas = shown if shown and tolerance.holds(ratio) else _rounded_up(wanted)
    average = _rounded_up(float(value) / shown, most=_LARGEST) if shown else value
    return Proposal(replicas=replicas, ratio=ratio, average=average)


def _counted(samples: Mapping[str, Sample], groups: Groups) -> dict[str, int]:
    """Return the values of pods that are neither ignored nor starting."""
    left_out = groups.ignored | groups.unready
    values = {name: each.value for name, each in samples.items() if name not in left_out}
    if not values:
        raise NoProposal("no pod that counts was measured; its pods may not be ready yet")
    return values


def _utilization(values: Mapping[str, int], requests: Mapping[str, int], target: int) -> _Usage:
    """Return how much of their requests pods use; what was measured of other pods is not theirs."""
    known = [name for name in values if name in requests]
    if not known:
        raise NoProposal("what was measured is of none of its pods")
    asked = sum(requests[name] for name in known)
    if not asked:
        raise NoProposal(
            "its pods request 0, of which nothing is a share: request more, or say "
            "target.averageValue instead of a utilization"
        )
    used = sum(values[name] for name in known)
    per_cent = _cut(used * _WHOLE, asked)
    return _Usage(ratio=per_cent / target, average=_cut(used, len(known)), utilization=per_cent)


def _settled(
    current: int,
    values: dict[str, int],
    groups: Groups,
    tolerance: Tolerance,
    *,
    measure: Callable[[Mapping[str, int]], _Usage],
    absent: Callable[[str], int],
) -> Proposal:
    """Return the number for a ratio, in doubt the one that changes less.

    Pods that say nothing are taken to be idle where more are asked for, and busy where fewer are;
    if that turns the answer round, nothing changes.
    """
    usage = measure(values)
    found = functools.partial(
        Proposal, ratio=usage.ratio, average=usage.average, utilization=usage.utilization
    )
    has_idle = bool(groups.unready) and usage.ratio > 1.0
    if not has_idle and not groups.missing:
        is_near = tolerance.holds(usage.ratio)
        return found(replicas=current if is_near else _rounded_up(usage.ratio * groups.ready))
    if usage.ratio < 1.0:
        values |= {name: absent(name) for name in groups.missing}
    elif usage.ratio > 1.0:
        values |= dict.fromkeys(groups.missing, 0)
    if has_idle:
        values |= dict.fromkeys(groups.unready, 0)
    ratio = measure(values).ratio
    replicas = _rounded_up(ratio * len(values))
    if (
        tolerance.holds(ratio)
        or _turns(usage.ratio, ratio)
        or (ratio < 1.0 and replicas > current)
        or (ratio > 1.0 and replicas < current)
    ):
        return found(replicas=current)
    return found(replicas=replicas)


def _turns(before: float, after: float) -> bool:
    """Whether one asks for more and the other for fewer."""
    return (before < 1.0 < after) or (after < 1.0 < before)


def _cut(dividend: int, divisor: int) -> int:
    """Divide as Go does: towards zero, and not down as Python does."""
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def _rounded_up(number: float, *, most: int = MOST) -> int:
    """Return the next integer that can be counted."""
    return most if number >= most else math.ceil(number)
