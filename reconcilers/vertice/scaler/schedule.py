"""What the clock says of how many pods there are to be: which entry of a schedule is in force.

It promises:

- The entry that began last is in force, alone; of several that begin at the same moment, the later
  one of the list. So the order in a list decides only where the clock does not.
- An entry without an end holds until any entry of the list begins, as it is printed. One with an
  end holds from its begin to its end, whatever days either falls on: it is in force where it began
  after it ended last. Where another began meanwhile and has ended, it goes on.
- What begins and ends at one moment is over.
- An edge is seen by the first look after it, however late that is: nothing is counted or missed.

Floors and ceilings move the limits of the spec, so what is measured still decides between them;
`exact` is both. Times of the clocks on the walls of a place are the business of `cron`.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Final

import attrs
from msgspec import UNSET

from controller.runtime.cron import Cron, CronError, parse, place
from reconcilers.vertice.api.behavior import ScheduleEntry
from reconcilers.vertice.scaler.normal import Bounds

BY_SPEC: Final = "spec"
_MINUTE: Final = dt.timedelta(minutes=1)


@attrs.frozen(kw_only=True)
class Entry:
    """An entry whose expressions were read."""

    spec: ScheduleEntry
    begin: Cron
    end: Cron | None

    def began(self, now: dt.datetime) -> dt.datetime:
        """Return when it began last; a moment that is now counts."""
        return _last(self.begin, now)

    def is_over(self, began: dt.datetime, now: dt.datetime) -> bool:
        """Whether it has ended since it began."""
        return self.end is not None and _last(self.end, now) >= began


@attrs.frozen(kw_only=True)
class InForce:
    """What holds at a moment: an entry, since when, and when to look again; `next` is an edge."""

    entry: ScheduleEntry | None = None
    since: dt.datetime | None = None
    next: dt.datetime | None = None


@attrs.frozen(kw_only=True)
class Limits:
    """Between how many pods there may be, and what says so."""

    bounds: Bounds
    by: str = BY_SPEC


class Schedule:
    """The entries of a scaler, and what of them held when it was last worked out.

    Nothing changes between two edges, and between most looks there is none; so what holds is worked
    out at the first look after an edge, or where the clock has gone back.
    """

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self._entries = entries
        self._holds = InForce()
        self._at: dt.datetime | None = None

    def in_force(self, now: dt.datetime) -> InForce:
        """Return what holds now."""
        if self._entries and not self._is_known(now):
            self._holds, self._at = _in_force(self._entries, now), now
        return self._holds

    def _is_known(self, now: dt.datetime) -> bool:
        edge = self._holds.next
        return self._at is not None and edge is not None and self._at <= now < edge


def read(entries: Iterable[ScheduleEntry]) -> Schedule:
    """Read the expressions of a schedule.

    Raises:
        CronError: If some of them say nothing certain; the message names each, with the remedy.
    """
    found, faults = list[Entry](), list[str]()
    for position, each in enumerate(entries):
        wrong = list(_faults(each))
        faults.extend(f"spec.schedule[{position}].{fault}" for fault in wrong)
        if not wrong:
            found.append(_entry(each))
    if faults:
        raise CronError("; ".join(faults))
    return Schedule(tuple(found))


def _entry(spec: ScheduleEntry) -> Entry:
    end = None if spec.end is UNSET else _parsed(spec.end, spec.time_zone)
    return Entry(spec=spec, begin=_parsed(spec.cron, spec.time_zone), end=end)


def _faults(entry: ScheduleEntry) -> Iterator[str]:
    """Say what is wrong with an entry, by field; of its times by any zone that is one."""
    zone = entry.time_zone
    try:
        place(zone)
    except CronError as error:
        zone = "UTC"
        yield f"timeZone: {error}"
    for field, expression in (("cron", entry.cron), ("end", entry.end)):
        try:
            if expression is not UNSET:
                _parsed(expression, zone)
        except CronError as error:
            yield f"{field}: {error}"


def _parsed(expression: str, zone: str) -> Cron:
    """Read an expression; each edge is a look at once, so there is at most one a minute."""
    cron = parse(expression, zone)
    if cron.period is not None and cron.period < _MINUTE:
        raise CronError(f"{expression!r} is less than a minute: pods take longer to come and go")
    return cron


def _in_force(entries: tuple[Entry, ...], now: dt.datetime) -> InForce:
    began = [each.began(now) for each in entries]
    newest = max(began)
    holding = [
        (since, place)
        for place, (each, since) in enumerate(zip(entries, began, strict=True))
        if (since == newest if each.end is None else not each.is_over(since, now))
    ]
    edges = (cron.next(now) for each in entries for cron in (each.begin, each.end) if cron)
    if not holding:
        return InForce(next=min(edges))
    since, place = max(holding)
    return InForce(entry=entries[place].spec, since=since, next=min(edges))


def limits(least: int, most: int, entry: ScheduleEntry | None) -> Limits:
    """Return between how many pods there may be, given those of the spec."""
    if entry is None:
        return Limits(bounds=Bounds(least=least, most=most))
    count = min(entry.replicas, most)
    bounds = {
        "floor": Bounds(least=max(least, count), most=most),
        "ceiling": Bounds(least=min(least, count), most=count),
        "exact": Bounds(least=count, most=count),
    }[entry.mode]
    return Limits(bounds=bounds, by=f"schedule {entry.cron} ({entry.mode} {entry.replicas})")


def _last(cron: Cron, now: dt.datetime) -> dt.datetime:
    """Return when it fired last; a moment that is now counts."""
    return cron.previous(now + dt.timedelta(microseconds=1))
