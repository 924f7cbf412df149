"""What can be wrong with a value of the Kubernetes vocabulary.

    MetaError (a ValueError)
    ├── QuantityError      not a quantity, or one with more digits than anybody computes with
    ├── IntOrStringError   neither a number nor a percentage
    ├── DurationError      not a Go duration, or beyond 64 bits of nanoseconds
    ├── TimeError          not an RFC 3339 time of the precision its field asks for
    ├── SelectorError      not a label or field selector
    └── DecodeError        JSON that does not fit the type asked for

All are ValueErrors on purpose: one raised while a message is decoded comes out of msgspec with the
path of the field it was found at. Messages quote the text and say what would have been right.

`NoWireType` stands apart: not somebody's value is wrong, but the program that reads it. Were it a
ValueError, msgspec would report it as bad input.

`UNREADABLE` is all that msgspec raises for bytes of others: they may be no JSON, no UTF-8, not of
the type asked for, or nested deeper than the interpreter's stack.
"""

from typing import Final

UNREADABLE: Final = (ValueError, RecursionError)


class MetaError(ValueError):
    """A value that the Kubernetes API would refuse as well."""


class QuantityError(MetaError):
    """Not a quantity."""


class IntOrStringError(MetaError):
    """Not a number or percentage where one is needed."""


class DurationError(MetaError):
    """Not a duration."""


class TimeError(MetaError):
    """Not a time."""


class SelectorError(MetaError):
    """Not a selector."""


class DecodeError(MetaError):
    """JSON that is malformed or does not fit its type."""


class NoWireType(Exception):
    """A type of which nobody has said how it is read, written or described."""

    def __init__(self, kind: type) -> None:
        super().__init__(
            f"{kind!r} is not a wire type; derive it from Struct or Scalar, "
            "and give a Scalar its from_wire"
        )
