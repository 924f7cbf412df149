"""Amounts of CPU, memory and anything else Kubernetes counts: `100m`, `1.5Gi`, `12e6`.

A `Quantity` is a decimal number with a preferred way of writing it. It answers exactly as
`resource.Quantity` of apimachinery does, which thousands of recorded answers of the Go code hold it
to (hack/vectors): the canonical text, rounding away from zero below nano, the cap of binary
quantities at 2^63-1, and the int64 results of `value` and `milli_value` with their overflow.
Where Go's answer is surprising it is kept, since the API server and every peer give the same: the
text of an already canonical quantity is not rewritten (`+5` and `1.500` stay), and a decimal
quantity of 10^21 and more loses its unit in the text (there is none).

Promises beyond Go: immutable, hashable and ordered by value (`1Gi == 1024Mi`); comparing costs
nothing even for `1e2000000000`; a sum or rounding that would need thousands of digits is a
`QuantityError` instead of all memory; so is a text of more than 1,000 characters.

Go keeps small numbers as an int64 and a power of ten and turns to endless decimals when that
overflows, and the two round negative numbers and overflow differently. `endless` remembers which
one Go would hold. The grammar and the canonical text are in `quantity_text`.
"""

import functools
import math
import sys
from typing import Any, ClassVar, Final, final

from informers.meta import int64, quantity_text
from informers.meta.errors import QuantityError
from informers.meta.quantity_text import Parts, Style, ten
from informers.meta.scalar import Scalar

MICRO: Final = -6
MILLI: Final = -3

_CACHED_TEXTS = 4_096  # the distinct texts of a cluster number hundreds
_LONGEST_CACHED = 32
_INT64_DIGITS = 19
_LEAST_POWER = -323
_WRAPPING_POWERS = frozenset({1, 2, 3, 6, 9})  # Go multiplies by these in one step
_MODULUS = sys.hash_info.modulus


