"""When a cron expression fires, by the clock on the wall of a place.

It promises:

- What names times of a day (`30 2 * * *`) fires exactly once on each local day for each of them:
  where clocks go over a time, at the first moment after; where they come by twice, the first time.
- What begins with a star in its minutes or hours (`*/30 * * * *`) is about real time, and fires in
  both of two hours that are called the same.
- `next` and `previous` are strict: what fires now is neither. Both are in UTC.
- What is read differently by different crons is refused, with what to write instead; so is what
  never fires.

Expressions are read and days are found by `cronsim`, which follows Debian's cron; what it does not
do is here. What is about real time is walked through minute by minute in the hours that fit, since
`cronsim` misses one where clocks change by half an hour (`10 */5 * * *` on Lord Howe Island). Its
days are found by the calendar, without a look at clocks: there may be years between two of them.
"""

import calendar
import datetime as dt
import re
import zoneinfo
from collections.abc import Iterator
from typing import Final

import attrs
from cronsim import CronSim, CronSimError

from controller.runtime.cronfault import fault
from informers.meta.duration import Duration

UTC: Final = dt.UTC
NAMED: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
EVERY: Final = "@every "
FIELDS: Final = 5
_ALWAYS: Final = "* * * * *"
LONGEST: Final = 256
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = dt.datetime(2000, 1, 1, tzinfo=UTC)
_NOTHING: Final = dt.timedelta()
_SECOND: Final = dt.timedelta(seconds=1)
_MINUTE: Final = dt.timedelta(minutes=1)
_DAY: Final = dt.timedelta(days=1)
_HOUR_MINUTES: Final = 60
_INSTANT: Final = dt.timedelta(microseconds=1)
_MARGIN: Final = dt.timedelta(hours=25)
"""More than clocks were ever put forward or back at a time."""
NOWHERE: Final = frozenset({"localtime", "posixrules", "Factory"})
"""Names beside those of zones: what they say is up to the machine, so no schedule may name them."""
_ZONE: Final = re.compile(r"\s*(?:CRON_)?TZ=", re.IGNORECASE)


class CronError(ValueError):
    """An expression or a zone that says nothing certain; the message has the remedy."""


