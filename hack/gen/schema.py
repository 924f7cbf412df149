"""A wire type becomes a structural OpenAPI v3 schema, the only kind of schema a CRD takes.

`msgspec.inspect` reads the types; each of its nodes has one function here. Structs are inlined
(structural schemas have no `$ref`), exclusive bounds of integers move by one, `int | str` and
quantities get their extension, tuples become lists of fixed length, defaults are written out, and
every field of ours must be described. What a structural schema cannot say is refused with the
place and the remedy: unions, recursion, look-ahead patterns, `None`.

CEL rules are not this module's business; see `rules`.
"""

import functools
import re
from typing import Any, Final

import attrs
import msgspec
from msgspec import inspect as ms

from hack.gen import defaults, prose
from hack.gen.errors import GenerationError
from informers.meta.object import ObjectMeta
from informers.meta.scalar import Scalar

Schema = dict[str, Any]

_FIRST: Final = ("description", "type", "format")
_LAST: Final = ("items", "additionalProperties", "required", "properties")
_EXTENSIONS: Final = frozenset(
    f"x-kubernetes-{name}"
    for name in (
        "embedded-resource",
        "int-or-string",
        "list-map-keys",
        "list-type",
        "map-type",
        "preserve-unknown-fields",
    )
)
_NOT_RE2: Final = re.compile(r"\(\?(?:[=!>]|<[=!]|P=)|\\[1-9]|[*+?}]\+")
_TYPE_OF: Final = {str: "string", bool: "boolean", int: "integer"}


@attrs.frozen
class Where:
    """A place in a wire type, as an error names it, and the structs entered to get there."""

    root: str
    path: str = ""
    structs: tuple[type, ...] = ()

    def __str__(self) -> str:
        return f"{self.root}.{self.path}" if self.path else self.root

    def below(self, name: str) -> "Where":
        """The field `name` of the object at this place."""
        return attrs.evolve(self, path=f"{self.path}.{name}" if self.path else name)

    def each(self, brackets: str) -> "Where":
        """Every item (`[]`) or value (`{}`) of the collection at this place."""
        return attrs.evolve(self, path=self.path + brackets)

    def refuse(self, problem: str, *, remedy: str) -> GenerationError:
        """Make the error for this place."""
        return GenerationError(self, problem, remedy=remedy)


def schema_of(type_: type[msgspec.Struct]) -> Schema:
    """Return the structural schema of a kind.

    The API server itself declares and describes apiVersion, kind and metadata. Nothing is filled in
    for a status: it is what somebody observed.
    """
    where = Where(type_.__name__)
    try:
        inspected = ms.type_info(type_)
    except TypeError as problem:
        raise where.refuse(
            f"msgspec cannot decode this type ({problem})",
            remedy="see the fields it names, and put Meta(...) on the value, not on `| UnsetType`",
        ) from problem
    schema: Schema = _node(inspected, where)
    for implied in ("apiVersion", "kind", "metadata"):
        schema["properties"].pop(implied, None)
    schema["properties"].get("status", {}).pop("default", None)
    return schema


def ordered(schema: Schema) -> Schema:
    """Return the schema with its keys in the order people read them, fields as declared."""
    return {key: _ordered_below(key, schema[key]) for key in sorted(schema, key=_rank)}


