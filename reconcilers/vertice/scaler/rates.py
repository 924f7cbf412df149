"""How fast a number of pods may change, and when it may: windows, policies, and what happened.

The rules of the HorizontalPodAutoscaler in Kubernetes 1.36, in its order: what is asked for is held
against what was asked for lately (`lately`), then against what policies allow in their periods
(`up_limit`, `down_limit`). All only look; what there is to remember is in `history`.
"""

import math
from collections.abc import Sequence
from typing import Final, Literal

import attrs

from reconcilers.vertice.scaler.history import Past, Recommendation

Select = Literal["Max", "Min", "Disabled"]
_LEAST: Final = -(2**31)
_MOST: Final = 2**31 - 1


@attrs.frozen(kw_only=True)
class Policy:
    """By how much it may change within a period."""

    type: Literal["Pods", "Percent"]
    value: int
    period: int


@attrs.frozen(kw_only=True)
class Rules:
    """Those of one direction; `window` and periods are nanoseconds."""

    window: int
    policies: tuple[Policy, ...]
    select: Select = "Max"

    @property
    def longest(self) -> int:
        """For how long what happened matters."""
        return max((each.period for each in self.policies), default=0)


@attrs.frozen
class Window:
    """The least and the most that was asked for lately, each within its own window."""

    least: int
    most: int

    def nearest(self, current: int) -> int:
        """Return the number nearest to the current one that the windows allow."""
        return min(max(current, self.least), self.most)


def lately(
    asked: int, past: Sequence[Recommendation], *, up: Rules, down: Rules, now: int
) -> Window:
    """Return what was asked for lately, now included.

    It goes up only to the least that was asked for within one window, and down only to the most
    that was asked for within the other.
    """
    return Window(
        least=min([asked, *(each.replicas for each in past if each.at > now - up.window)]),
        most=max([asked, *(each.replicas for each in past if each.at > now - down.window)]),
    )


def up_limit(current: int, past: Past, rules: Rules, *, now: int) -> int:
    """Return up to how many pods there may be; it may be fewer than there are."""
    if rules.select == "Disabled":
        return current
    limits = [_raised(_at_start(current, past, each, now=now), each) for each in rules.policies]
    if rules.select == "Min":
        return min(limits, default=_MOST)
    return max(limits, default=_LEAST)


def down_limit(current: int, past: Past, rules: Rules, *, now: int) -> int:
    """Return down to how many pods there may be; it may be more than there are."""
    if rules.select == "Disabled":
        return current
    limits = [_lowered(_at_start(current, past, each, now=now), each) for each in rules.policies]
    if rules.select == "Min":
        return max(limits, default=_LEAST)
    return min(limits, default=_MOST)


def _at_start(current: int, past: Past, policy: Policy, *, now: int) -> int:
    """Return how many pods there were when a policy's period began."""
    begin = now - policy.period
    added = sum(each.change for each in past.ups if each.at > begin)
    removed = sum(each.change for each in past.downs if each.at > begin)
    return current - added + removed


def _raised(start: int, policy: Policy) -> int:
    if policy.type == "Pods":
        return start + policy.value
    return math.ceil(start * (1 + policy.value / 100))


def _lowered(start: int, policy: Policy) -> int:
    """Cut towards zero, as it is there."""
    if policy.type == "Pods":
        return start - policy.value
    return int(start * (1 - policy.value / 100))