@final
class Quantity(Scalar):
    """An immutable amount: `Quantity.parse("64Mi")`, or a number times a power of ten."""

    __slots__ = ("amount", "endless", "exponent", "style", "text")

    amount: int
    """The number, in units of ten to the exponent."""
    exponent: int
    style: Style
    """How it prefers to be written; Go calls it the format."""
    endless: bool
    """Whether Go would hold it as an endless decimal."""
    text: str | None
    """Its canonical text, once it is known."""

    schema: ClassVar = {
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "pattern": quantity_text.PATTERN,
        "x-kubernetes-int-or-string": True,
    }

    def __init__(self, amount: int = 0, exponent: int = 0, *, style: Style = "DecimalSI") -> None:
        """Make `amount` times ten to the `exponent`, to be written in the given style."""
        endless = not int64.fits(amount)
        _fill(self, Parts(amount, exponent, style, endless=endless, text=None))

    @staticmethod
    def parse(text: str) -> "Quantity":
        """Read a quantity; equal texts may give the same object."""
        return _cached(text) if len(text) <= _LONGEST_CACHED else _read(text)

    @classmethod
    def from_wire(cls, raw: object) -> "Quantity":
        """Read JSON's string or number; null is zero, as in Go."""
        if isinstance(raw, str):
            return cls.parse(raw.strip())
        if isinstance(raw, int | float) and not isinstance(raw, bool):
            return cls.parse(repr(raw))
        if raw is None:
            return ZERO
        raise QuantityError(f"a quantity is a string or a number, not {raw!r}")

    def _like(
        self, amount: int, exponent: int, *, endless: bool, style: Style | None = None
    ) -> "Quantity":
        return _made(Parts(amount, exponent, style or self.style, endless, None))

    @property
    def sign(self) -> int:
        """-1, 0 or 1."""
        return (self.amount > 0) - (self.amount < 0)

    @property
    def is_zero(self) -> bool:
        """Whether it is nothing."""
        return self.amount == 0

    def __str__(self) -> str:
        if self.text is None:  # shared instances are written often
            text = quantity_text.canonical(
                self.amount, self.exponent, self.style, endless=self.endless
            )
            _put_text(self, text)
            return text
        return self.text

    # Numbers

    def value(self) -> int:
        """The whole units, a fraction rounded up, as an int64."""
        return self.scaled_value(0)

    def milli_value(self) -> int:
        """The thousandths, a fraction rounded up, as an int64."""
        return self.scaled_value(MILLI)

    def scaled_value(self, scale: int) -> int:
        """How many times ten to the `scale`, a fraction rounded up, as an int64 (0 or wrapped)."""
        if self.endless:
            return _endless_scaled(self.amount, scale - self.exponent)
        if self.exponent < scale:
            return quantity_text.divided(self.amount, scale - self.exponent)
        return _wrapped_times_ten(self.amount, self.exponent - scale)

    def as_int64(self) -> int | None:
        """The whole units where Go could tell them without rounding, else None."""
        if self.endless or self.exponent < 0:
            return None
        return _int64_times_ten(self.amount, self.exponent)

    def as_float(self) -> float:
        """The nearest float, give or take the last digit; Go's AsApproximateFloat64."""
        try:
            number = float(self.amount)
        except OverflowError:
            number = math.copysign(math.inf, self.sign)
        return number * _power_of_ten(self.exponent) if self.exponent else number

    def rounded_up(self, scale: int) -> "Quantity":
        """The same, away from zero to a multiple of ten to the `scale`."""
        if self.exponent >= scale and not self.endless:
            return self
        amount, exponent = quantity_text.rounded(self.amount, self.exponent, scale)
        return self._like(amount, exponent, endless=self.endless)

    # Order

    def compare(self, other: "Quantity") -> int:
        """-1, 0 or 1: less, equal or more, exactly."""
        return quantity_text.compared(self.amount, self.exponent, other.amount, other.exponent)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Quantity):
            return NotImplemented
        return self.compare(other) == 0

    def __hash__(self) -> int:
        # Equal numbers leave the same rest, whatever powers of ten they are written with.
        return self.amount * pow(10, self.exponent, _MODULUS) % _MODULUS

    def __lt__(self, other: "Quantity") -> bool:
        return self.compare(other) < 0

    def __le__(self, other: "Quantity") -> bool:
        return self.compare(other) <= 0

    def __gt__(self, other: "Quantity") -> bool:
        return self.compare(other) > 0

    def __ge__(self, other: "Quantity") -> bool:
        return self.compare(other) >= 0

    # Arithmetic: the result is written like the left side, or like the right if that is zero

    def __add__(self, other: "Quantity") -> "Quantity":
        return self._plus(other, other.amount)

    def __sub__(self, other: "Quantity") -> "Quantity":
        return self._plus(other, -other.amount)

    def __neg__(self) -> "Quantity":
        amount = -self.amount if self.endless else int64.wrap(-self.amount)
        return self._like(amount, self.exponent, endless=self.endless)

    def __mul__(self, factor: int) -> "Quantity":
        if not int64.fits(factor):
            raise QuantityError(f"a quantity is multiplied by an int64, not by {factor}")
        if self.is_zero and not self.endless:
            return self._like(0, self.exponent, endless=False)
        product = self.amount * factor
        small = not self.endless and int64.fits(product) and self._stays_exact(product)
        exponent = 0 if small and not product else self.exponent
        return self._like(product, exponent, endless=not small)

    def _plus(self, other: "Quantity", amount: int) -> "Quantity":
        style = self.style if self.amount else other.style
        if not (self.endless or other.endless):
            total = _int64_sum(self.amount, self.exponent, int64.wrap(amount), other.exponent)
            if total is not None:
                return self._like(*total, endless=False, style=style)
        exponent = min(self.exponent, other.exponent)
        left = quantity_text.times_ten(self.amount, self.exponent - exponent)
        right = quantity_text.times_ten(amount, other.exponent - exponent)
        return self._like(left + right, exponent, endless=True, style=style)

    def _stays_exact(self, product: int) -> bool:
        """Whether Go keeps the product of a factor as an int64."""
        if self.exponent >= 0:
            return _int64_times_ten(product, self.exponent) is not None
        return quantity_text.is_multiple(product, -self.exponent)

    def __reduce__(self) -> tuple[Any, ...]:
        parts = (self.amount, self.exponent, self.style, self.endless, self.text)
        return _made, (Parts(*parts),)


