"""When an expression fires, found by looking at every minute: too slow for use, too plain to err.

An expression that names times of a day fires for each minute of the wall's clock that it names:
at the first moment that is called so, or, where clocks go over it, at the first moment after. One
that begins with a star in its minutes or hours fires at every minute that is called so.
"""

import datetime as dt
import zoneinfo
from collections.abc import Iterator
from typing import Final

UTC: Final = dt.UTC
MINUTE: Final = dt.timedelta(minutes=1)
RANGES: Final = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_SUNDAY: Final = 7
_AROUND: Final = dt.timedelta(days=2)
"""More than a wall's clock was ever put forward or back."""


def fired(
    expression: str, zone: zoneinfo.ZoneInfo, begin: dt.datetime, end: dt.datetime
) -> list[dt.datetime]:
    """Return all moments from `begin` (UTC, a whole minute) to before `end` at which it fires."""
    minute, hour = expression.split()[:2]
    fields = _fields(expression)
    if minute.startswith("*") or hour.startswith("*"):
        return [at for at in _minutes(begin, end) if _fits(at.astimezone(zone), fields)]
    walls = _minutes(_wall(begin, zone) - _AROUND, _wall(end, zone) + _AROUND)
    moments = {_moment(wall, zone) for wall in walls if _fits(wall, fields)}
    return sorted(at for at in moments if begin <= at < end)


def _wall(at: dt.datetime, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    return at.astimezone(zone).replace(tzinfo=None, fold=0, second=0)


def _minutes(begin: dt.datetime, end: dt.datetime) -> Iterator[dt.datetime]:
    for number in range((end - begin) // MINUTE):
        yield begin + number * MINUTE


def _moment(wall: dt.datetime, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    """Return the first moment that is called so, or the first after where none is."""
    while True:
        found = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if found.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
            return found
        wall += MINUTE


def _fields(expression: str) -> tuple[frozenset[int], ...]:
    return tuple(
        _numbers(text, *limits) for text, limits in zip(expression.split(), RANGES, strict=True)
    )


def _numbers(text: str, least: int, most: int) -> frozenset[int]:
    found = set[int]()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        begin = least if span == "*" else int(first)
        end = most if span == "*" or (step and not dash) else int(last or first)
        found.update(range(begin, end + 1, int(step or 1)))
    return frozenset(found)


def _fits(wall: dt.datetime, fields: tuple[frozenset[int], ...]) -> bool:
    minutes, hours, days, months, weekdays = fields
    if wall.minute not in minutes or wall.hour not in hours or wall.month not in months:
        return False
    weekday = wall.isoweekday()
    is_weekday = weekday in weekdays or (weekday == _SUNDAY and 0 in weekdays)
    is_day = wall.day in days
    every_day, every_weekday = len(days) == RANGES[2][1], len(weekdays) >= _SUNDAY
    return is_day and is_weekday if every_day or every_weekday else is_day or is_weekday
