"""Which entry of a schedule is in force, and what it makes of the limits."""

import datetime as dt

import pytest
from msgspec import UNSET

from controller.runtime.cron import Cron, CronError
from reconcilers.vertice.api.behavior import ScheduleEntry
from reconcilers.vertice.scaler.normal import Bounds
from reconcilers.vertice.scaler.schedule import limits, read


def entry(cron, replicas, *, end=UNSET, mode="floor", zone="UTC"):
    """Return an entry as a user writes it."""
    return ScheduleEntry(cron=cron, replicas=replicas, end=end, mode=mode, time_zone=zone)


def at(text):
    """Return a moment."""
    return dt.datetime.fromisoformat(text)


PRINTED = (entry("0 8 * * 1-5", 10), entry("0 20 * * *", 2))
UNEQUAL = (entry("30 6 * * 1-5", 10, end="10 22 * * *"),)
NESTED = (
    entry("0 8 * * *", 5, end="0 20 * * *"),
    entry("0 12 * * *", 9, end="0 13 * * *"),
)
OPEN_AND_WINDOW = (entry("0 8 * * *", 5), entry("0 12 * * *", 9, end="0 13 * * *"))
AT_ONCE = (entry("0 8 * * *", 5), entry("0 8 * * 1", 7))


@pytest.mark.parametrize(
    ("entries", "now", "replicas"),
    [
        (PRINTED, "2026-11-20T07:59:59.999999Z", 2),
        (PRINTED, "2026-11-20T08:00:00Z", 10),
        (PRINTED, "2026-11-20T19:59:59Z", 10),
        (PRINTED, "2026-11-20T20:00:00Z", 2),
        (PRINTED, "2026-11-22T12:00:00Z", 2),
        (UNEQUAL, "2026-11-20T22:05:00Z", 10),
        (UNEQUAL, "2026-11-20T22:30:00Z", None),
        (UNEQUAL, "2026-11-21T12:00:00Z", None),
        (UNEQUAL, "2026-11-23T06:30:00Z", 10),
        (NESTED, "2026-11-20T11:00:00Z", 5),
        (NESTED, "2026-11-20T12:30:00Z", 9),
        (NESTED, "2026-11-20T13:00:00Z", 5),
        (NESTED, "2026-11-20T20:00:00Z", None),
        (OPEN_AND_WINDOW, "2026-11-20T12:30:00Z", 9),
        (OPEN_AND_WINDOW, "2026-11-20T13:00:00Z", None),
        (AT_ONCE, "2026-11-23T08:00:00Z", 7),
        (AT_ONCE, "2026-11-24T08:00:00Z", 5),
        ((entry("0 8 * * *", 5, end="0 8 * * *"),), "2026-11-20T08:00:00Z", None),
        ((), "2026-11-20T08:00:00Z", None),
    ],
    ids=[
        "a moment before it begins, the evening's still holds",
        "at the moment it begins",
        "until the next of the list begins",
        "the next of the list",
        "at the weekend the evening's goes on",
        "more days end than begin: on Friday evening before the end",
        "on Friday evening after the end",
        "on Saturday, on which only the end fires",
        "on Monday",
        "before one within the other",
        "the one that began last",
        "the other goes on",
        "both are over",
        "a window within an open one",
        "an open one is over once another began",
        "two at once: the later of the list",
        "on a day on which only the first begins",
        "what ends when it begins",
        "no schedule",
    ],
)
def test_the_entry_that_began_last_is_in_force(entries, now, replicas):
    """Ends and begins may be on unequal days."""
    found = read(entries).in_force(at(now)).entry

    assert replicas == (found.replicas if found else None)


@pytest.mark.parametrize(
    ("entries", "now", "then"),
    [
        (PRINTED, "2026-11-20T08:00:00Z", "2026-11-20T20:00:00Z"),
        (PRINTED, "2026-11-20T20:00:00Z", "2026-11-21T20:00:00Z"),
        (UNEQUAL, "2026-11-20T21:00:00Z", "2026-11-20T22:10:00Z"),
    ],
)
def test_the_next_edge_is_known(entries, now, then):
    """So that it is acted upon when it comes, not a look later."""
    assert at(then) == read(entries).in_force(at(now)).next


def test_between_two_edges_nobody_reads_expressions_again(monkeypatch):
    """A look comes every quarter of a minute, and an expression may be about years."""
    asked = []
    real = Cron.previous
    monkeypatch.setattr(Cron, "previous", lambda cron, now: asked.append(now) or real(cron, now))
    schedule = read(PRINTED)

    for minute in range(60):
        found = schedule.in_force(at(f"2026-11-20T08:{minute:02}:00Z"))
        assert 10 == found.entry.replicas
    assert len(PRINTED) == len(asked)