# Setting a slot through its descriptor passes the guard of Scalar at half the price.
_put_amount, _put_exponent, _put_style, _put_endless, _put_text = (
    vars(Quantity)[name].__set__ for name in Parts._fields
)


def _fill(quantity: Quantity, parts: Parts) -> None:
    amount, exponent, style, endless, text = parts
    _put_amount(quantity, amount)
    _put_exponent(quantity, exponent)
    _put_style(quantity, style)
    _put_endless(quantity, endless)
    _put_text(quantity, text)


def _made(parts: Parts) -> Quantity:
    quantity = object.__new__(Quantity)
    _fill(quantity, parts)
    return quantity


def _read(text: str) -> Quantity:
    return _made(quantity_text.parse(text))


_cached = functools.lru_cache(maxsize=_CACHED_TEXTS)(_read)


def _int64_times_ten(amount: int, power: int) -> int | None:
    if power > _INT64_DIGITS and amount:
        return None
    scaled = amount * ten(power) if amount else 0
    return scaled if int64.fits(scaled) else None


def _wrapped_times_ten(amount: int, power: int) -> int:
    """What Go says when it asks whether the product overflowed, and then looks away."""
    scaled = _int64_times_ten(amount, power)
    if scaled is not None:
        return scaled
    if power in _WRAPPING_POWERS and amount != int64.MIN:
        return int64.wrap(amount * ten(power))
    return 0


def _int64_sum(a: int, a_exponent: int, b: int, b_exponent: int) -> tuple[int, int] | None:
    """A sum that Go makes without leaving int64, with its exponent."""
    if b == 0:
        return a, a_exponent
    if a == 0:
        return b, b_exponent
    exponent = min(a_exponent, b_exponent)
    left = _int64_times_ten(a, a_exponent - exponent)
    right = _int64_times_ten(b, b_exponent - exponent)
    if left is None or right is None or not int64.fits(left + right):
        return None
    return left + right, exponent


def _endless_scaled(amount: int, power: int) -> int:
    """An endless decimal divided by ten to the power, with Go's rounding and overflow."""
    if power <= 0:
        # A power that no int64 holds becomes the least int64 there is on amd64.
        factor = ten(-power) if -power < _INT64_DIGITS else int64.MIN
        return int64.wrap(int64.wrap(amount) * factor)
    if amount < int64.MAX and power < _INT64_DIGITS:
        whole, rest = divmod(abs(int64.wrap(amount)), ten(power))
        return (-whole if int64.wrap(amount) < 0 else whole) + (rest != 0)
    if amount.bit_length() <= 3 * power:  # less than one, and below zero is minus one and a bit
        return int(amount > 0)
    whole, rest = divmod(amount, ten(power))
    return int64.wrap(whole + (rest != 0))


def _power_of_ten(exponent: int) -> float:
    """The product of two table entries Go looks up, not always the float nearest to it."""
    if exponent > sys.float_info.max_10_exp:
        return math.inf
    if exponent < _LEAST_POWER:
        return 0.0
    coarse, fine = divmod(abs(exponent), 32)
    if exponent < 0:
        return float(f"1e-{32 * coarse}") / float(f"1e{fine}")
    return float(f"1e{32 * coarse}") * float(f"1e{fine}")


ZERO: Final = Quantity()
