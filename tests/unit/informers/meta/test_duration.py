"""Duration against Go's recorded answers, and as a value of its own."""

import copy
import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from informers.meta import int64
from informers.meta.duration import HOUR, MINUTE, SECOND, Duration
from informers.meta.errors import DurationError
from tests.unit.informers.meta.recorded import differences

durations = st.builds(Duration, st.integers(int64.MIN, int64.MAX))


def test_every_recorded_text_is_read_as_go_reads_it():
    """Nanoseconds and the text they print are Go's, and what Go refuses is refused."""

    def answer(text):
        duration = Duration.parse(text)
        return [duration.nanoseconds, str(duration)]

    assert [] == list(differences("duration", "parse", answer))


def test_every_recorded_duration_is_written_as_go_writes_it():
    """The wire form is metav1.Duration's."""

    def answer(nanoseconds):
        return [Duration(nanoseconds).to_wire()]

    assert [] == list(differences("duration", "format", answer))


@settings(deadline=None)
@given(durations)
def test_text_reads_back(duration):
    """Nothing is lost in writing."""
    assert duration == Duration.parse(str(duration))
    assert hash(duration) == hash(Duration.parse(str(duration)))


def test_units_meet_pythons_own():
    """Seconds for timeouts, timedelta for datetimes."""
    duration = Duration.of(hours=1, minutes=1, seconds=1.5)
    assert HOUR + MINUTE + 3 * SECOND // 2 == duration.nanoseconds
    assert 3661.5 == duration.seconds
    assert dt.timedelta(seconds=3661.5) == duration.timedelta
    assert duration == Duration.from_timedelta(duration.timedelta)
    assert copy.deepcopy(duration) == duration


def test_durations_add_and_compare():
    """Sums, differences and order are those of the nanoseconds."""
    short, long = Duration.parse("1s"), Duration.parse("1m")
    assert "1m1s" == str(short + long)
    assert "-59s" == str(short - long) == str(-(long - short))
    assert short < long
    assert short <= long
    assert long > short
    assert long >= short
    assert Duration() != 0
    assert not Duration()


@pytest.mark.parametrize("raw", [None, 5, 1.5, True, "5", "5 minutes", ""], ids=repr)
def test_what_is_no_duration_is_refused_with_an_example(raw):
    """Numbers without a unit are the mistake people make; the message shows the right form."""
    with pytest.raises(DurationError, match="1h30m"):
        Duration.from_wire(raw)


def test_sums_beyond_292_years_are_refused():
    """Where Go would wrap round there is an error."""
    with pytest.raises(DurationError, match="292 years"):
        Duration(int64.MAX) + Duration(1)
