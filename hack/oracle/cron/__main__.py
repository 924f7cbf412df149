"""`python -m hack.oracle.cron`: cron expressions in all zones, around every change of their clocks.

Ten years of each zone of the time zone database: from 36 hours before each change of its offset to
36 hours after, and on random days between, whatever fires has to be what a walk through every
minute finds, forwards and backwards.
"""

import argparse
import datetime as dt
import random
import secrets
import sys
import time
import zoneinfo
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Final

import attrs

from controller.runtime.cron import NOWHERE, Cron, parse
from hack.oracle.cron.walk import UTC, fired

EXPRESSIONS: Final = (
    "30 2 * * *",
    "0 2 * * *",
    "30 1 * * *",
    "0 0 * * *",
    "15,45 1-3 * * *",
    "5 0-23/3 * * *",
    "59 23 * * 1-5",
    "0 8 * * 1-5",
    "20 2 1,15 * 0",
    "0 * * * *",
    "*/30 * * * *",
    "*/7 1-2 * * *",
    "10 */5 * * *",
    "*/20 0,23 * * 0",
    "*/59 * 1,31 * 6",
)
FIRST: Final = 2020
YEARS: Final = 10
AROUND: Final = dt.timedelta(hours=36)
DAYS: Final = 200
_TOLD: Final = 100
"""After so many spans it is told how far it has come."""
_CHUNK: Final = 8
_MINUTE: Final = dt.timedelta(minutes=1)
_DAY: Final = dt.timedelta(days=1)


@attrs.frozen
class Span:
    """A time in a zone."""

    zone: str
    begin: dt.datetime
    end: dt.datetime


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="python -m hack.oracle.cron", description=__doc__)
    parser.add_argument("--zones", type=int, default=0, help="so many random zones (all)")
    parser.add_argument("--days", type=int, default=DAYS, help="random days (%(default)s)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="repeats a run")
    options = parser.parse_args(argv)
    print(f"seed {options.seed}", flush=True)
    rng = random.Random(options.seed)  # noqa: S311 - test cases
    began = time.perf_counter()
    spans = list(spans_of(rng, zones=options.zones, days=options.days))
    wrong = 0
    for number, found in enumerate(_walked(spans), 1):
        wrong += len(found)
        for problem in found:
            print(problem, flush=True)
        if not number % _TOLD:
            past = time.perf_counter() - began
            print(f"{number} of {len(spans)} spans after {past:.0f} s", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - began
    print(
        f"{len(spans)} spans of time with {len(EXPRESSIONS)} expressions each in {seconds:.0f} s: "
        f"{wrong} wrong"
    )
    return 1 if wrong else 0


def _walked(spans: Sequence[Span]) -> Iterator[list[str]]:
    """Yield what is wrong in each span, by as many processes as there are processors."""
    with ProcessPoolExecutor() as pool:
        yield from pool.map(_problems, spans, chunksize=_CHUNK)


def _problems(span: Span) -> list[str]:
    return list(problems(span))


def names() -> list[str]:
    """Return all zones that a schedule may name."""
    return sorted(zoneinfo.available_timezones() - NOWHERE)


def spans_of(rng: random.Random, *, zones: int, days: int) -> Iterator[Span]:
    """Yield the times around all changes of clocks, and some days between."""
    walked = rng.sample(names(), zones) if zones else names()
    for name in walked:
        for at in transitions(zoneinfo.ZoneInfo(name)):
            yield Span(name, at - AROUND, at + AROUND)
    begin = dt.datetime(FIRST, 1, 1, tzinfo=UTC)
    for _ in range(days):
        at = begin + rng.randrange(YEARS * 365) * _DAY
        yield Span(rng.choice(walked), at, at + _DAY)


def transitions(zone: zoneinfo.ZoneInfo) -> Iterator[dt.datetime]:
    """Yield the minutes at which a zone's clocks change."""
    at = dt.datetime(FIRST, 1, 1, tzinfo=UTC)
    end = dt.datetime(FIRST + YEARS, 1, 1, tzinfo=UTC)
    before = at.astimezone(zone).utcoffset()
    while at < end:
        after = (at + _DAY).astimezone(zone).utcoffset()
        if after != before:
            yield _minute_of_change(at, zone)
        before = after
        at += _DAY


def _minute_of_change(since: dt.datetime, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    """Return when, within a day, the offset changes."""
    low, high = 0, _DAY // _MINUTE
    before = since.astimezone(zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        is_before = (since + middle * _MINUTE).astimezone(zone).utcoffset() == before
        low, high = (middle, high) if is_before else (low, middle)
    return since + high * _MINUTE


def problems(span: Span) -> Iterator[str]:
    """Yield what is wrong in a span of time."""
    zone = zoneinfo.ZoneInfo(span.zone)
    for expression in EXPRESSIONS:
        wanted = fired(expression, zone, span.begin, span.end)
        cron = parse(expression, span.zone)
        for way, found in (("next", _forwards(cron, span)), ("previous", _backwards(cron, span))):
            if found != wanted:
                odd = sorted(set(found) ^ set(wanted))
                yield f"{span.zone} {expression!r} {way}: {[str(at) for at in odd]}"


def _forwards(cron: Cron, span: Span) -> list[dt.datetime]:
    found, at = list[dt.datetime](), span.begin - _MINUTE / 2
    while (at := cron.next(at)) < span.end:
        found.append(at)
    return found


def _backwards(cron: Cron, span: Span) -> list[dt.datetime]:
    found, at = list[dt.datetime](), span.end
    while (at := cron.previous(at)) >= span.begin:
        found.append(at)
    return found[::-1]


if __name__ == "__main__":
    sys.exit(main())