def _ordered_below(key: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if key == "properties":
        return {name: ordered(field) for name, field in value.items()}
    return ordered(value) if key in {"items", "additionalProperties"} else value


def _rank(key: str) -> tuple[int, str]:
    """What it is first, what is inside last, the limits between them by name."""
    if key in _FIRST:
        return (_FIRST.index(key) - len(_FIRST), key)
    return (_LAST.index(key) + 1 if key in _LAST else 0, key)


@functools.singledispatch
def _node(type_: ms.Type, where: Where) -> Schema:
    raise where.refuse(
        f"a structural schema has no word for {type(type_).__name__}",
        remedy="use str, int, float, bool, a Literal, a Struct, a tuple or a dict of those",
    )


@_node.register
def _any(type_: ms.AnyType | ms.RawType, where: Where) -> Schema:
    del type_, where
    return {"x-kubernetes-preserve-unknown-fields": True}


@_node.register
def _bool(type_: ms.BoolType, where: Where) -> Schema:
    del type_, where
    return {"type": "boolean"}


@_node.register
def _int(type_: ms.IntType, where: Where) -> Schema:
    del where
    low = type_.ge if type_.gt is None else type_.gt + 1
    high = type_.le if type_.lt is None else type_.lt - 1
    return _present(
        type="integer", format="int64", minimum=low, maximum=high, multipleOf=type_.multiple_of
    )


@_node.register
def _float(type_: ms.FloatType, where: Where) -> Schema:
    del where
    return _present(
        type="number",
        format="double",
        minimum=type_.ge if type_.gt is None else type_.gt,
        exclusiveMinimum=None if type_.gt is None else True,
        maximum=type_.le if type_.lt is None else type_.lt,
        exclusiveMaximum=None if type_.lt is None else True,
        multipleOf=type_.multiple_of,
    )


@_node.register
def _str(type_: ms.StrType, where: Where) -> Schema:
    if type_.pattern is not None and _NOT_RE2.search(type_.pattern):
        raise where.refuse(
            f"the API server's regular expressions (RE2) cannot do {type_.pattern!r}",
            remedy="write it without look-around, back-references and possessive repeats, "
            "or as a CEL rule",
        )
    return _present(
        type="string",
        pattern=type_.pattern,
        minLength=type_.min_length,
        maxLength=type_.max_length,
    )


@_node.register
def _bytes(type_: ms.BytesType, where: Where) -> Schema:
    del type_, where
    return {"type": "string", "format": "byte"}


@_node.register
def _datetime(type_: ms.DateTimeType, where: Where) -> Schema:
    del type_, where
    return {"type": "string", "format": "date-time"}


@_node.register
def _literal(type_: ms.LiteralType, where: Where) -> Schema:
    return _choices(list(type_.values), where)


@_node.register
def _enum(type_: ms.EnumType, where: Where) -> Schema:
    return _choices([member.value for member in type_.cls], where)


def _choices(values: list[Any], where: Where) -> Schema:
    types = {type(value) for value in values}
    if len(types) != 1 or not types <= {str, int}:
        raise where.refuse(
            f"the choices {values!r} are not all strings or all integers",
            remedy="an enum in a CRD has exactly one type",
        )
    return {"type": _TYPE_OF[types.pop()], "enum": values}


@_node.register
def _list(
    type_: ms.ListType | ms.VarTupleType | ms.SetType | ms.FrozenSetType, where: Where
) -> Schema:
    schema = _present(
        type="array",
        minItems=type_.min_length,
        maxItems=type_.max_length,
        items=_node(type_.item_type, where.each("[]")),
    )
    if isinstance(type_, ms.SetType | ms.FrozenSetType):
        schema["x-kubernetes-list-type"] = "set"
    return schema


@_node.register
def _tuple(type_: ms.TupleType, where: Where) -> Schema:
    items = [_node(item, where.each("[]")) for item in type_.item_types]
    if not items or any(item != items[0] for item in items):
        raise where.refuse(
            "the positions of a fixed tuple have different types",
            remedy="all items of an array share one schema: use a Struct with named fields",
        )
    return {"type": "array", "minItems": len(items), "maxItems": len(items), "items": items[0]}


@_node.register
def _dict(type_: ms.DictType, where: Where) -> Schema:
    if type_.key_type != ms.StrType():
        raise where.refuse(
            "the keys of a map are plain strings in a CRD",
            remedy="use dict[str, ...] and check the keys by a CEL rule: self.all(key, ...)",
        )
    values = _node(type_.value_type, where.each("{}"))
    schema = _present(type="object", minProperties=type_.min_length, maxProperties=type_.max_length)
    if values == {"x-kubernetes-preserve-unknown-fields": True}:
        return schema | values
    return schema | {"additionalProperties": values}


@_node.register
def _custom(type_: ms.CustomType, where: Where) -> Schema:
    if not issubclass(type_.cls, Scalar):
        raise where.refuse(
            f"{type_.cls.__name__} is not a wire type",
            remedy="derive it from msgspec.Struct, or from Scalar if it is one string; "
            "what is kept as it is has the type Any",
        )
    return dict(type_.cls.schema)


@_node.register
def _union(type_: ms.UnionType, where: Where) -> Schema:
    kinds = {type(member) for member in type_.types}
    if ms.NoneType in kinds:
        raise where.refuse(
            "null is not a value of ours", remedy="an optional field is `T | UnsetType = UNSET`"
        )
    if kinds == {ms.IntType, ms.StrType}:
        pattern = next(t.pattern for t in type_.types if isinstance(t, ms.StrType))
        return _present(
            **{"x-kubernetes-int-or-string": True},
            anyOf=[{"type": "integer"}, {"type": "string"}],
            pattern=pattern,
        )
    raise where.refuse(
        "a structural schema has no unions",
        remedy="use a Struct with one optional field per case and a CEL rule that exactly one is "
        "set (only int | str is known to the API server)",
    )


@_node.register
def _metadata(type_: ms.Metadata, where: Where) -> Schema:
    schema = _node(type_.type, where)
    for key, value in (type_.extra_json_schema or {}).items():
        if key == "examples":
            schema["example"] = defaults.to_wire(value[0])
        elif key in _EXTENSIONS or key in {"description", "format"}:
            schema[key] = value
        elif key != "title":
            raise where.refuse(
                f"{key!r} in extra_json_schema is not known to structural schemas",
                remedy=f"use one of {', '.join(sorted(_EXTENSIONS))}, format or a CEL rule",
            )
    _check_list_keys(schema, where)
    return schema


def _check_list_keys(schema: Schema, where: Where) -> None:
    """A key of a map-like list must always be there, or the API server refuses the CRD."""
    for key in schema.get("x-kubernetes-list-map-keys", ()):
        items = schema.get("items", {})
        field = items.get("properties", {}).get(key)
        if field is None or not (key in items.get("required", ()) or "default" in field):
            raise where.refuse(
                f"the list's key {key!r} is not a required or defaulted field of its items",
                remedy="give map_list() the wire name of a field without UnsetType",
            )


@_node.register
def _struct(type_: ms.StructType, where: Where) -> Schema:
    if type_.cls is ObjectMeta:
        return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    _check_struct(type_, where)
    inside = attrs.evolve(where, structs=(*where.structs, type_.cls))
    properties = {
        field.encode_name: _field(type_.cls, field, inside.below(field.encode_name))
        for field in type_.fields
    }
    return _present(
        description=prose.class_text(type_.cls) or None,
        type="object",
        required=[field.encode_name for field in type_.fields if field.required] or None,
        properties=properties,
    )


def _check_struct(type_: ms.StructType, where: Where) -> None:
    name = type_.cls.__name__
    if type_.cls in where.structs:
        raise where.refuse(
            f"{name} contains itself, and structural schemas have no references",
            remedy="end the recursion with dict[str, Any], which keeps whatever it finds",
        )
    if type_.tag_field is not None:
        raise where.refuse(
            f"{name} is a tagged union's member",
            remedy="use a Struct with a Literal field for the kind, one optional field per case "
            "and a CEL rule that they agree",
        )
    if type_.array_like:
        raise where.refuse(f"{name} is array_like", remedy="objects in a CRD have named fields")


def _field(cls: type, field: ms.Field, where: Where) -> Schema:
    schema = _node(field.type, where)
    if text := prose.field_text(cls, field.name) or schema.get("description"):
        schema["description"] = text
    elif not prose.declaring_class(cls, field.name).__module__.startswith("informers.meta"):
        raise where.refuse("has no description", remedy="put a docstring below the field")
    return schema | defaults.keyword(field, schema)


def _present(**keywords: Any) -> Schema:  # noqa: ANN401 - schema values are JSON
    return {key: value for key, value in keywords.items() if value is not None}
