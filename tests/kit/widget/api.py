"""Widget, the kind under test: one field of each shape that real specifications use.

The benchmarks send the same objects to a Go program whose type has these fields with these names,
so a change here is a change there (hack/bench). About 1.9 KB of JSON per object as they make them.
"""

from typing import Annotated, ClassVar

from msgspec import UNSET, Meta, Struct, UnsetType

from informers.meta.conditions import Condition
from informers.meta.crd import Column, Definition, Rule, map_list
from informers.meta.kinds import Kind
from informers.meta.object import Resource

WIDGET = Kind("test.pentad.dev", "v1alpha1", "Widget", "widgets")


class Item(Struct, frozen=True, kw_only=True, rename="camel"):
    """One part of a Widget."""

    name: Annotated[str, Meta(min_length=1, max_length=63, examples=["hinge"])]
    """What the part is called; unique within the Widget."""
    value: Annotated[str, Meta(max_length=253, examples=["brass"])]
    """What the part is made of."""
    weight: Annotated[int, Meta(ge=0, le=1000)] = 0
    """How heavy it is; a part that weighs something is made of something."""


class WidgetSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the user wants."""

    size: Annotated[int, Meta(ge=0, examples=[3])]
    """How big the Widget is to be."""
    colour: Annotated[str, Meta(min_length=1, max_length=63)] = "grey"
    """The colour of the Widget and of all its children."""
    replicas: Annotated[int, Meta(ge=0)] = 1
    """How often it is wanted; nothing but a number to fold into the checksum."""
    children: Annotated[int, Meta(ge=0, le=100)] = 0
    """How many ConfigMaps the Widget owns."""
    enabled: bool = True
    """Whether it is switched on; nothing but a flag to fold into the checksum."""
    labels: Annotated[
        dict[str, Annotated[str, Meta(max_length=63)]],
        Meta(max_length=64, examples=[{"tier": "backend"}]),
    ] = {}
    """Free labels of the thing itself, not of the object."""
    items: Annotated[tuple[Item, ...], Meta(max_length=64, extra_json_schema=map_list("name"))] = ()
    """The parts, each with its own name."""
    payload: Annotated[str, Meta(max_length=65536)] = ""
    """Text of any meaning, there to make objects as large as real ones."""


class WidgetStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the controller found."""

    observed_generation: int | UnsetType = UNSET
    """The generation of the spec this status speaks of."""
    ready_children: int | UnsetType = UNSET
    """How many of the owned ConfigMaps are as they should be."""
    checksum: int | UnsetType = UNSET
    """CRC-32 of the name and every spec field: proof that the typed object was read."""
    stamp: str | UnsetType = UNSET
    """A word of the run that wrote this status, so that a new run has something to write."""
    conditions: (
        Annotated[tuple[Condition, ...], Meta(extra_json_schema=map_list("type"))] | UnsetType
    ) = UNSET
    """Ready, and what else there is to say."""


class Widget(Resource, frozen=True, kw_only=True, rename="camel"):
    """A thing that owns ConfigMaps, for tests and benchmarks; it does nothing in the world."""

    definition: ClassVar[Definition] = Definition(
        kind=WIDGET,
        short_names=("wd",),
        categories=("pentad-test",),
        columns=(
            Column(name="Size", path=".spec.size", type="integer", description="As wanted."),
            Column(name="Colour", path=".spec.colour", description="As wanted."),
            Column(
                name="Ready",
                path='.status.conditions[?(@.type=="Ready")].status',
                description="Whether all of it is in place.",
            ),
            Column(
                name="Children",
                path=".status.readyChildren",
                type="integer",
                description="ConfigMaps in place.",
                priority=1,
            ),
        ),
        rules=(
            Rule(
                path="spec.items[]",
                rule="self.weight == 0 || size(self.value) > 0",
                message="a part that weighs something needs a value: what is it made of?",
                field_path=".value",
            ),
            Rule(
                path="spec.labels",
                rule="self.all(key, !key.startsWith('test.pentad.dev/'))",
                message="labels that start with test.pentad.dev/ belong to the controller",
            ),
        ),
    )

    spec: WidgetSpec
    """What the user wants."""
    status: WidgetStatus = WidgetStatus()
    """What the controller found."""
