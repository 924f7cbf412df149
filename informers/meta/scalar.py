"""Values that are one string on the wire: quantities, durations, times.

They are plain slotted classes, not attrs ones, because msgspec takes every attrs class for a JSON
object and would never ask how to read or write it. What attrs would have given is here: instances
cannot be changed, so they can be shared, cached and used as keys.

A subclass says how it is read (`from_wire`), written (`to_wire`) and described in a CRD (`schema`);
that is all `informers.meta.codec` asks, so a new scalar needs no edit there.
"""

from collections.abc import Mapping
from typing import ClassVar, NoReturn, Self

from informers.meta.errors import NoWireType


class Scalar:
    """An immutable value with a form of its own on the wire."""

    __slots__ = ()

    schema: ClassVar[Mapping[str, object]] = {"type": "string"}
    """The structural schema of the wire form."""

    @classmethod
    def from_wire(cls, raw: object) -> Self:
        """Read what JSON decoding left: a string, a number, or None for null.

        Raises:
            NoWireType: If the subclass does not say how.
        """
        del raw
        raise NoWireType(cls)

    def to_wire(self) -> str | None:
        """The string on the wire; None is null."""
        return str(self)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable; make a new one ({name})")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable; make a new one ({name})")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"
