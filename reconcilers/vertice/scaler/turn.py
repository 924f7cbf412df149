"""One pass: what is to be done about a workload that has pods, from what its metrics ask for.

What is outside its limits jumps into them, whatever is measured and however slowly it may change
otherwise. All else goes through `normal`. What cannot be told is no reason to go down: a metric
that says nothing lets the others raise the number, and none lower it.
"""

from collections.abc import Sequence

import attrs

from reconcilers.vertice.scaler.history import Past
from reconcilers.vertice.scaler.normal import Behaviour, Bounds, Normal, normalized, spans_of


@attrs.frozen(kw_only=True)
class Turn:
    """What came of a pass; `asked` and `normal` are None if no metric was listened to."""

    replicas: int
    past: Past
    asked: int | None = None
    normal: Normal | None = None


def together(proposals: Sequence[int | None], current: int) -> int | None:
    """Return what metrics ask for together; None if that cannot be told.

    It is the most of all. If one of them says nothing, fewer than there are cannot be meant.
    """
    valid = [each for each in proposals if each is not None]
    most = max(valid, default=None)
    if most is None or (len(valid) < len(proposals) and most < current):
        return None
    return max(0, most)


def turn(
    current: int,
    proposals: Sequence[int | None],
    bounds: Bounds,
    behaviour: Behaviour | None,
    *,
    past: Past,
    now: int,
) -> Turn:
    """Say what is to be."""
    spans = spans_of(behaviour)
    if not past.recommendations:
        # How many there are when it is first seen counts as asked for: nothing falls at a restart.
        past = past.recommended(current, spans=spans, now=now)
    if not bounds.least <= current <= bounds.most:
        return Turn(replicas=min(max(current, bounds.least), bounds.most), past=past)
    asked = together(proposals, current)
    if asked is None:
        return Turn(replicas=current, past=past)
    found = normalized(current, asked, bounds, behaviour, past=past, now=now)
    return Turn(
        replicas=found.replicas,
        past=past.recommended(asked, spans=spans, now=now),
        asked=asked,
        normal=found,
    )
