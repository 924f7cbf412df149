"""When expressions fire: where clocks are put forward or back, and what is refused."""

import datetime as dt
import zoneinfo

import attrs
import pytest

from controller.runtime.cron import CronError, parse

NEW_YORK = "America/New_York"
SPRING = ("2026-03-08T00:00-05:00", "2026-03-09T00:00-04:00")
FALL = ("2026-11-01T00:00-04:00", "2026-11-02T00:00-05:00")


def fired(expression, zone, day):
    """Return the times on the wall at which it fires on a day, each with its offset."""
    cron, found = parse(expression, zone), []
    begin, end = map(dt.datetime.fromisoformat, day)
    at = begin - dt.timedelta(seconds=1)
    while (at := cron.next(at)) < end:
        found.append(at.astimezone(cron.zone).strftime("%H:%M%z"))
    return found


@pytest.mark.parametrize(
    ("expression", "zone", "day", "times"),
    [
        ("30 2 * * *", NEW_YORK, SPRING, ["03:00-0400"]),
        ("0 2 * * *", NEW_YORK, SPRING, ["03:00-0400"]),
        ("0 1-3 * * *", NEW_YORK, SPRING, ["01:00-0500", "03:00-0400"]),
        ("30 1 * * *", NEW_YORK, FALL, ["01:30-0400"]),
        ("0 1 * * *", NEW_YORK, FALL, ["01:00-0400"]),
        ("0 1-3 * * *", NEW_YORK, FALL, ["01:00-0400", "02:00-0500", "03:00-0500"]),
        (
            "0 * * * *",
            NEW_YORK,
            ("2026-11-01T00:30-04:00", "2026-11-01T02:30-05:00"),
            ["01:00-0400", "01:00-0500", "02:00-0500"],
        ),
        (
            "*/30 * * * *",
            NEW_YORK,
            ("2026-11-01T01:00-04:00", "2026-11-01T02:00-05:00"),
            ["01:00-0400", "01:30-0400", "01:00-0500", "01:30-0500"],
        ),
        (
            "0 0 * * *",
            "Africa/Cairo",
            ("2026-04-23T12:00+02:00", "2026-04-24T12:00+03:00"),
            ["01:00+0300"],
        ),
        (
            "10 */5 * * *",
            "Australia/Lord_Howe",
            ("2026-04-05T00:00+11:00", "2026-04-06T00:00+10:30"),
            ["00:10+1100", "05:10+1030", "10:10+1030", "15:10+1030", "20:10+1030"],
        ),
        (
            "45 1 * * *",
            "Australia/Lord_Howe",
            ("2026-04-05T00:00+11:00", "2026-04-06T00:00+10:30"),
            ["01:45+1100"],
        ),
    ],
)
def test_every_local_day_has_each_of_its_times_once(expression, zone, day, times):
    """The cases in which the crons of this world differ."""
    assert times == fired(expression, zone, day)


def at(text):
    """Return a moment."""
    return dt.datetime.fromisoformat(text)


def test_the_hour_that_comes_twice_is_looked_at_from_within():
    """What fired in its first pass is over in the second, and is still the last that fired."""
    cron = parse("30 1 * * *", NEW_YORK)
    second_pass = at("2026-11-01T01:10-05:00")

    assert at("2026-11-02T01:30-05:00") == cron.next(second_pass)
    assert at("2026-11-01T01:30-04:00") == cron.previous(second_pass)


@pytest.mark.parametrize("expression", ["0 8 * * 1-5", "*/15 * * * *", "@every 90m", "@daily"])
def test_what_fires_now_is_neither_next_nor_previous(expression):
    """Whoever asks again with the answer goes on."""
    cron = parse(expression, "Europe/Lisbon")
    moment = cron.next(at("2026-11-22T10:00+00:00"))
    later = cron.next(moment)

    assert later > moment
    assert moment == cron.previous(later) == cron.next(cron.previous(moment))


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@Weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("0 0 ? * 7", "0 0 * * 0"),
        ("0 0 * * SUN", "0 0 * * 0"),
        ("0  0\t1 * *", "0 0 1 * *"),
    ],
)
def test_forms_that_people_know_are_read(short, long):
    """As other crons read them."""
    moment = at("2026-11-05T00:30+00:00")
    assert parse(long).next(moment) == parse(short).next(moment)


