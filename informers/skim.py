"""Reading the outside of others' JSON, whatever is inside.

Of a list, an event or an object mostly the outside is wanted: where the items are, the metadata.
What is inside is skipped, but the decoder still follows it down, and gives up where the
interpreter's stack limit is. That limit is 1,000; an API server stores 10,000 levels, in a custom
object of a few kilobytes that anybody may create. So what is too deep is read again with a higher
limit: skipping takes some fifty bytes of stack for each level, unlike building what is skipped.

Whatever else is wrong with the bytes is one error, `msgspec.DecodeError`.
"""

import sys
from typing import Final, Generic, TypeVar

import msgspec

from informers.meta.errors import UNREADABLE

T = TypeVar("T")
DEEPEST: Final = 12_000
"""Levels; Go's decoder, which the API server reads with, takes 10,000."""


class Skim(Generic[T]):
    """A decoder of a type that shows only the outside."""

    __slots__ = ("_decode",)

    def __init__(self, type_: type[T]) -> None:
        self._decode = msgspec.json.Decoder(type_).decode

    def decode(self, raw: bytes | msgspec.Raw) -> T:
        """Read it.

        Raises:
            msgspec.DecodeError: If it is no JSON, no UTF-8 or not of the type.
        """
        try:
            return self._decode(raw)
        except RecursionError:
            return self._decode_deep(raw)
        except UnicodeDecodeError as error:
            raise msgspec.DecodeError(str(error)) from error

    def _decode_deep(self, raw: bytes | msgspec.Raw) -> T:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(DEEPEST)
        try:
            return self._decode(raw)
        except UNREADABLE as error:
            raise msgspec.DecodeError(str(error)) from error
        finally:
            sys.setrecursionlimit(limit)
