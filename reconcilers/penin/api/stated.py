"""One condition of an object, in the words of whoever found out, about its present generation."""

from informers.meta.conditions import Condition
from informers.meta.object import Resource


def stated(of: Resource, kind: str, reason: str, message: str, *, is_so: bool) -> Condition:
    """State whether something is so of an object; the status writer adds since when."""
    return Condition(
        type=kind,
        status="True" if is_so else "False",
        reason=reason,
        message=message,
        observed_generation=of.metadata.generation,
    )
