"""The defaults of a wire type, as the API server is to fill them in.

What is empty is left out, as it reads the same when absent. Null is, too: the API server does not
keep it, so a second manager that applies it meets a conflict. An object is filled in when that
brings the defaults of its own fields, and then holds only what those would not give by themselves.
"""

from typing import Any, Final

import msgspec
from msgspec import inspect as ms

from informers.meta import codec

Schema = dict[str, Any]

_NONE: Final = (msgspec.NODEFAULT, msgspec.UNSET, None)


def keyword(field: ms.Field, schema: Schema) -> Schema:
    """Return `default` for a field's schema, or nothing."""
    value = python_default(field)
    if value in _NONE:
        return {}
    wire = _without_defaults(value) if isinstance(value, msgspec.Struct) else to_wire(value)
    return {"default": wire} if wire not in ({}, [], "") or _has_default_below(schema) else {}


def python_default(field: ms.Field) -> Any:  # noqa: ANN401 - whatever the type says
    """Return what the field is when it is absent, NODEFAULT or UNSET if nothing."""
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def to_wire(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value as it is read back from its JSON."""
    return msgspec.json.decode(codec.encode(value))


def _without_defaults(value: msgspec.Struct) -> Schema:
    info = ms.type_info(type(value))
    assert isinstance(info, ms.StructType)
    own = {
        field.encode_name: to_wire(default)
        for field in info.fields
        if (default := python_default(field)) not in _NONE
    }
    return {name: content for name, content in to_wire(value).items() if own.get(name) != content}


def _has_default_below(schema: Schema) -> bool:
    return any(
        "default" in field or _has_default_below(field)
        for field in schema.get("properties", {}).values()
    )
