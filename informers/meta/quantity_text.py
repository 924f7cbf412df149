"""The written form of quantities: grammar, canonical text, and the powers of ten in between.

Pure functions on `amount` times ten to the `exponent`, apart from the class because they are the
part to hold against apimachinery line by line: `parse` decides as Go does whether a number is kept
as an int64 or as an endless decimal, and `canonical` finds the largest unit that loses nothing.
All arithmetic is on integers. No function builds a power of ten that its result does not need, so a
text of ten characters cannot occupy the process; what would have thousands of digits is refused.
"""

import re
from typing import Final, Literal, NamedTuple

from informers.meta import int64
from informers.meta.errors import QuantityError

Style = Literal["DecimalSI", "BinarySI", "DecimalExponent"]

PATTERN: Final = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
"""What CRD schemas of Kubernetes itself say a quantity looks like."""

_DIGITS = "0123456789"
_NANO = -9
_INT64_DIGITS = 18  # that many always fit
_TENS = tuple(10**power for power in range(40))
_SMALL_BINARY_DIGITS = 14
_LONGEST = 1_000
_LONGEST_SHOWN = 40
_MOST_BITS = 10_000  # about 3,000 digits
_INT32 = 32

_TEXT = re.compile(
    r"(?P<sign>[+-]?)(?P<zeros>0*+)(?P<whole>[0-9]*+)(?:\.(?P<fraction>[0-9]*+))?"
    r"(?P<unit>[eEinumkKMGTP]*+[+-]?[0-9]*+)"
)
_DECIMAL: dict[str, int] = {
    unit: 3 * power
    for power, unit in enumerate(("n", "u", "m", "", "k", "M", "G", "T", "P", "E"), -3)
}
_BINARY = {unit: 10 * power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)}
_UNIT_OF_TEN = {exponent: unit for unit, exponent in _DECIMAL.items()}
_UNIT_OF_1024 = {bits // 10: unit for unit, bits in _BINARY.items()}


class Parts(NamedTuple):
    """A number, how to write it, how Go would hold it, and its text if that needs no rewriting."""

    amount: int
    exponent: int
    style: Style
    endless: bool
    text: str | None


def parse(text: str) -> Parts:
    """Read a quantity as `resource.ParseQuantity` does."""
    unit = text.lstrip(_DIGITS)
    digits = text[: len(text) - len(unit)]
    plain = digits[:1] > "0" and (unit in _DECIMAL or unit in _BINARY)
    return (plain and _small(text, "", digits, 0, unit)) or _parse_any(text)


def _parse_any(text: str) -> Parts:
    """Read a sign, leading zeros, a fraction, any exponent, and numbers beyond int64 too."""
    match = _TEXT.fullmatch(text) if 0 < len(text) <= _LONGEST else None
    if match is None:
        raise _malformed(text)
    sign, zeros, whole, fraction, unit = match.groups(default="")
    digits = (whole or "0") + fraction
    small = _small(text, sign, digits, len(fraction), unit)
    if small is not None:
        return small
    if not (zeros or whole or fraction):
        raise _malformed(text)
    amount = int(sign + digits)
    bits = _BINARY.get(unit)
    if bits is not None:
        return _endless_binary(amount << bits, -len(fraction))
    style, exponent = _decimal_unit(text, unit)
    amount, exponent = _at_least_nano(amount, exponent - len(fraction))
    return Parts(amount, exponent, style, endless=True, text=None)


def _small(text: str, sign: str, digits: str, places: int, unit: str) -> Parts | None:
    """The number as an int64, if Go holds it as one."""
    bits = _BINARY.get(unit)
    style: Style = "BinarySI"
    if bits is not None:
        # Go's own estimate of what fits; ten bits are about three digits.
        if places or len(digits) + 3 * (bits // 10) > _SMALL_BINARY_DIGITS:
            return None
        number, exponent = int(digits), 0
        plain = number & 7 != 0
        number <<= bits
    else:
        style, exponent = _decimal_unit(text, unit)
        exponent -= places
        if len(digits) > _INT64_DIGITS or exponent < _NANO:
            return None
        number = int(digits)
        plain = exponent % 3 == 0 and digits[0] != "0" and digits[-3:] != "000"
    amount = -number if sign == "-" else number
    return Parts(amount, exponent, style, endless=False, text=text if plain else None)


def _endless_binary(scaled: int, exponent: int) -> Parts:
    amount, exponent = _at_least_nano(scaled, exponent)
    if compared(abs(amount), exponent, int64.MAX, 0) > 0:
        amount, exponent = (int64.MAX if amount > 0 else -int64.MAX), 0
    below_one = amount != 0 and compared(abs(amount), exponent, 1, 0) < 0
    style: Style = "DecimalSI" if below_one else "BinarySI"
    return Parts(amount, exponent, style, endless=True, text=None)


def _at_least_nano(amount: int, exponent: int) -> tuple[int, int]:
    """In billionths, the smallest amount there is; a trace of something counts as one."""
    return rounded(amount, exponent, _NANO) if amount else (0, exponent)


def _decimal_unit(text: str, unit: str) -> tuple[Style, int]:
    power = _DECIMAL.get(unit)
    if power is not None:
        return "DecimalSI", power
    exponent = int64.parse(unit[1:]) if unit[:1] in {"e", "E"} else None
    if exponent is None:
        raise _malformed(text)
    return "DecimalExponent", int64.wrap(exponent, bits=_INT32)


def _malformed(text: str) -> QuantityError:
    shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return QuantityError(
        f"{shown!r} is not a quantity; write a number and a unit, like 100m, 0.5, 64Mi or 12e6"
    )


def canonical(amount: int, exponent: int, style: Style, *, endless: bool) -> str:
    """The shortest text without a fraction, in the largest unit that keeps all of it."""
    if amount == 0:
        return "0"
    if style == "BinarySI":
        binary = _binary_text(amount, exponent, endless=endless)
        if binary is not None:
            return binary
        style = "DecimalSI"
    mantissa, times = _without_factors(amount, 10)
    exponent += times
    mantissa *= ten(exponent % 3)
    exponent -= exponent % 3
    if style == "DecimalSI":
        return f"{mantissa}{_UNIT_OF_TEN.get(exponent, '')}"
    return f"{mantissa}e{exponent}" if exponent else str(mantissa)


def _binary_text(amount: int, exponent: int, *, endless: bool) -> str | None:
    """In powers of 1024, or None if that would be below one unit or lose a fraction."""
    if compared(abs(amount), exponent, 1024, 0) < 0:
        return None
    whole, _ = rounded(amount, exponent, 0)
    if compared(whole, 0, amount, exponent) != 0:
        return None
    if whole == int64.MIN and not endless:
        return str(whole)  # Go cannot negate it and leaves it alone
    mantissa, times = _without_factors(whole, 1024)
    return f"{mantissa}{_UNIT_OF_1024.get(times, '')}"


def _without_factors(amount: int, factor: int) -> tuple[int, int]:
    times = 0
    quotient, rest = divmod(amount, factor)
    while not rest:
        amount, times = quotient, times + 1
        quotient, rest = divmod(amount, factor)
    return amount, times


def ten(power: int) -> int:
    """Ten to a power of zero or more."""
    return _TENS[power] if power < len(_TENS) else int(10**power)


def times_ten(amount: int, power: int) -> int:
    """The amount times ten to the power, unless nobody could hold it."""
    if amount and amount.bit_length() + power * 10 // 3 > _MOST_BITS:
        raise QuantityError(
            f"a quantity of more than {_MOST_BITS * 3 // 10} digits; use a smaller exponent"
        )
    return amount * ten(power) if amount else 0


def divided(amount: int, power: int) -> int:
    """The amount divided by ten to the power, away from zero."""
    sign = -1 if amount < 0 else 1
    if amount.bit_length() <= 3 * power:  # less than one: spare the power of ten
        return sign if amount else 0
    return sign * -(-abs(amount) // ten(power))


def is_multiple(amount: int, power: int) -> bool:
    """Whether ten to the power divides the amount."""
    if amount.bit_length() <= 3 * power:
        return not amount or power == 0
    return amount % ten(power) == 0


def rounded(amount: int, exponent: int, scale: int) -> tuple[int, int]:
    """The same in units of ten to the scale, away from zero."""
    if exponent >= scale:
        return times_ten(amount, exponent - scale), scale
    return divided(amount, scale - exponent), scale


def compared(a: int, a_exponent: int, b: int, b_exponent: int) -> int:
    """-1, 0 or 1 for less, equal or more, without building what only differs in size."""
    gap = a_exponent - b_exponent
    if gap and a and b and (a < 0) == (b < 0):
        a, b = _aligned(a, b, gap)
    return (a > b) - (a < b)


def _aligned(a: int, b: int, gap: int) -> tuple[int, int]:
    """Two integers of the same order as a times ten to the gap, and b."""
    if abs(gap) > _INT64_DIGITS:
        digits = len(str(b)) - len(str(a))
        if gap != digits:
            return (a, 0) if gap > digits else (0, b)
    return (a * ten(gap), b) if gap > 0 else (a, b * ten(-gap))
