"""A number or a string in one field: a port or its name, a count or a percentage.

It is Python's own `int | str`, which msgspec reads and writes natively; no class is needed. The
functions here are Go's intstr package: how a command line's text becomes one, how one is shown, and
how many of a total `25%` are. Numbers are 32 bits wide, like Go's, and the wire type says so.
"""

import math
from typing import Annotated, TypeAlias

import msgspec

from informers.meta import int64
from informers.meta.errors import IntOrStringError

_BITS = 32

IntOrString: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)] | str


def parse(text: str) -> int | str:
    """A number if the text is one of 32 bits, else the text itself."""
    number = int64.parse(text, bits=_BITS)
    return text if number is None else number


def int_value(value: int | str) -> int:
    """The number, or the number its text is, or 0."""
    if isinstance(value, int):
        return value
    return int64.parse_clamped(value) or 0


def scaled_value(value: int | str, *, total: int, round_up: bool) -> int:
    """The number itself, or that percentage of the total; other strings are refused."""
    if isinstance(value, int):
        return value
    percent = int64.parse(value[:-1]) if value.endswith("%") else None
    if percent is None:
        raise IntOrStringError(f"{value[:40]!r} is neither a number nor a percentage like 25%")
    share = float(percent) * float(total) / 100
    return math.ceil(share) if round_up else math.floor(share)
