"""What is good to know of an object beside whether it is ready: pure functions of it."""

import datetime as dt
from collections.abc import Iterator
from typing import Final

from controller.cli.age import age
from controller.cli.outcomes import ENDS
from controller.cli.seen import Readiness
from controller.cli.thing import GROUPS, PAUSED, Said, Thing
from controller.cli.tree import Node
from informers.meta.kstatus import READY, RECONCILING

_UNSAID: Final = f"its controller leaves it alone until the annotation {PAUSED} is taken off"

_DEGRADED: Final = "Degraded"
_TOLD_OTHERWISE: Final = frozenset({READY, RECONCILING, "Progressing", "Paused", *ENDS})
_AS_WANTED: Final = frozenset(
    {
        "AtMinimum",
        "BySchedule",
        "Idle",
        "NoReadyPods",
        "NotWon",
        "NotYetApplied",
        "OutsideTheCluster",
        "TurnedOff",
    }
)
"""Reasons that people chose, or that the verdict is about."""


def remarks(root: Node, now: dt.datetime) -> Iterator[str]:
    """Return what there is to add to the verdict on an object."""
    thing = root.thing
    if thing.is_paused and thing.deleting_since is None:
        yield from _of_pause(thing, now)
    if thing.is_unseen and not thing.is_held:
        yield (
            f"the manager has not seen the newest change yet (generation {thing.generation}, "
            f"seen {thing.observed_generation}): is it running?"
        )
    yield from (f"{each.type} is {each.status}: {each.why}" for each in _wrong(thing, root.seen))
    unready = sum(not each.seen.is_ready for child in root.children for each in child.walk())
    if root.seen.is_ready and unready:
        yield f"objects below it that are not ready all the same: {unready}"


def _wrong(thing: Thing, seen: Readiness) -> Iterator[Said]:
    """Return the conditions that tell of something wrong which the verdict does not mention.

    Of kinds of others only Degraded has a meaning that is known: False may be good news there.
    """
    types = {each.type for each in thing.conditions} - _TOLD_OTHERWISE
    known = types if thing.kind.group in GROUPS else types & {_DEGRADED}
    for each in thing.conditions:
        is_news = bool(each.why) and (not each.message or each.message != seen.message)
        if each.type in known and not each.is_good and is_news and each.reason not in _AS_WANTED:
            yield each


def _of_pause(thing: Thing, now: dt.datetime) -> Iterator[str]:
    """Return since when and why it is paused, as far as its controller has told, and the end."""
    said = thing.pause
    since = f" for {age(said.since, now)}" if said and said.since else ""
    yield f"it is paused{since}: {said.message if said and said.message else _UNSAID}"
    where = f" -n {thing.namespace}" if thing.namespace else ""
    yield f"to resume: kubectl annotate {thing.kind.resource} {thing.name}{where} {PAUSED}-"
