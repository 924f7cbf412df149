"""Amounts in thousandths, which is what everything here is compared in.

Go's `MilliValue` of what no int64 holds is some other number, often 0: a target of `1e18` would be
divided by, and an activation of `1e18` always be passed. So what does not fit is told apart, and so
is an aim below a thousandth, which would be rounded up to one.
"""

from typing import Final

from informers.meta import int64
from informers.meta.quantity import MILLI, Quantity

MOST: Final = Quantity(int64.MAX, MILLI)
_LEAST: Final = Quantity(1, MILLI)


class TooMuch(ValueError):
    """An amount is more than an int64 of thousandths holds."""


def thousandths(amount: Quantity) -> int:
    """Return an amount in thousandths; a fraction of one counts as one.

    Raises:
        TooMuch: If that would be another amount.
    """
    if not -MOST <= amount <= MOST:
        raise TooMuch
    return amount.milli_value()


def is_aim(amount: Quantity) -> bool:
    """Whether an amount is one to aim at."""
    return _LEAST <= amount <= MOST
