"""What is wrong with the five fields of a cron expression, and what to write instead.

Whether an expression is read is for `cron` to say; this is only asked about one that was refused.
It tells every fault, each by its field, with the numbers that the field takes.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import attrs

_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@attrs.frozen(kw_only=True)
class _Field:
    """One field: its name, the numbers it takes, and the names of these, if they have any.

    `counted` matches what counts days in their month, which is no number of its own.
    """

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()
    counted: str = ""

    def faults(self, text: str) -> Iterator[str]:
        """Say what is wrong with each of its items."""
        for item in text.upper().split(","):
            for fault in self._faults(item):
                yield f"{self.name} {fault}"

    def _faults(self, item: str) -> Iterator[str]:
        base, slash, step = item.partition("/")
        if slash and not (_is_number(step) and int(step)):
            yield f"{item} has no step: write a number from 1 behind the /, as in */2"
        if base == "*":
            return
        if self.counted and re.fullmatch(self.counted, base):
            if slash and self.names:
                yield f"{item} has a step: one day of a month has none"
            return
        begin, dash, end = base.partition("-")
        ends = (begin, end) if dash else (begin,)
        wrong = [self._unknown(each) for each in ends if self.number(each) is None]
        yield from wrong
        if dash and not wrong and self._of(end) < self._of(begin):
            yield f"{base} runs backwards: write {self._forwards(begin, end, step)}"

    def _unknown(self, value: str) -> str:
        numbers = f"{self.least}-{self.most}"
        if not value:
            return f"lacks a number of {numbers}"
        if value == "H":
            return f"H is known to Jenkins alone: write a number of {numbers}"
        if self.counted and "#" in value:
            return f"{value} is no day: write one such as MON#2, 1-5 behind the #"
        if value[:3] in self.names and value.isalpha():
            return f"{value} is too long: write {value[:3]}"
        names = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
        return f"{value} is not {numbers}{names}"

    def number(self, value: str) -> int | None:
        """Return the number that a text is, if it is one of the field's."""
        if value in self.names:
            return self.names.index(value) + self.least
        is_known = _is_number(value) and self.least <= int(value) <= self.most
        return int(value) if is_known else None

    def _of(self, value: str) -> int:
        return self.number(value) or 0

    def _forwards(self, begin: str, end: str, step: str) -> str:
        """Write what a range means that goes past the last number; Sunday is 7 as well as 0."""
        last = 6 if self.names == _DAYS else self.most
        over, until = range(self._of(begin), last + 1), range(self.least, self._of(end) + 1)
        if _is_number(step) and int(step) > 1:
            return ",".join(map(str, [*over, *until][:: int(step)]))
        return ",".join(map(_written, filter(None, (over, until))))


_FIELDS: Final = (
    _Field(name="minute", least=0, most=59),
    _Field(name="hour", least=0, most=23),
    _Field(name="day of the month", least=1, most=31, counted="LW?"),
    _Field(name="month", least=1, most=12, names=tuple(each[:3].upper() for each in _MONTHS)),
    _Field(
        name="day of the week",
        least=0,
        most=7,
        names=_DAYS,
        counted=f"0*[0-7]L|(0*[0-7]|{'|'.join(_DAYS)})#0*[1-5]",
    ),
)
_MONTH: Final = _FIELDS[3]


def fault(fields: Sequence[str]) -> str:
    """Say what is wrong with five fields that were refused."""
    pairs = zip(_FIELDS, fields, strict=True)
    found = [text for field, each in pairs for text in field.faults(each)]
    return "; ".join(found) or _never(fields[2], fields[3])


def _never(days: str, months: str) -> str:
    """Say that no such month has such a day: there is nothing else wrong with the fields."""
    month = _MONTH.number(months.upper())
    if month is None:
        return f"day {days} never comes in months {months}: those are shorter"
    return f"{days} {_MONTHS[month - 1]} never comes: that month is shorter"


def _written(numbers: range) -> str:
    first, last = numbers[0], numbers[-1]
    return str(first) if first == last else f"{first}-{last}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