def test_a_clock_that_goes_back_is_believed():
    """As is one that goes on by more than an edge."""
    schedule = read(PRINTED)

    told = [
        schedule.in_force(at(f"2026-11-20T{time}Z")).entry.replicas
        for time in ("08:30:00", "07:59:59", "08:00:00", "20:00:00", "12:00:00")
    ]
    assert [10, 2, 10, 2, 10] == told


@pytest.mark.parametrize(
    ("now", "replicas"),
    [
        ("2026-03-29T00:59:00Z", 2),
        ("2026-03-29T01:00:00Z", 9),
        ("2026-10-25T00:29:00Z", 2),
        ("2026-10-25T00:30:00Z", 9),
        ("2026-10-25T01:45:00Z", 9),
    ],
    ids=[
        "before the hour that is left out",
        "at its end, as half past two does not come",
        "before half past two comes first",
        "half past two",
        "when it comes again nothing begins anew",
    ],
)
def test_a_schedule_follows_the_clocks_of_its_place(now, replicas):
    """Where they are put forward and back."""
    entries = (
        entry("30 2 * * *", 9, zone="Europe/Berlin"),
        entry("0 22 * * *", 2, zone="Europe/Berlin"),
    )

    assert replicas == read(entries).in_force(at(now)).entry.replicas


@pytest.mark.parametrize(
    ("mode", "replicas", "wanted"),
    [
        ("floor", 10, Bounds(least=10, most=20)),
        ("floor", 1, Bounds(least=2, most=20)),
        ("ceiling", 10, Bounds(least=2, most=10)),
        ("exact", 10, Bounds(least=10, most=10)),
        ("exact", 0, Bounds(least=0, most=0)),
        ("floor", 50, Bounds(least=20, most=20)),
    ],
)
def test_an_entry_moves_the_limits(mode, replicas, wanted):
    """Never above those of the spec, which stand for what can be paid."""
    found = limits(2, 20, entry("0 8 * * 1-5", replicas, mode=mode))

    assert wanted == found.bounds
    assert f"schedule 0 8 * * 1-5 ({mode} {replicas})" == found.by


def test_an_entry_may_begin_each_minute():
    """Not more often."""
    assert 3 == read([entry("@every 1m", 3)]).in_force(at("2026-11-20T08:00:30Z")).entry.replicas


def test_without_an_entry_the_limits_are_those_of_the_spec():
    """And they say so."""
    assert ("spec", Bounds(least=2, most=20)) == (
        limits(2, 20, None).by,
        limits(2, 20, None).bounds,
    )


def test_all_that_is_wrong_is_told_at_once():
    """By entry and field; an unknown zone is told once, and hides nothing."""
    wrong = [
        entry("0 8 * * *", 1),
        entry("0 25 * * *", 1, end="0 20-8 * * *", zone="Mars/Olympus"),
        entry("bad", 1),
    ]

    with pytest.raises(CronError) as raised:
        read(wrong)

    assert (
        "spec.schedule[1].timeZone: nobody knows the time of 'Mars/Olympus': name an IANA zone "
        "such as Europe/Lisbon; "
        "spec.schedule[1].cron: '0 25 * * *': hour 25 is not 0-23; "
        "spec.schedule[1].end: '0 20-8 * * *': hour 20-8 runs backwards: write 20-23,0-8; "
        "spec.schedule[2].cron: 'bad' has 1 field; five are wanted: minute, hour, day of the "
        "month, month and day of the week, as in '0 8 * * 1-5'"
    ) == str(raised.value)


@pytest.mark.parametrize(
    ("entry_", "text"),
    [
        (entry("0 8 * *", 1), "4 fields"),
        (
            entry("0 8 * * *", 1, end="0 25 * * *"),
            r"spec.schedule\[0\].end: '0 25 \* \* \*': hour 25 is not 0-23",
        ),
        (entry("0 8 * * *", 1, zone="Mars/Olympus"), "nobody knows the time of 'Mars/Olympus'"),
        (entry("@every 1s", 1), "'@every 1s' is less than a minute"),
        (entry("0 8 * * *", 1, end="@every 59s"), "'@every 59s' is less than a minute"),
    ],
    ids=["cron", "end", "zone", "each second", "an end each second"],
)
def test_what_says_nothing_certain_is_refused(entry_, text):
    """With what is wrong."""
    with pytest.raises(CronError, match=text):
        read([entry_])
