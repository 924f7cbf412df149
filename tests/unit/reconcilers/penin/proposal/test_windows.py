"""Freeze windows by the clock on the wall, also where it is put forward and back."""

import datetime as dt

import pytest

from informers.meta import codec
from reconcilers.penin.api.architecting import FreezeWindow
from reconcilers.penin.proposal import windows

BERLIN = "Europe/Berlin"


def window(days, begins, ends, zone="UTC"):
    """Return a window."""
    content = {"days": days, "from": begins, "to": ends, "zone": zone}
    return codec.convert(content, FreezeWindow)


def at(text):
    """Return a moment in UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("moment", "frozen"),
    [
        ("2026-03-04T08:59:59", False),
        ("2026-03-04T09:00:00", True),
        ("2026-03-04T16:59:59", True),
        ("2026-03-04T17:00:00", False),
        ("2026-03-05T12:00:00", False),
    ],
)
def test_a_window_within_a_day(moment, frozen):
    """Its beginning belongs to it, its end does not; other days are free."""
    assert frozen == windows.contains(window(["Wed"], "09:00", "17:00"), at(moment))


@pytest.mark.parametrize(
    ("moment", "frozen"),
    [
        ("2026-03-06T21:59:00", False),
        ("2026-03-06T22:00:00", True),
        ("2026-03-07T05:59:00", True),
        ("2026-03-07T06:00:00", False),
        ("2026-03-07T22:30:00", False),
        ("2026-03-06T05:00:00", False),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_it_begins_on(moment, frozen):
    """Friday night ends on Saturday morning, and there is no Saturday night."""
    assert frozen == windows.contains(window(["Fri"], "22:00", "06:00"), at(moment))


def test_a_window_with_one_time_is_a_whole_day():
    """From then until then on the next day."""
    whole = window(["Wed"], "00:00", "00:00")

    assert windows.contains(whole, at("2026-03-04T00:00:00"))
    assert windows.contains(whole, at("2026-03-04T23:59:59"))
    assert not windows.contains(whole, at("2026-03-05T00:00:00"))


@pytest.mark.parametrize(
    ("moment", "frozen"),
    [
        ("2026-03-28T08:30:00", True),  # 09:30 in winter
        ("2026-03-29T07:30:00", True),  # 09:30 in summer
        ("2026-03-29T08:30:00", False),  # 10:30 in summer
        ("2026-03-28T07:30:00", False),  # 08:30 in winter
    ],
)
def test_a_window_follows_the_summer_time(moment, frozen):
    """Nine o'clock is nine o'clock, an hour earlier in UTC."""
    morning = window(["Sat", "Sun"], "09:00", "10:00", BERLIN)

    assert frozen == windows.contains(morning, at(moment))


@pytest.mark.parametrize("moment", ["2026-10-25T00:30:00", "2026-10-25T01:30:00"])
def test_an_hour_that_comes_twice_is_frozen_twice(moment):
    """Half past two in Berlin, before and after the clocks are put back."""
    assert windows.contains(window(["Sun"], "02:00", "03:00", BERLIN), at(moment))


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "../etc/passwd", ""])
def test_an_unknown_place_is_an_error(zone):
    """Nobody knows whether it is frozen there."""
    broken = FreezeWindow(days=("Wed",), from_="09:00", to="10:00", zone=zone)

    with pytest.raises(windows.UnknownZone):
        windows.in_force([broken], now=at("2026-03-04T12:00:00"))
