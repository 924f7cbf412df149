"""What is good to know of an object beside whether it is ready: pure functions of it."""

import datetime as dt
from collections.abc import Iterator
from typing import Final

from controller.cli.age import age
from controller.cli.thing import PAUSED, Thing
from controller.cli.tree import Node

_UNSAID: Final = f"its controller leaves it alone until the annotation {PAUSED} is taken off"


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
    unready = sum(not each.seen.is_ready for child in root.children for each in child.walk())
    if root.seen.is_ready and unready:
        yield f"objects below it that are not ready all the same: {unready}"


def _of_pause(thing: Thing, now: dt.datetime) -> Iterator[str]:
    """Return since when and why it is paused, as far as its controller has told, and the end."""
    said = thing.pause
    since = f" for {age(said.since, now)}" if said and said.since else ""
    yield f"it is paused{since}: {said.message if said and said.message else _UNSAID}"
    where = f" -n {thing.namespace}" if thing.namespace else ""
    yield f"to resume: kubectl annotate {thing.kind.resource} {thing.name}{where} {PAUSED}-"
