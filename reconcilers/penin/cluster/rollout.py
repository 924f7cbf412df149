"""Which part of a cluster gets which settings now: one after the other, each when ready.

Level-triggered: the plan follows from what is wanted, what the parts have, and the two revisions
that the status remembers. A newer wish simply replaces an older one, wherever that had come to.
Parts that a change does not concern have equal settings before and after, so they are passed over;
a part that is not there has nothing to lose and is made as wanted at once. Whoever is not ready
comes before all others, so that two parts are never down for a change's sake.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

NOTHING: Final = ""


@attrs.frozen(kw_only=True)
class Seen:
    """What was found of one part.

    `settings` is the hash of what it was given last; nothing if it is not there. `settled_for` says
    how many seconds all its pods have been ready with that, None while they are not. `is_touched`
    says that it was changed a moment ago, and that all its pods were ready until then.
    """

    settings: str = NOTHING
    settled_for: float | None = None
    is_touched: bool = False
    stuck: str = ""


@attrs.frozen(kw_only=True)
class Wish:
    """The settings that the parts are to have: a hash for each, in the order of a rollout."""

    revision: str
    settings: Mapping[str, str]


@attrs.frozen(kw_only=True)
class Plan:
    """What each part is to be given now.

    `at` is the part whose turn it is, nothing when all have what is wanted and are ready; `stuck`
    says why that part does not become ready in time. `look_again` is how many seconds a pause
    still takes.
    """

    revision: str
    settings: Mapping[str, str]
    at: str = NOTHING
    stuck: str = ""
    failed: str = NOTHING
    look_again: float | None = None

    @property
    def is_done(self) -> bool:
        """Whether every part has what is wanted and is ready."""
        return not self.at


def plan(
    wish: Wish,
    seen: Mapping[str, Seen],
    *,
    good: Wish | None = None,
    failed: str = NOTHING,
    rollback: bool = False,
    soak: float = 0.0,
) -> Plan:
    """Say what each part is to be given now.

    Args:
        wish: What the spec asks for.
        seen: What the parts have.
        good: What all parts were ready with last, where a rollback goes.
        failed: The revision that was given up; it is not tried again.
        rollback: Whether a stuck change is given up.
        soak: How many seconds a part has to be ready before the next one's turn.
    """
    can_return = rollback and good is not None and good.revision != wish.revision
    if good is not None and can_return and wish.revision == failed:
        return _return(good, seen, failed=failed)
    forward = _step(wish, seen, order=tuple(wish.settings), soak=soak)
    if good is not None and can_return and forward.stuck:
        return _return(good, seen, failed=wish.revision)
    return forward


def _return(good: Wish, seen: Mapping[str, Seen], *, failed: str) -> Plan:
    """Go back in the reverse order, without pauses: what was changed last is mended first."""
    order = tuple(good.settings)[::-1]
    return attrs.evolve(_step(good, seen, order=order, soak=0.0), failed=failed)


def _step(wish: Wish, seen: Mapping[str, Seen], *, order: Sequence[str], soak: float) -> Plan:
    given = {
        part: wish.settings[part] if seen[part].settings == NOTHING else seen[part].settings
        for part in order
    }
    for part in sorted(order, key=lambda part: _urgency(wish.settings[part], seen[part])):
        found = seen[part]
        given[part] = wish.settings[part]
        is_given = found.settings == wish.settings[part]
        ready_for = found.settled_for if is_given else None
        if ready_for is None or ready_for < soak:
            return Plan(
                revision=wish.revision,
                settings=given,
                at=part,
                stuck=found.stuck if is_given else "",
                look_again=None if ready_for is None else soak - ready_for,
            )
    return Plan(revision=wish.revision, settings=given)


def _urgency(wanted: str, found: Seen) -> int:
    """Order parts: to be changed and down anyway, down, the rest in their order.

    A part that was merely touched is not down: a new deadline touches all of them at once.
    """
    is_due = found.settings != wanted
    if found.settled_for is not None or (is_due and found.is_touched):
        return 2
    return 0 if is_due else 1
