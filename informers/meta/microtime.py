"""Points in time: `Time` with seconds on the wire, `MicroTime` (Leases, Events) with microseconds.

Both hold nanoseconds since 1970 in UTC, read and write exactly the texts metav1.Time and
metav1.MicroTime do, and agree with Go that null and the first second of year 1 are the same: no
time, written as null, `is_zero`. Reading keeps what was sent down to the nanosecond; writing cuts
to the precision of the type. `of` cuts at once, so that a time made here equals the same time read
back later.

They are compared with each other by the moment they mean, and a `Duration` lies between two. Years
outside 1 to 9999, which no datetime holds, are read and written all the same.
"""

import datetime as dt
import re
from typing import ClassVar, Final, Self

from informers.meta.duration import SECOND, Duration
from informers.meta.errors import TimeError
from informers.meta.scalar import Scalar

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_DAY = 86_400
_CYCLE_YEARS = 400  # the calendar repeats; dates of any year are found in the first cycle
_CYCLE_DAYS = 146_097
_EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()
_YEAR_ONE = -62_135_596_800 * SECOND
_NANO_DIGITS = 9
_MOST_OFFSET = (24, 60)  # both included, as Go is kind to people who write them

_DATE = r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{1,2}):([0-9]{2}):([0-9]{2})"
_ZONE = r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
# Go's parser takes a comma for the point, and signs where six digits are expected.
_SECONDS = re.compile(rf"{_DATE}(?:[.,]([0-9]+))?{_ZONE}")
_MICROS = re.compile(rf"{_DATE}[.,]([+0-9][0-9]{{5}}|-00000){_ZONE}")
_set = object.__setattr__


