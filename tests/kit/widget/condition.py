"""A condition as every kind reports it, in the shape kubectl and kstatus read."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType


class Condition(Struct, frozen=True, kw_only=True, rename="camel"):
    """One observation."""

    type: Annotated[str, Meta(max_length=316)]
    """What is observed, as in Ready."""
    status: Literal["True", "False", "Unknown"]
    """Whether it holds."""
    reason: Annotated[str, Meta(max_length=1024)]
    """One word for machines."""
    message: Annotated[str, Meta(max_length=32768)]
    """A sentence for people."""
    last_transition_time: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    """When the status last changed."""
    observed_generation: int | UnsetType = UNSET
    """The generation of the spec it speaks of."""
