"""Go's 64-bit integers, where Python's endless ones would give another answer.

Kubernetes computes in int64 and its strings are read by `strconv`. The types of this package keep
that behaviour, so the few rules are here: which decimal texts are integers at all (no spaces, no
underscores, no other alphabets), what fits, and what a sum that does not fit wraps round to.
"""

import re
from typing import Final

MIN: Final = -(2**63)
MAX: Final = 2**63 - 1

_DECIMAL = re.compile(r"[+-]?[0-9]+")
_MOST_DIGITS = 1_000  # beyond it Python refuses to convert, and nothing fits anyway


def fits(number: int) -> bool:
    """Whether an int64 holds the number."""
    return MIN <= number <= MAX


def wrap(number: int, *, bits: int = 64) -> int:
    """The number an int of so many bits is left with."""
    half = 1 << (bits - 1)
    return ((number + half) & ((half << 1) - 1)) - half


def parse(text: str, *, bits: int = 64) -> int | None:
    """The integer a decimal text means, or None if it is not one or does not fit."""
    number = _read(text)
    return number if number is not None and wrap(number, bits=bits) == number else None


def parse_clamped(text: str) -> int | None:
    """The int64 nearest to what a decimal text means, or None if it is not one."""
    number = _read(text)
    return None if number is None else max(MIN, min(MAX, number))


def _read(text: str) -> int | None:
    return int(text) if len(text) <= _MOST_DIGITS and _DECIMAL.fullmatch(text) else None
