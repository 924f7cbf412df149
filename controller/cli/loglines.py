"""Lines of logs: when each was written, in one order, and readable if they are JSON.

The API server puts the time before each line; it is taken off again. Programs that log one JSON
object a line, as structlog and most others can, are shown on a terminal as level, event and fields.
"""

import heapq
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from controller.cli.paint import Brush, Colour, harmless

_EVENTS: Final = ("event", "msg", "message")
_LEVELS: Final = ("level", "severity", "lvl", "levelname")
_TIMES: Final = frozenset({"timestamp", "time", "ts", "asctime", "@timestamp"})
_COLOURS: Final[Mapping[str, Colour]] = {
    "debug": "dim",
    "info": "green",
    "warn": "yellow",
    "warning": "yellow",
    "error": "red",
    "critical": "red",
    "fatal": "red",
}
PREFIXES: Final[Sequence[Colour]] = ("cyan", "magenta", "blue", "yellow", "green")
_SECOND: Final = len("2026-01-01T00:00:00")


@attrs.frozen(order=True)
class Line:
    """A line of one container; ordered by time."""

    order: str
    source: str = attrs.field(order=False)
    time: str = attrs.field(order=False)
    text: str = attrs.field(order=False)


def parse(raw: str, source: str) -> Line:
    """Read a line with its time before it; what has none stands where it came."""
    time, _, text = raw.partition(" ")
    if len(time) <= _SECOND or time[10:11] != "T" or not time[:4].isdigit():
        return Line("", source, "", raw)
    fraction = time[_SECOND:].removesuffix("Z").removeprefix(".")
    return Line(f"{time[:_SECOND]}.{fraction:0<9}", source, time, text)


def merge(logs: Iterable[Iterable[Line]]) -> Iterator[Line]:
    """Return the lines of several containers in the order of their times."""
    return heapq.merge(*logs)


def record_of(text: str) -> Mapping[str, Any] | None:
    """Return the fields of a line that is a log record in JSON."""
    if not text.startswith("{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    has_event = isinstance(found, dict) and any(isinstance(found.get(e), str) for e in _EVENTS)
    return found if has_event else None


def pretty(text: str, brush: Brush) -> str:
    """Return a line as people read it."""
    record = record_of(text)
    if record is None:
        return harmless(text)
    event = next(name for name in _EVENTS if isinstance(record.get(name), str))
    level_at = next((name for name in _LEVELS if isinstance(record.get(name), str)), "")
    level = str(record.get(level_at, ""))
    colour = _COLOURS.get(level.lower())
    parts = [brush.paint(f"{harmless(level):<8}", *([colour] if colour else []))] if level else []
    parts.append(brush.paint(harmless(record[event]), "bold"))
    parts += [
        f"{brush.paint(harmless(name), 'cyan')}={harmless(_value(value))}"
        for name, value in record.items()
        if name not in {event, level_at, *_TIMES}
    ]
    return " ".join(parts)


def _value(value: object) -> str:
    if isinstance(value, str):
        return value if value and " " not in value and value.isprintable() else repr(value)
    return json.dumps(value, ensure_ascii=False)
