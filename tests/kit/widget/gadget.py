"""Gadget, a kind with every shape a schema can have and two versions; nothing reconciles it."""

import enum
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from informers.meta.crd import Column, Definition, Rule, Scale, map_list
from informers.meta.int_or_string import IntOrString
from informers.meta.kinds import Kind
from informers.meta.object import Resource
from informers.meta.quantity import Quantity

GROUP = "test.pentad.dev"


class Shade(enum.Enum):
    """How bright it is."""

    LIGHT = "light"
    DARK = "dark"


class Port(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a Gadget listens."""

    name: Annotated[str, Meta(max_length=15, pattern="^[a-z]+$", examples=["http"])]
    """The port's name."""
    port: Annotated[int, Meta(gt=0, lt=65536)]
    """The number it listens at."""
    target: IntOrString | UnsetType = UNSET
    """The number or name it forwards to; the same number when absent."""


class Limits(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a Gadget may use."""

    memory: Annotated[Quantity, Meta(examples=["512Mi"])] = Quantity.parse("256Mi")
    """Memory, as a quantity."""
    ratio: Annotated[float, Meta(gt=0, le=1)] = 0.5
    """The share of it that is kept free."""


class GadgetSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the user wants."""

    from_: Annotated[str, Meta(max_length=63, examples=["origin"])] = msgspec.field(name="from")
    """Where it comes from; cannot be changed."""
    mode: Literal["fast", "careful"] = "careful"
    """How it works."""
    shade: Shade = Shade.LIGHT
    """How bright it is."""
    replicas: Annotated[int, Meta(ge=0, le=9)] = 1
    """How many there are, and what `kubectl scale` changes."""
    window: Annotated[tuple[int, int], Meta(examples=[(8, 18)])] | UnsetType = UNSET
    """First and last hour of work."""
    tags: frozenset[Annotated[str, Meta(max_length=20)]] = frozenset()
    """Words, each once."""
    ports: Annotated[tuple[Port, ...], Meta(extra_json_schema=map_list("name"))] = ()
    """Where it listens."""
    limits: Limits = Limits()
    """What it may use."""
    shards: dict[str, Limits] = {}
    """The same for each shard, by the shard's name."""
    template: dict[str, Any] = {}
    """Any object, kept as it is."""
    digest: bytes | UnsetType = UNSET
    """Binary, as base64."""


class GadgetStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was found."""

    replicas: int | UnsetType = UNSET
    """How many there are."""


class _Gadget(Resource, frozen=True, kw_only=True, rename="camel"):
    spec: GadgetSpec
    """What the user wants."""
    status: GadgetStatus = GadgetStatus()
    """What was found."""


_RULES = (
    Rule(
        path="spec.from",
        rule="self == oldSelf",
        message="spec.from cannot be changed: make a new Gadget and delete this one",
    ),
    Rule(
        path="spec",
        rule="!has(self.ports) || self.ports.all(p, self.ports.exists_one(q, q.port == p.port))",
        message="two ports cannot have the same number",
    ),
    Rule(
        path="spec.shards{}",
        rule="self.ratio < 0.9",
        message="a shard keeps less than nine tenths of its memory free",
    ),
)
_COLUMNS = (Column(name="From", path=".spec.from"),)


class Gadget(_Gadget, frozen=True, kw_only=True, rename="camel"):
    """A thing with every shape of field.

    Its second paragraph is here to show that paragraphs
    survive and lines do not.
    """

    definition: ClassVar[Definition] = Definition(
        kind=Kind(GROUP, "v1beta1", "Gadget", "gadgets", namespaced=False),
        columns=_COLUMNS,
        rules=_RULES,
        scale=Scale(),
    )


class OldGadget(_Gadget, frozen=True, kw_only=True, rename="camel"):
    """A thing with every shape of field, as it was first published."""

    definition: ClassVar[Definition] = Definition(
        kind=Kind(GROUP, "v1alpha1", "Gadget", "gadgets", namespaced=False),
        columns=_COLUMNS,
        rules=_RULES,
        scale=Scale(),
        storage=False,
        deprecated="test.pentad.dev/v1alpha1 Gadget is deprecated: use v1beta1, its fields are "
        "the same",
    )