@attrs.frozen
class Cron:
    """An expression in a zone; made by `parse`. Only `@every` has a period."""

    expression: str
    zone: zoneinfo.ZoneInfo
    _fields: str = attrs.field(repr=False)
    period: dt.timedelta | None = attrs.field(default=None, repr=False)
    _times: CronSim = attrs.field(init=False, repr=False, eq=False)

    @_times.default
    def _read(self) -> CronSim:
        return CronSim(self._fields, _EPOCH)

    def next(self, after: dt.datetime) -> dt.datetime:
        """Return when it fires first after a moment."""
        if self.period is not None:
            return _EPOCH + ((after - _EPOCH) // self.period + 1) * self.period
        if self._is_real_time:
            return self._walked(_minute_of(after) + _MINUTE, _MINUTE)
        return next(at for at in self._fired(after - _MARGIN) if at > after)

    def previous(self, before: dt.datetime) -> dt.datetime:
        """Return when it fired last before a moment."""
        if self.period is not None:
            return _EPOCH - ((_EPOCH - before) // self.period + 1) * self.period
        if self._is_real_time:
            return self._walked(_minute_of(before - _INSTANT), -_MINUTE)
        fired = self._fired(before + _MARGIN, reverse=True)
        return next(at for at in fired if at < before)

    @property
    def _is_real_time(self) -> bool:
        minute, hour = self._fields.split()[:2]
        return minute.startswith("*") or hour.startswith("*")

    def _walked(self, at: dt.datetime, step: dt.timedelta) -> dt.datetime:
        """Look at one minute of a day that fits after the other, whatever clocks do meanwhile."""
        while True:
            wall = at.astimezone(self.zone)
            if not self._is_fitting(wall.date()):
                at = self._another_day(at, wall, step)
            elif wall.hour not in self._times.hours:
                at = self._another_hour(at, wall, step)
            elif wall.minute in self._times.minutes:
                return at
            else:
                at += step

    def _is_fitting(self, day: dt.date) -> bool:
        return day.month in self._times.months and self._times.match_day(day)

    def _another_day(self, at: dt.datetime, wall: dt.datetime, step: dt.timedelta) -> dt.datetime:
        """Leave a day that does not fit, for the one before the next that does by the calendar.

        Where clocks come by midnight twice, a day may begin again after the next one has: so only
        what lies between two days that do not fit is gone over, and changes on the last way to
        one that does are looked at by the minute.
        """
        way = _DAY if step > _NOTHING else -_DAY
        day = wall.date()
        if not self._is_fitting(day - way):
            there = self._edge(self._fitting(day, way) - way, step)
            if (there - at) // way > 0:
                return there
        there = self._edge(day + way, step)
        is_straight = there.astimezone(self.zone).utcoffset() == wall.utcoffset()
        return there if is_straight else self._another_hour(at, wall, step)

    def _fitting(self, day: dt.date, way: dt.timedelta) -> dt.date:
        """Return the next day that fits, by the calendar alone."""
        while True:
            day += way
            if day.month not in self._times.months:
                last = calendar.monthrange(day.year, day.month)[1]
                day = day.replace(day=last if way > _NOTHING else 1)
            elif self._times.match_day(day):
                return day

    def _edge(self, day: dt.date, step: dt.timedelta) -> dt.datetime:
        """Return the first minute of a day, or the last one, as one comes to it."""
        if step > _NOTHING:
            return self._midnight(day)
        return self._midnight(day + _DAY) + step

    def _midnight(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(), self.zone).astimezone(UTC)

    def _another_hour(self, at: dt.datetime, wall: dt.datetime, step: dt.timedelta) -> dt.datetime:
        """Leave an hour; where clocks change on the way, by the minute."""
        minutes = _HOUR_MINUTES - wall.minute if step > _NOTHING else wall.minute + 1
        there = at + minutes * step
        is_straight = there.astimezone(self.zone).utcoffset() == wall.utcoffset()
        return there if is_straight else at + step

    def _fired(self, since: dt.datetime, *, reverse: bool = False) -> Iterator[dt.datetime]:
        for at in CronSim(self._fields, since.astimezone(self.zone), reverse=reverse):
            yield at.astimezone(UTC)


def parse(expression: str, zone: str = "UTC") -> Cron:
    """Read an expression.

    Raises:
        CronError: If it, or the zone, says nothing certain.
    """
    where = place(zone)
    if expression.startswith(EVERY):
        return Cron(expression, where, _ALWAYS, _period(expression.removeprefix(EVERY)))
    fields = _five(expression)
    try:
        cron = Cron(expression, where, " ".join(fields))
        next(CronSim(cron._fields, _FIRST))
    except CronSimError as error:
        raise CronError(f"{expression!r}: {fault(fields)}") from error
    return cron


def _minute_of(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def place(zone: str) -> zoneinfo.ZoneInfo:
    """Return a zone by its name.

    Raises:
        CronError: If nobody knows it.
    """
    unknown = f"nobody knows the time of {zone!r}: name an IANA zone such as Europe/Lisbon"
    if zone in NOWHERE:
        raise CronError(unknown)
    try:
        return zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CronError(unknown) from error


def _period(text: str) -> dt.timedelta:
    try:
        period = Duration.parse(text.strip()).timedelta
    except ValueError as error:
        raise CronError(f"'{EVERY}{text}': {error}") from error
    if period < _SECOND:
        raise CronError(f"'{EVERY}{text}' is less than a second")
    return period


def _five(expression: str) -> list[str]:
    """Return the five fields of an expression that all crons read alike."""
    if len(expression) > LONGEST:
        raise CronError(f"an expression of {len(expression)} characters; {LONGEST} are allowed")
    if _ZONE.match(expression):
        raise CronError(f"{expression!r}: write the zone beside it, into timeZone")
    fields = NAMED.get(expression.strip().lower(), expression).replace("?", "*").split()
    if len(fields) != FIELDS:
        count = f"{len(fields)} field{'' if len(fields) == 1 else 's'}"
        raise CronError(
            f"{expression!r} has {count}; five are wanted: minute, hour, day of the month, month "
            "and day of the week, as in '0 8 * * 1-5'"
        )
    days, weekdays = fields[2], fields[4]
    is_stepped = any(each.startswith("*") and each != "*" for each in (days, weekdays))
    if is_stepped and "*" not in (days, weekdays):
        raise CronError(
            f"{expression!r}: whether both days or one of them has to fit is read differently by "
            "different crons; list the days instead of */n, or write two entries"
        )
    return fields