@pytest.mark.parametrize(
    ("expression", "day"),
    [("0 0 * * 1#2", "2026-11-09"), ("0 0 L * *", "2026-11-30"), ("0 0 * * 5L", "2026-11-27")],
)
def test_days_can_be_counted_in_their_month(expression, day):
    """The second Monday, the last day, the last Friday."""
    found = parse(expression).next(at("2026-11-05T00:30+00:00"))
    assert at(f"{day}T00:00+00:00") == found


class Watched(zoneinfo.ZoneInfo):
    """A zone that counts how often somebody looks at its clocks."""

    looks = 0

    def fromutc(self, moment):
        """Count, and answer."""
        type(self).looks += 1
        return super().fromutc(moment)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Lisbon"])
@pytest.mark.parametrize(
    ("expression", "before", "after"),
    [
        ("*/59 3 29 2 *", "2024-02-29T03:59", "2028-02-29T03:00"),
        ("*/59 3 * 2 1#5", "2016-02-29T03:59", "2044-02-29T03:00"),
        ("59 */23 31 12 *", "2025-12-31T23:59", "2026-12-31T00:59"),
    ],
)
def test_years_without_a_day_that_fits_cost_nothing(monkeypatch, expression, zone, before, after):
    """Whoever looks at each of their minutes stops the program for seconds."""
    cron = attrs.evolve(parse(expression, zone), zone=Watched.no_cache(zone))
    now = at("2026-11-22T21:00+00:00")
    monkeypatch.setattr(Watched, "looks", 0)

    assert (at(f"{before}+00:00"), at(f"{after}+00:00")) == (cron.previous(now), cron.next(now))
    assert 400 > Watched.looks


def test_periods_are_counted_from_1970_on():
    """So they do not depend on when a program began."""
    cron = parse("@every 1h30m", "Asia/Tokyo")
    assert at("2026-11-22T10:30+00:00") == cron.next(at("2026-11-22T10:00+00:00"))
    assert at("2026-11-22T09:00+00:00") == cron.previous(at("2026-11-22T10:30+00:00"))


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("", "0 fields; five are wanted: minute, hour"),
        ("* * * *", "4 fields; five are wanted: minute, hour"),
        ("0 0 8 * * 1", "6 fields; five are wanted: minute, hour"),
        ("61 * * * *", "'61 [*] [*] [*] [*]': minute 61 is not 0-59"),
        ("0 0 31 2 *", "'0 0 31 2 [*]': 31 February never comes"),
        ("0 0 */2 * 1", "list the days instead"),
        ("0 0 1 * */2", "list the days instead"),
        ("TZ=Asia/Tokyo 0 0 * * *", "into timeZone"),
        ("CRON_TZ=Asia/Tokyo 0 0 * * *", "into timeZone"),
        ("@every", "has 1 field; five"),
        ("@every 0s", "less than a second"),
        ("@every soon", "soon"),
        ("@sometimes", "1 field;"),
        ("0 0 * * *" + " " * 300, "309 characters"),
    ],
)
def test_what_says_nothing_certain_is_refused(expression, why):
    """With what to write instead."""
    with pytest.raises(CronError, match=why):
        parse(expression)


@pytest.mark.parametrize(
    "zone", ["Mars/Olympus", "", "../../etc/passwd", "Europe/lisbon/x", "localtime"]
)
def test_a_place_that_is_nowhere_is_refused(zone):
    """Velero took one and failed when it was to be used."""
    with pytest.raises(CronError, match="name an IANA zone such as"):
        parse("0 0 * * *", zone)