class Instant(Scalar):
    """What both kinds share; make a `Time` or a `MicroTime`."""

    __slots__ = ("nanoseconds",)

    nanoseconds: int
    """Since 1970, in UTC."""

    schema: ClassVar = {"type": "string", "format": "date-time"}
    _pattern: ClassVar[re.Pattern[str]]
    _precision: ClassVar[int]

    def __init__(self, nanoseconds: int = _YEAR_ONE) -> None:
        """Take nanoseconds since 1970; without any it is the zero time."""
        _set(self, "nanoseconds", nanoseconds)

    @classmethod
    def of(cls, moment: dt.datetime) -> Self:
        """Make one from a datetime with a time zone, cut to what the wire keeps."""
        if moment.tzinfo is None:
            raise TimeError(f"{moment} has no time zone; say datetime.now(UTC)")
        nanoseconds = (moment - _EPOCH) // _MICROSECOND * 1_000
        return cls(nanoseconds - nanoseconds % cls._precision)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an RFC 3339 time of this precision."""
        match = cls._pattern.fullmatch(text)
        if match is None:
            raise _malformed(cls, text)
        date, clock = match.group(1, 2, 3), match.group(4, 5, 6)
        seconds = _days(cls, text, *map(int, date)) * _DAY
        seconds += _clock(cls, text, *map(int, clock)) - _offset(cls, text, match)
        fraction = (match[7] or "0")[:_NANO_DIGITS]
        return cls(seconds * SECOND + int(fraction) * 10 ** (_NANO_DIGITS - len(fraction)))

    @classmethod
    def from_wire(cls, raw: object) -> Self:
        """Read JSON's string; null is the zero time, as in Go."""
        if raw is None:
            return cls()
        if not isinstance(raw, str):
            raise TimeError(f"a time is a string, not {raw!r}")
        return cls.parse(raw)

    def to_wire(self) -> str | None:
        """The text, or None for the zero time."""
        return None if self.is_zero else str(self)

    @property
    def is_zero(self) -> bool:
        """Whether it says that there is no time."""
        return self.nanoseconds == _YEAR_ONE

    @property
    def datetime(self) -> dt.datetime:
        """Python's own, in UTC, without what is below a microsecond."""
        try:
            return _EPOCH + _MICROSECOND * (self.nanoseconds // 1_000)
        except OverflowError as error:
            raise TimeError(f"{self} is in a year no datetime holds") from error

    def __eq__(self, other: object) -> bool:
        return (
            self.nanoseconds == other.nanoseconds if isinstance(other, Instant) else NotImplemented
        )

    def __hash__(self) -> int:
        return hash(self.nanoseconds)

    def __lt__(self, other: "Instant") -> bool:
        return self.nanoseconds < other.nanoseconds

    def __le__(self, other: "Instant") -> bool:
        return self.nanoseconds <= other.nanoseconds

    def __gt__(self, other: "Instant") -> bool:
        return self.nanoseconds > other.nanoseconds

    def __ge__(self, other: "Instant") -> bool:
        return self.nanoseconds >= other.nanoseconds

    def __add__(self, other: Duration) -> Self:
        return type(self)(self.nanoseconds + other.nanoseconds)

    def __sub__(self, other: "Instant") -> Duration:
        return Duration(self.nanoseconds - other.nanoseconds)

    def __reduce__(self) -> tuple[type[Self], tuple[int]]:
        return type(self), (self.nanoseconds,)


class Time(Instant):
    """A moment to the second: creationTimestamp, lastTransitionTime."""

    __slots__ = ()

    _pattern = _SECONDS
    _precision = SECOND

    def __str__(self) -> str:
        return f"{_date_and_clock(self.nanoseconds // SECOND)}Z"


class MicroTime(Instant):
    """A moment to the microsecond: renewTime, eventTime."""

    __slots__ = ()

    schema: ClassVar = {**Instant.schema, "pattern": r"\.[0-9]{6}(Z|[+-][0-9]{2}:[0-9]{2})$"}
    _pattern = _MICROS
    _precision = 1_000

    def __str__(self) -> str:
        seconds, rest = divmod(self.nanoseconds, SECOND)
        return f"{_date_and_clock(seconds)}.{rest // 1_000:06d}Z"


ZERO: Final = Time()


def _days(kind: type[Instant], text: str, year: int, month: int, day: int) -> int:
    """Days since 1970 of a date of any year from 0 to 9999."""
    cycles, year = divmod(year - 1, _CYCLE_YEARS)
    try:
        ordinal = dt.date(year + 1, month, day).toordinal()
    except ValueError as error:
        raise _malformed(kind, text) from error
    return ordinal + cycles * _CYCLE_DAYS - _EPOCH_ORDINAL


def _clock(kind: type[Instant], text: str, hour: int, minute: int, second: int) -> int:
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004 - what a clock shows
        raise _malformed(kind, text)
    return (hour * 60 + minute) * 60 + second


def _offset(kind: type[Instant], text: str, match: re.Match[str]) -> int:
    if match[8] is None:
        return 0
    hours, minutes = int(match[9]), int(match[10])
    if hours > _MOST_OFFSET[0] or minutes > _MOST_OFFSET[1]:
        raise _malformed(kind, text)
    offset = (hours * 60 + minutes) * 60
    return -offset if match[8] == "-" else offset


def _date_and_clock(seconds: int) -> str:
    days, rest = divmod(seconds, _DAY)
    cycles, day = divmod(days + _EPOCH_ORDINAL - 1, _CYCLE_DAYS)
    date = dt.date.fromordinal(day + 1)
    year = date.year + cycles * _CYCLE_YEARS
    sign = "-" if year < 0 else ""
    minutes, second = divmod(rest, 60)
    clock = f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"
    return f"{sign}{abs(year):04d}-{date.month:02d}-{date.day:02d}T{clock}"


def _malformed(kind: type[Instant], text: str) -> TimeError:
    example = kind(1_136_214_245 * SECOND)
    return TimeError(f"{text[:40]!r} is not a {kind.__name__}; write it like {example}")
