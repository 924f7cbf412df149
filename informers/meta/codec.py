"""JSON to wire types and back; the one place that knows how.

`decode(raw, Type)` and `encode(value)` are the whole interface. Wire types are `msgspec.Struct`s;
their fields may be of any `Scalar` (Quantity, Duration, Time, MicroTime) in any position msgspec
allows, `Quantity | UnsetType` and `dict[str, Quantity]` included. An IntOrString is `int | str`,
which msgspec reads by itself.

Promises: a decoder is built once per type; malformed input raises `DecodeError` naming the path,
a type that is none of these raises `NoWireType`, whatever the input;
a quantity written as a JSON number keeps its literal digits (`1.50` and `1e3` are not the floats
they look like). Hot loops that decode thousands of events take `decoder(Type)` once and get
msgspec's own errors.
"""

import functools
from collections.abc import Hashable
from typing import Any, TypeVar, cast

import msgspec

from informers.meta.errors import UNREADABLE, DecodeError, NoWireType
from informers.meta.scalar import Scalar

T = TypeVar("T")

_TYPES = 1_024  # far more than a program has; only a bound


class Literal(float):
    """A JSON number whose digits say more than the float does."""

    __slots__ = ("digits",)

    digits: str


def decode(raw: bytes | str, kind: type[T]) -> T:
    """Read one JSON value as the given type."""
    try:
        return decoder(kind).decode(raw)
    except UNREADABLE as error:
        raise DecodeError(f"not a valid {_name(kind)}: {error}") from error


def decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """The decoder of a type, shared by all who ask."""
    return cast("msgspec.json.Decoder[T]", _decoder(cast("Hashable", kind)))


def encode(value: object, *, sort_keys: bool = False) -> bytes:
    """Write as JSON; with sorted keys equal values give equal bytes."""
    return (_SORTED if sort_keys else _ENCODER).encode(value)


def convert(value: object, kind: type[T]) -> T:
    """Read what is decoded already (dicts, lists, strings, numbers) as the given type."""
    try:
        return msgspec.convert(value, kind, dec_hook=dec_hook)
    except UNREADABLE as error:
        raise DecodeError(f"not a valid {_name(kind)}: {error}") from error


def to_builtins(value: object) -> Any:  # noqa: ANN401 - as many shapes as JSON has
    """The dicts, lists, strings and numbers that encode to the same JSON."""
    return msgspec.to_builtins(value, enc_hook=enc_hook)


def dec_hook(kind: type, raw: object) -> object:
    """Read a scalar; msgspec calls it for types it does not know."""
    if issubclass(kind, Scalar):
        return kind.from_wire(raw.digits if isinstance(raw, Literal) else raw)
    raise NoWireType(kind)


def enc_hook(value: object) -> object:
    """Write a scalar; msgspec calls it for types it does not know."""
    if isinstance(value, Scalar):
        return value.to_wire()
    if isinstance(value, Literal):
        return float(value)
    raise NoWireType(type(value))


def schema_hook(kind: type) -> dict[str, object]:
    """Describe a scalar; for `msgspec.json.schema`."""
    if issubclass(kind, Scalar):
        return dict(kind.schema)
    raise NoWireType(kind)


def float_hook(digits: str) -> float:
    """A float where nothing is lost by it, else one that remembers its digits."""
    number = float(digits)
    if repr(number) == digits:
        return number
    literal = Literal(number)
    literal.digits = digits
    return literal


@functools.lru_cache(maxsize=_TYPES)
def _decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast("type[Any]", kind), dec_hook=dec_hook, float_hook=float_hook)


def _name(kind: object) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind)


_ENCODER = msgspec.json.Encoder(enc_hook=enc_hook)
_SORTED = msgspec.json.Encoder(enc_hook=enc_hook, order="sorted")
