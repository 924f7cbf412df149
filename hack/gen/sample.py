"""An object of a kind that the API server takes, made from its schema alone.

It shows every field that is required, has a default or an example, so the reference page of a kind
starts with something to apply. Where a text must match a pattern nothing can be made up: the type
has to give an example.
"""

from typing import Any

from hack.gen.crd import version_schema
from hack.gen.errors import GenerationError
from informers.meta.object import Resource

Schema = dict[str, Any]


def sample_of(type_: type[Resource]) -> dict[str, Any]:
    """Return a minimal useful object of the kind, without a status."""
    definition = type_.definition
    schema = version_schema(type_)
    fields = {name: field for name, field in schema["properties"].items() if name != "status"}
    body = _object(schema | {"properties": fields}, definition.kind.kind)
    singular = definition.singular or definition.kind.kind.lower()
    return {
        "apiVersion": definition.kind.api_version,
        "kind": definition.kind.kind,
        "metadata": {"name": f"my-{singular}"},
        **body,
    }


def _object(schema: Schema, where: str) -> dict[str, Any]:
    required = schema.get("required", ())
    return {
        name: _value(field, f"{where}.{name}")
        for name, field in schema.get("properties", {}).items()
        if name in required or _is_shown(field)
    }


def _is_shown(field: Schema) -> bool:
    return _has("default", field) or _has("example", field) or _has("example", field.get("items"))


def _has(key: str, field: Schema | None) -> bool:
    if field is None:
        return False
    return key in field or any(_has(key, child) for child in field.get("properties", {}).values())


def _value(field: Schema, where: str) -> Any:  # noqa: ANN401 - any JSON value
    for key in ("example", "default"):
        if key in field and not (key == "default" and field[key] == {}):
            return field[key]
    if "enum" in field:
        return field["enum"][0]
    if field.get("type") == "object":
        return _object(field, where)
    if field.get("type") == "array":
        return [_value(field["items"], f"{where}[]")] * field.get("minItems", 1)
    return _scalar(field, where)


def _scalar(field: Schema, where: str) -> Any:  # noqa: ANN401 - any JSON scalar
    type_ = field.get("type", "integer" if "x-kubernetes-int-or-string" in field else "")
    if type_ == "boolean":
        return True
    if "pattern" in field or (type_ == "string" and "format" in field) or not type_:
        raise GenerationError(
            where, "no example can be made up for it", remedy="give it Meta(examples=[...])"
        )
    if type_ == "string":
        return "text"[: field.get("maxLength", 4)].ljust(field.get("minLength", 0), "t")
    return field.get("minimum", 1) + (1 if field.get("exclusiveMinimum") else 0)
