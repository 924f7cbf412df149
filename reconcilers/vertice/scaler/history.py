"""What was asked for and done lately, as much of it as still decides anything.

A window asks for the most, or the least, of what was asked for within it. So of all recommendations
only those are kept that no later one has overtaken, which are few however long the window is: this
is what stands in the status and survives a restart. Should they be too many, two of them become
one that counts for longer; that delays a change, and never makes one larger.
"""

from collections.abc import Sequence
from typing import Final, Self

import attrs

MOST: Final = 32
"""Of each sort, so that a status stays small."""


@attrs.frozen
class Recommendation:
    """How many pods were asked for, and when (nanoseconds since 1970)."""

    replicas: int
    at: int


@attrs.frozen
class ScaleEvent:
    """By how many pods a workload was changed, without a sign, and when."""

    change: int
    at: int


@attrs.frozen(kw_only=True)
class Spans:
    """For how long what happened matters, in nanoseconds: windows, and the periods of policies."""

    up_window: int
    down_window: int
    up_period: int = 0
    down_period: int = 0


@attrs.frozen(kw_only=True)
class Past:
    """What was asked for, the oldest first, and what was done lately."""

    recommendations: tuple[Recommendation, ...] = ()
    ups: tuple[ScaleEvent, ...] = ()
    downs: tuple[ScaleEvent, ...] = ()

    def recommended(self, replicas: int, *, spans: Spans, now: int) -> Self:
        """Remember that so many pods are asked for now."""
        new = Recommendation(replicas, now)
        return attrs.evolve(
            self, recommendations=_not_overtaken([*self.recommendations, new], spans, now)
        )

    def scaled(self, before: int, after: int, *, spans: Spans, now: int) -> Self:
        """Remember that the number was changed."""
        if after > before:
            event = ScaleEvent(after - before, now)
            return attrs.evolve(self, ups=_noted(self.ups, event, now - spans.up_period))
        event = ScaleEvent(before - after, now)
        return attrs.evolve(self, downs=_noted(self.downs, event, now - spans.down_period))


def _not_overtaken(
    past: Sequence[Recommendation], spans: Spans, now: int
) -> tuple[Recommendation, ...]:
    """Return those that are the most, or the least, of themselves and all later ones."""
    highs, lows = list[Recommendation](), list[Recommendation]()
    for each in reversed(past):
        if each.at >= now - spans.down_window and (not highs or each.replicas > highs[-1].replicas):
            highs.append(each)
        if each.at >= now - spans.up_window and (not lows or each.replicas < lows[-1].replicas):
            lows.append(each)
    kept = dict.fromkeys([*_fewer(highs), *_fewer(lows)])
    return tuple(sorted(kept, key=lambda each: each.at))


def _fewer(newest_first: list[Recommendation]) -> list[Recommendation]:
    """Return not too many; the oldest counts for as long as the one after it would."""
    while len(newest_first) > MOST:
        oldest = newest_first.pop()
        newest_first[-1] = attrs.evolve(newest_first[-1], replicas=oldest.replicas)
    return newest_first


def _noted(events: tuple[ScaleEvent, ...], new: ScaleEvent, since: int) -> tuple[ScaleEvent, ...]:
    """Return the events with a new one, in the place of one that is too old if there is any.

    One that is too old for its own direction may still count for the other: which one goes is part
    of the numbers. Of too many, the two oldest become one.
    """
    places = [place for place, each in enumerate(events) if each.at < since]
    if places:
        last = places[-1]
        return (*events[:last], new, *events[last + 1 :])
    if len(events) >= MOST:
        first, second, *others = sorted(events, key=lambda each: each.at)
        events = (attrs.evolve(second, change=first.change + second.change), *others)
    return (*events, new)
