"""One condition of an object, in the words of whoever found out, about its present generation."""

from typing import Final

from informers.meta.conditions import Condition
from informers.meta.object import Resource

_LONGEST: Final = 32768


def stated(of: Resource, kind: str, reason: str, message: str, *, is_so: bool) -> Condition:
    """State whether something is so of an object; the status writer adds since when.

    What others said may be part of the message, and is longer than that may be at times.
    """
    return Condition(
        type=kind,
        status="True" if is_so else "False",
        reason=reason,
        message=message if len(message) <= _LONGEST else f"{message[: _LONGEST - 1]}…",
        observed_generation=of.metadata.generation,
    )
