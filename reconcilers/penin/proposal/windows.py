"""When a freeze window is in force, by the clock on the wall of its place.

A window belongs to the day on which it begins. Where clocks are put back, the hour that comes twice
is frozen twice; where they are put forward, the hour that there is not is frozen for nobody.
"""

import datetime as dt
import zoneinfo
from collections.abc import Iterable
from typing import Final

from reconcilers.penin.api.architecting import FreezeWindow

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY: Final = dt.timedelta(days=1)


class UnknownZone(ValueError):
    """A place that the time zone database does not know."""


def in_force(windows: Iterable[FreezeWindow], *, now: dt.datetime) -> FreezeWindow | None:
    """Return a window in which this moment lies.

    Raises:
        UnknownZone: If a window names a place that nobody knows the time of.
    """
    return next((window for window in windows if contains(window, now)), None)


def contains(window: FreezeWindow, now: dt.datetime) -> bool:
    """Whether a moment lies in a window."""
    local = now.astimezone(_zone(window.zone))
    begins, ends = (dt.time.fromisoformat(text) for text in (window.from_, window.to))
    time = local.time().replace(tzinfo=None)
    today = DAYS[local.weekday()] in window.days
    if begins < ends:
        return today and begins <= time < ends
    yesterday = DAYS[(local - _DAY).weekday()] in window.days
    return (today and time >= begins) or (yesterday and time < ends)


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZone(f"nobody knows the time of {name!r}: name an IANA zone") from error


def described(window: FreezeWindow) -> str:
    """Return a window as people read it."""
    return f"{', '.join(window.days)} {window.from_} to {window.to} {window.zone}"
