"""Lengths of time as Go writes them: `1h30m`, `250ms`, `-1.5s`.

A `Duration` is an int64 of nanoseconds, like `time.Duration`; its texts are read and written as
`time.ParseDuration` and `Duration.String` do, to the last digit, and on the wire it is
metav1.Duration: a string, never null. Arithmetic that leaves 64 bits (292 years) is an error here,
not a wrap-around.

Timeouts for asyncio are floats: `seconds`. Datetimes take `timedelta`, which drops what is below a
microsecond.
"""

import datetime as dt
import re
from typing import ClassVar, Final, Self

from informers.meta import int64
from informers.meta.errors import DurationError
from informers.meta.scalar import Scalar

MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

_UNITS = {
    "ns": 1,
    "us": MICROSECOND,
    "µs": MICROSECOND,
    "\u03bcs": MICROSECOND,  # the Greek letter; the line above has the micro sign
    "ms": MILLISECOND,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
}
_TERM = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]+)")
_LARGEST = 2**63  # of either sign; positive ones are checked once more at the end
_LONGEST = 1_000
_set = object.__setattr__


_MOST_TEXT: Final = 64
"""Characters that are enough for any; a server bounds what rules of a schema may cost by it."""


class Duration(Scalar):
    """An immutable length of time: `Duration.parse("1h30m")`, `Duration.of(seconds=90)`."""

    __slots__ = ("nanoseconds",)

    nanoseconds: int

    schema: ClassVar = {"type": "string", "maxLength": _MOST_TEXT}

    def __init__(self, nanoseconds: int = 0) -> None:
        """Take a number of nanoseconds that fits an int64."""
        if not int64.fits(nanoseconds):
            raise DurationError(f"{nanoseconds} ns does not fit 64 bits; the most is 292 years")
        _set(self, "nanoseconds", nanoseconds)

    @classmethod
    def of(cls, *, hours: float = 0, minutes: float = 0, seconds: float = 0) -> Self:
        """Make a duration from the usual units, to the nearest nanosecond."""
        return cls(round(hours * HOUR) + round(minutes * MINUTE) + round(seconds * SECOND))

    @classmethod
    def from_timedelta(cls, delta: dt.timedelta) -> Self:
        """Make a duration from Python's own."""
        return cls(delta // dt.timedelta(microseconds=1) * MICROSECOND)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a Go duration."""
        unsigned = text[1:] if text[:1] in {"-", "+"} else text
        if unsigned == "0":
            return cls(0)
        amount = _sum_of_terms(text, unsigned)
        if text[0] == "-":
            amount = -amount
        if not int64.fits(amount):
            raise _malformed(text)
        return cls(amount)

    @classmethod
    def from_wire(cls, raw: object) -> Self:
        """Read JSON's string."""
        if not isinstance(raw, str):
            raise DurationError(f"a duration is a string like 1h30m, not {raw!r}")
        return cls.parse(raw)

    @property
    def seconds(self) -> float:
        """The length in seconds, as timeouts want it."""
        return self.nanoseconds / SECOND

    @property
    def timedelta(self) -> dt.timedelta:
        """Python's own, without what is below a microsecond."""
        return dt.timedelta(microseconds=self.nanoseconds // MICROSECOND)

    def __str__(self) -> str:
        rest = abs(self.nanoseconds)
        sign = "-" if self.nanoseconds < 0 else ""
        if rest < SECOND:
            return sign + _below_a_second(rest)
        minutes, rest = divmod(rest, MINUTE)
        hours, minutes = divmod(minutes, 60)
        text = f"{_decimal(rest, 9)}s"
        if hours:
            return f"{sign}{hours}h{minutes}m{text}"
        return f"{sign}{minutes}m{text}" if minutes else sign + text

    def __bool__(self) -> bool:
        return self.nanoseconds != 0

    def __eq__(self, other: object) -> bool:
        return (
            self.nanoseconds == other.nanoseconds if isinstance(other, Duration) else NotImplemented
        )

    def __hash__(self) -> int:
        return hash(self.nanoseconds)

    def __lt__(self, other: "Duration") -> bool:
        return self.nanoseconds < other.nanoseconds

    def __le__(self, other: "Duration") -> bool:
        return self.nanoseconds <= other.nanoseconds

    def __gt__(self, other: "Duration") -> bool:
        return self.nanoseconds > other.nanoseconds

    def __ge__(self, other: "Duration") -> bool:
        return self.nanoseconds >= other.nanoseconds

    def __add__(self, other: "Duration") -> Self:
        return type(self)(self.nanoseconds + other.nanoseconds)

    def __sub__(self, other: "Duration") -> Self:
        return type(self)(self.nanoseconds - other.nanoseconds)

    def __neg__(self) -> Self:
        return type(self)(-self.nanoseconds)

    def __reduce__(self) -> tuple[type[Self], tuple[int]]:
        return type(self), (self.nanoseconds,)


def _sum_of_terms(text: str, unsigned: str) -> int:
    total, at = 0, 0
    while at < len(unsigned) and len(text) <= _LONGEST:
        term = _TERM.match(unsigned, at)
        if term is None:
            break
        total += _term(text, *term.groups(default=""))
        if total > _LARGEST:
            break
        at = term.end()
    if at < len(unsigned) or not unsigned:
        raise _malformed(text)
    return total


def _term(text: str, whole: str, fraction: str, unit: str) -> int:
    scale = _UNITS.get(unit)
    if scale is None or not (whole or fraction):
        raise _malformed(text)
    amount = int(whole or 0) * scale
    # Go goes through a float here and so does this, for the same last digit.
    counted, digits = _counted(fraction)
    amount += int(float(counted) * (float(scale) / 10.0**digits))
    if amount > _LARGEST:
        raise _malformed(text)
    return amount


def _counted(fraction: str) -> tuple[int, int]:
    """The digits after the point that an int64 holds, and how many; the others do not count."""
    counted = 0
    for position, digit in enumerate(fraction):
        more = 10 * counted + int(digit)
        if counted > int64.MAX // 10 or more > _LARGEST:
            return counted, position
        counted = more
    return counted, len(fraction)


def _below_a_second(rest: int) -> str:
    if rest == 0:
        return "0s"
    if rest < MICROSECOND:
        return f"{rest}ns"
    return f"{_decimal(rest, 3)}µs" if rest < MILLISECOND else f"{_decimal(rest, 6)}ms"


def _decimal(amount: int, places: int) -> str:
    """The amount with so many places behind the point, zeros at the end dropped."""
    whole, rest = divmod(amount, 10**places)
    return f"{whole}.{rest:0{places}d}".rstrip("0") if rest else str(whole)


def _malformed(text: str) -> DurationError:
    return DurationError(
        f"{text[:40]!r} is not a duration; write numbers with units of h, m, s, ms, us or ns, "
        "like 1h30m or 250ms"
    )
