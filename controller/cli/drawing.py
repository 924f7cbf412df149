"""A tree as lines, and as plain data."""

import datetime as dt
from collections.abc import Iterator
from typing import Any, Final

from controller.cli.age import age
from controller.cli.paint import Brush, columns, plain
from controller.cli.thing import Thing
from controller.cli.tree import Node

_HEAD: Final = ("NAME", "READY", "STATUS", "AGE", "REASON")


def lines(root: Node, *, brush: Brush, now: dt.datetime, everything: bool) -> list[str]:
    """Draw a tree; ReplicaSets of older revisions are counted only, unless all is asked for."""
    named = list(_named(root, "", "", everything=everything))
    rows = [_row(name, node, brush=brush, now=now) for name, node in named if node]
    head, *table = columns([_HEAD, *rows])
    left = iter(table)
    return [head, *(next(left) if node else brush.paint(name, "dim") for name, node in named)]


def _named(
    node: Node, first: str, rest: str, *, everything: bool
) -> Iterator[tuple[str, Node | None]]:
    """Return each object behind the strokes that lead to it; and what was left out, as a number."""
    yield first + node.thing.title, node
    shown = [each for each in node.children if everything or not each.is_retired]
    retired = len(node.children) - len(shown)
    for place, child in enumerate(shown):
        is_last = place == len(shown) - 1 and not retired
        branch, below = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
        yield from _named(child, rest + branch, rest + below, everything=everything)
    if retired:
        noun = "ReplicaSet" if retired == 1 else "ReplicaSets"
        yield f"{rest}└─ {retired} older {noun} (--all)", None


def _row(name: str, node: Node, *, brush: Brush, now: dt.datetime) -> tuple[str, ...]:
    seen = node.seen
    return (
        name,
        brush.health(plain(seen.ready), seen.health),
        brush.health(seen.health.value, seen.health),
        age(node.thing.created, now),
        brush.health(plain("" if seen.is_ready and not seen.reason else seen.why), seen.health),
    )


def data(node: Node) -> dict[str, Any]:
    """Return a tree as JSON has it."""
    return {
        **identity(node.thing),
        "health": node.seen.health.value,
        "ready": node.seen.ready,
        "reason": node.seen.reason,
        "message": node.seen.message,
        "children": [data(each) for each in node.children],
    }


def identity(thing: Thing) -> dict[str, Any]:
    """Return which object it is."""
    created = thing.created
    return {
        "apiVersion": thing.kind.api_version,
        "kind": thing.kind.kind,
        "namespace": thing.namespace,
        "name": thing.name,
        "uid": thing.uid,
        "created": created.isoformat().replace("+00:00", "Z") if created else None,
    }
