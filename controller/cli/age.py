"""How long something is there, in kubectl's words."""

import datetime as dt
from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_YEAR: Final = 365 * _DAY
_STEPS: Final = (
    # Below how many seconds: in which unit, and which smaller one beside it.
    (2 * _MINUTE, (1, "s"), None),
    (10 * _MINUTE, (_MINUTE, "m"), (1, "s")),
    (3 * _HOUR, (_MINUTE, "m"), None),
    (8 * _HOUR, (_HOUR, "h"), (_MINUTE, "m")),
    (2 * _DAY, (_HOUR, "h"), None),
    (8 * _DAY, (_DAY, "d"), (_HOUR, "h")),
    (2 * _YEAR, (_DAY, "d"), None),
    (8 * _YEAR, (_YEAR, "y"), (_DAY, "d")),
)


def age(since: dt.datetime | None, now: dt.datetime) -> str:
    """Return the time from a moment until now as kubectl's AGE column has it."""
    if since is None:
        return ""
    return span(int((now - since).total_seconds()))


def span(seconds: int) -> str:
    """Return a number of seconds as kubectl writes it: exact when short, rough when long."""
    seconds = max(seconds, 0)  # clocks of two machines differ
    for below, (large, unit), small in _STEPS:
        if seconds < below:
            rest = seconds % large // small[0] if small else 0
            return f"{seconds // large}{unit}" + (f"{rest}{small[1]}" if small and rest else "")
    return f"{seconds // _YEAR}y"
