"""How something is doing that is never Ready but comes to an end, such as a proposal or a trial.

It has a phase, and with luck a condition that says whether it is over. What is over is Current
unless its last phase is bad news: nobody waits for it any more, whatever came of it.
"""

from typing import Final

from controller.cli.reading import text
from controller.cli.seen import Readiness
from controller.cli.thing import Said, Thing
from informers.meta.kstatus import Health

ENDS: Final = ("Finished", "Complete", "Completed")
"""Conditions that are True once nothing more happens."""
_BAD: Final = frozenset({"Failed", "Error", "Rejected", "Reverted", "Expired"})
_WAITING: Final = frozenset({"Pending"})


def outcome(thing: Thing) -> Readiness | None:
    """Read the phase of what has no Ready condition; None if it has none either."""
    if not thing.phase:
        return None
    end = end_of(thing)
    health = _health(thing.phase, end)
    own = text(thing.body, "status", "reason"), text(thing.body, "status", "message")
    said = (end.reason, end.message) if end else ("", "")
    # At the end its condition is the fuller one: with a verdict, where there is one.
    first, second = (said, own) if end and end.status == "True" else (own, said)
    return Readiness(
        health, state=thing.phase, reason=first[0] or second[0], message=first[1] or second[1]
    )


def end_of(thing: Thing) -> Said | None:
    """Return the condition that says whether it is over."""
    return next((each for each in thing.conditions if each.type in ENDS), None)


def _health(phase: str, end: Said | None) -> Health:
    if phase in _BAD:
        return Health.FAILED
    if phase in _WAITING or (end is not None and end.status != "True"):
        return Health.IN_PROGRESS
    return Health.CURRENT
