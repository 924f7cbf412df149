"""Wire types become structural schemas, or an error that says what to write instead."""

import enum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import UNSET, Meta, Struct, UnsetType

from hack.gen.errors import GenerationError
from hack.gen.schema import ordered, schema_of
from informers.meta.object import Resource
from informers.meta.quantity import Quantity


class Level(enum.Enum):
    """An enum."""

    LOW = "low"
    HIGH = "high"


class Inner(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is inside."""

    max_age: Annotated[int, Meta(description="Days.")] = 3


class Loop(Struct, frozen=True, kw_only=True):
    """Contains itself."""

    again: "Loop | UnsetType" = UNSET
    """Once more."""


class Tagged(Struct, frozen=True, kw_only=True, tag=True):
    """A member of a union."""


class Array(Struct, frozen=True, kw_only=True, array_like=True):
    """A list in disguise."""


def field_schema(type_: Any, default: Any = msgspec.NODEFAULT) -> dict[str, Any]:
    """Return the schema of one field of a kind made for the purpose."""
    annotated = Annotated[type_, Meta(extra_json_schema={"description": "x"})]
    field = ("field", annotated) if default is msgspec.NODEFAULT else ("field", annotated, default)
    made = msgspec.defstruct("Made", [field], bases=(Resource,), kw_only=True, frozen=True)
    schema = dict(schema_of(made)["properties"]["field"])
    assert schema.pop("description") == "x"
    return schema


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        pytest.param(bool, {"type": "boolean"}, id="bool"),
        pytest.param(int, {"type": "integer", "format": "int64"}, id="int"),
        pytest.param(float, {"type": "number", "format": "double"}, id="float"),
        pytest.param(str, {"type": "string"}, id="str"),
        pytest.param(bytes, {"type": "string", "format": "byte"}, id="bytes"),
        pytest.param(
            Annotated[int, Meta(gt=0, lt=10)],
            {"type": "integer", "format": "int64", "minimum": 1, "maximum": 9},
            id="exclusive-int-bounds-move",
        ),
        pytest.param(
            Annotated[float, Meta(gt=0, le=1)],
            {
                "type": "number",
                "format": "double",
                "minimum": 0,
                "exclusiveMinimum": True,
                "maximum": 1,
            },
            id="exclusive-float-bounds-are-flags",
        ),
        pytest.param(
            Annotated[str, Meta(min_length=1, max_length=3, pattern="^a+$")],
            {"type": "string", "minLength": 1, "maxLength": 3, "pattern": "^a+$"},
            id="str-limits",
        ),
        pytest.param(Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}, id="literal"),
        pytest.param(Literal[1, 2], {"type": "integer", "enum": [1, 2]}, id="int-literal"),
        pytest.param(Level, {"type": "string", "enum": ["low", "high"]}, id="enum-has-a-type"),
        pytest.param(
            int | str,
            {
                "anyOf": [{"type": "integer"}, {"type": "string"}],
                "x-kubernetes-int-or-string": True,
            },
            id="int-or-string",
        ),
        pytest.param(
            Quantity,
            {
                "anyOf": [{"type": "integer"}, {"type": "string"}],
                "x-kubernetes-int-or-string": True,
                "pattern": Quantity.schema["pattern"],
            },
            id="quantity",
        ),
        pytest.param(
            tuple[str, ...],
            {"type": "array", "items": {"type": "string"}},
            id="tuple-of-any-length",
        ),
        pytest.param(
            tuple[bool, bool],
            {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "boolean"}},
            id="tuple-of-two",
        ),
        pytest.param(
            frozenset[str],
            {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            id="set",
        ),
        pytest.param(
            Annotated[dict[str, bool], Meta(max_length=4)],
            {
                "type": "object",
                "maxProperties": 4,
                "additionalProperties": {"type": "boolean"},
            },
            id="map",
        ),
        pytest.param(
            dict[str, Any],
            {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            id="any-object",
        ),
        pytest.param(Any, {"x-kubernetes-preserve-unknown-fields": True}, id="anything"),
        pytest.param(
            Annotated[str, Meta(examples=["e"], title="unused")],
            {"type": "string", "example": "e"},
            id="first-example",
        ),
    ],
)
def test_each_type_has_its_structural_schema(type_, expected):
    """A field's type and limits become exactly what the API server accepts."""
    assert expected == field_schema(type_)


def test_structs_are_inlined_under_their_wire_names():
    """A nested struct stands where it is used, with renamed fields and no reference."""
    expected = {
        "type": "object",
        "properties": {
            "maxAge": {
                "type": "integer",
                "format": "int64",
                "description": "Days.",
                "default": 3,
            }
        },
    }

    assert expected == field_schema(Inner)


def test_a_wire_name_may_be_a_python_keyword():
    """`from` is spelled `from_` in Python and `from` on the wire."""

    class Keyword(Resource, frozen=True, kw_only=True, rename="camel"):
        """A kind."""

        from_: str = msgspec.field(name="from")
        """Where it comes from."""

    schema = schema_of(Keyword)

    assert ["from"] == schema["required"] == list(schema["properties"])


@pytest.mark.parametrize(
    ("type_", "default", "expected"),
    [
        pytest.param(int, 0, {"default": 0}, id="zero-is-a-value"),
        pytest.param(bool, False, {"default": False}, id="false-is-a-value"),
        pytest.param(str, "", {}, id="empty-text-reads-as-absent"),
        pytest.param(tuple[int, ...], (), {}, id="empty-list-reads-as-absent"),
        pytest.param(Any, None, {}, id="null-is-not-kept"),
        pytest.param(tuple[int, ...], (1, 2), {"default": [1, 2]}, id="list"),
        pytest.param(Level, Level.LOW, {"default": "low"}, id="enum"),
        pytest.param(Quantity, Quantity.parse("1Gi"), {"default": "1Gi"}, id="quantity"),
        pytest.param(Inner, Inner(), {"default": {}}, id="object-that-brings-its-own-defaults"),
        pytest.param(Inner, Inner(max_age=9), {"default": {"maxAge": 9}}, id="object-that-differs"),
        pytest.param(int | UnsetType, UNSET, {}, id="absent"),
    ],
)
def test_defaults_are_what_the_api_server_fills_in(type_, default, expected):
    """A default is written out unless it reads the same when absent."""
    schema = field_schema(type_, default)

    assert expected == {key: schema[key] for key in schema if key == "default"}


@pytest.mark.parametrize(
    ("type_", "problem", "remedy"),
    [
        pytest.param(int | None, "null is not a value", "UnsetType", id="none"),
        pytest.param(int | bool, "no unions", "one optional field per case", id="union"),
        pytest.param(Tagged, "tagged union", "Literal field", id="tagged"),
        pytest.param(Array, "array_like", "named fields", id="array-like"),
        pytest.param(Loop, "contains itself", "dict[str, Any]", id="recursion"),
        pytest.param(tuple[int, str], "different types", "Struct", id="mixed-tuple"),
        pytest.param(dict[int, str], "keys of a map", "CEL rule", id="map-with-int-keys"),
        pytest.param(object, "not a wire type", "Any", id="object"),
        pytest.param(complex, "not a wire type", "Struct", id="foreign-class"),
        pytest.param(Literal["a", 1], "not all strings", "one type", id="mixed-literal"),
        pytest.param(Annotated[str, Meta(pattern="^(?!x)")], "RE2", "look-around", id="look-ahead"),
        pytest.param(
            Annotated[str, Meta(pattern=r"(a)\1")], "RE2", "back-ref", id="back-reference"
        ),
        pytest.param(
            Annotated[int, Meta(extra_json_schema={"oneOf": []})], "'oneOf'", "CEL", id="keyword"
        ),
        pytest.param(
            Annotated[
                tuple[Inner, ...],
                Meta(
                    extra_json_schema={
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["name"],
                    }
                ),
            ],
            "list's key 'name'",
            "map_list()",
            id="list-key-that-is-no-field",
        ),
    ],
)
def test_what_a_crd_cannot_say_is_refused_with_place_and_remedy(type_, problem, remedy):
    """The error names type and field, what is wrong with it, and what to write instead."""
    with pytest.raises(GenerationError) as refusal:
        field_schema(type_)

    assert refusal.value.where.startswith("Made.field")
    assert problem in refusal.value.problem
    assert remedy in refusal.value.remedy


def test_a_field_without_description_is_refused():
    """Every field of ours is described: the reference page has no empty cells."""

    class Silent(Resource, frozen=True, kw_only=True):
        """A kind."""

        size: int

    with pytest.raises(GenerationError, match=r"Silent\.size: has no description; put a docstring"):
        schema_of(Silent)


def test_meta_beside_unset_is_explained():
    """The one mistake msgspec reports without a field gets the usual remedy."""

    class Misplaced(Resource, frozen=True, kw_only=True):
        """A kind."""

        size: Annotated[str | UnsetType, Meta(max_length=3)] = UNSET
        """How big."""

    with pytest.raises(GenerationError, match="put Meta"):
        schema_of(Misplaced)


def test_nothing_is_filled_in_for_a_status():
    """A status is what was observed, so the API server must not invent one."""

    class Observed(Resource, frozen=True, kw_only=True):
        """A kind."""

        status: Inner = Inner()
        """What was found."""

    assert "default" not in schema_of(Observed)["properties"]["status"]


def test_keys_are_ordered_for_reading_and_fields_as_declared():
    """What it is comes first, what is inside last, fields in the order of the type."""
    schema = {
        "properties": {"z": {"maxLength": 1, "type": "string"}, "a": {"type": "string"}},
        "required": ["z"],
        "type": "object",
        "maxProperties": 1,
        "description": "d",
    }

    arranged = ordered(schema)

    assert schema == arranged
    assert ["description", "type", "maxProperties", "required", "properties"] == list(arranged)
    assert ["z", "a"] == list(arranged["properties"])
    assert ["type", "maxLength"] == list(arranged["properties"]["z"])
