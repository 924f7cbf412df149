"""From what metrics ask for to what is to be: windows, then policies, then the limits.

The order is that of the HorizontalPodAutoscaler in Kubernetes 1.36, whose own comment names another
one. Without a behaviour it has older rules, which are kept: nothing goes down that was asked for
within five minutes, and no step is more than a doubling, or four pods.
"""

from typing import Final

import attrs

from reconcilers.vertice.scaler.groups import SECOND
from reconcilers.vertice.scaler.history import Past, Spans
from reconcilers.vertice.scaler.rates import (
    Policy,
    Rules,
    Window,
    down_limit,
    lately,
    up_limit,
)

DOWN_WINDOW: Final = 300 * SECOND
_DOUBLE, _FOUR = 2, 4
_ALWAYS: Final = Policy(type="Percent", value=100, period=15 * SECOND)
UP: Final = Rules(
    window=0, policies=(Policy(type="Pods", value=4, period=15 * SECOND), _ALWAYS), select="Max"
)
DOWN: Final = Rules(window=DOWN_WINDOW, policies=(_ALWAYS,), select="Max")
"""What a behaviour has where it says nothing else."""


@attrs.frozen(kw_only=True)
class Bounds:
    """Between how many pods there may be."""

    least: int
    most: int


@attrs.frozen(kw_only=True)
class Behaviour:
    """How fast it may change in each direction."""

    up: Rules = UP
    down: Rules = DOWN

    @property
    def spans(self) -> Spans:
        """For how long what happened matters to it."""
        return Spans(
            up_window=self.up.window,
            down_window=self.down.window,
            up_period=self.up.longest,
            down_period=self.down.longest,
        )


@attrs.frozen(kw_only=True)
class Normal:
    """What came of what was asked for, after each step.

    `limit` is as far as the policies of its direction allowed a change; None if there was none.
    """

    window: Window
    stabilized: int
    limited: int
    limit: int | None = None

    @property
    def replicas(self) -> int:
        """What is to be."""
        return self.limited


def normalized(
    current: int, asked: int, bounds: Bounds, behaviour: Behaviour | None, *, past: Past, now: int
) -> Normal:
    """Return what is to be of what metrics ask for."""
    if behaviour is None:
        return _without_behaviour(current, asked, bounds, past, now=now)
    up, down = behaviour.up, behaviour.down
    window = lately(asked, past.recommendations, up=up, down=down, now=now)
    steady = window.nearest(current)
    if steady > current:
        limit = max(current, up_limit(current, past, up, now=now))
        reached = max(current, min(steady, limit, max(bounds.most, 0)))
    elif steady < current:
        limit = min(current, down_limit(current, past, down, now=now))
        reached = min(current, max(steady, limit, bounds.least))
    else:
        return Normal(window=window, stabilized=steady, limited=steady)
    return Normal(window=window, stabilized=steady, limited=reached, limit=limit)


def _without_behaviour(current: int, asked: int, bounds: Bounds, past: Past, *, now: int) -> Normal:
    lately_asked = (each.replicas for each in past.recommendations if each.at >= now - DOWN_WINDOW)
    steady = max([asked, *lately_asked])
    most = max(_DOUBLE * current, _FOUR)
    reached = bounds.least if steady < bounds.least else min(steady, bounds.most, most)
    return Normal(
        window=Window(least=steady, most=steady),
        stabilized=steady,
        limited=reached,
        limit=most if steady > current else None,
    )


def spans_of(behaviour: Behaviour | None) -> Spans:
    """Return for how long what happened matters."""
    return Spans(up_window=0, down_window=DOWN_WINDOW) if behaviour is None else behaviour.spans
