"""Time and MicroTime against apimachinery's recorded answers, and as values of their own."""

import copy
import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from informers.meta.duration import SECOND, Duration
from informers.meta.errors import TimeError
from informers.meta.microtime import ZERO, MicroTime, Time
from tests.unit.informers.meta.recorded import differences

moments = st.datetimes(
    dt.datetime(2, 1, 1),  # noqa: DTZ001 - the zones come with the strategy
    dt.datetime(9998, 1, 1),  # noqa: DTZ001 - the zones come with the strategy
    timezones=st.timezones(),
)
KINDS = [pytest.param(Time, id="Time"), pytest.param(MicroTime, id="MicroTime")]


@pytest.mark.parametrize(
    ("section", "kind"),
    [pytest.param("time", Time, id="Time"), pytest.param("microtime", MicroTime, id="MicroTime")],
)
def test_every_recorded_text_is_read_and_written_as_go_does(section, kind):
    """Moment and wire form are Go's, and what Go refuses is refused."""

    def answer(text):
        time = kind.parse(text)
        return [*divmod(time.nanoseconds, SECOND), time.to_wire()]

    assert [] == list(differences("time", section, answer))


@settings(deadline=None)
@given(moments)
def test_a_time_made_here_equals_the_one_read_back(moment):
    """`of` keeps just what the wire keeps."""
    for kind in (Time, MicroTime):
        made = kind.of(moment)
        assert made == kind.parse(str(made))
        assert made.datetime <= moment.astimezone(dt.UTC)


@settings(deadline=None)
@given(moments)
def test_micro_times_are_pythons_datetimes(moment):
    """Both name the same microsecond, and Python reads our text so."""
    time = MicroTime.of(moment)
    assert moment.astimezone(dt.UTC) == time.datetime
    assert moment.astimezone(dt.UTC) == dt.datetime.fromisoformat(str(time))


@pytest.mark.parametrize("kind", KINDS)
def test_null_and_the_first_second_of_year_one_are_no_time(kind):
    """As in Go, both are the zero time, written as null."""
    zero = kind.from_wire(None)
    assert zero.is_zero
    assert zero == ZERO
    assert zero.to_wire() is None
    assert "0001-01-01T00:00:00" == str(zero)[:19]
    assert not kind(0).is_zero


def test_times_of_both_kinds_are_ordered_by_the_moment():
    """A Lease's renewTime can be held against an object's creation."""
    early, late = Time(SECOND), MicroTime(SECOND + 1_000)
    assert early < late
    assert early <= late
    assert late > early
    assert late >= early
    assert Time(SECOND) == MicroTime(SECOND)
    assert hash(Time(SECOND)) == hash(MicroTime(SECOND))
    assert Time(0) != 0
    assert copy.deepcopy(late) == late


def test_a_duration_lies_between_two_times():
    """Subtracting gives a Duration, adding it goes back."""
    start, end = Time.parse("2026-01-01T00:00:00Z"), Time.parse("2026-01-01T01:30:00Z")
    assert Duration.parse("1h30m") == end - start
    assert end == start + Duration.parse("1h30m")


@pytest.mark.parametrize("raw", [5, "2026-01-01", "2026-01-01T00:00:00.000000Z+1"], ids=repr)
def test_what_is_no_time_is_refused(raw):
    """The message shows the right form."""
    with pytest.raises(TimeError):
        MicroTime.from_wire(raw)
    with pytest.raises(TimeError, match="write it like 2006-01-02T15:04:05Z"):
        Time.parse("yesterday")


def test_a_datetime_without_zone_is_refused():
    """Nobody knows which moment it is."""
    with pytest.raises(TimeError, match="time zone"):
        Time.of(dt.datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake under test


def test_years_no_datetime_holds_are_written_but_not_converted():
    """Year 0 is a valid text in Go."""
    time = Time.parse("0000-02-29T12:00:00Z")
    assert "0000-02-29T12:00:00Z" == str(time)
    with pytest.raises(TimeError, match="no datetime holds"):
        time.datetime  # noqa: B018 - the property is what raises
