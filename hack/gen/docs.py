"""Reference pages: one per kind from its schema, and one that lists what the manager may do.

A page shows what a user can write and what comes back: an object to start from, a table of fields
for each object inside, the rules with their messages, the columns of `kubectl get`. Every word of
it is a docstring, a limit or a rule of the type.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from controller.runtime import permissions
from controller.runtime.registration import Family, Permission
from hack.gen.crd import columns_of, version_schema
from hack.gen.emitter import emit
from hack.gen.rbac import NAMESPACE, family_permissions
from hack.gen.sample import sample_of
from informers.meta.crd import Definition
from informers.meta.object import Resource

Schema = dict[str, Any]

_RANGES: Final = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " items"),
    ("minProperties", "maxProperties", " entries"),
)
_PERMISSIONS_INTRO: Final = (
    "No verb and no group is granted by wildcard, and resources only where `*` stands below: in a "
    "group of its own whose resources are named by others, as custom metrics are. With "
    "`--namespaces` the same rules are Roles in those namespaces only, and rows marked *cluster* "
    "are left out."
)


def kind_page(type_: type[Resource]) -> str:
    """Return the reference page of one version of a kind."""
    definition = type_.definition
    schema = version_schema(type_)
    parts = [
        f"# {definition.kind.kind}",
        _identity(definition),
        *([f"**Deprecated.** {definition.deprecated}"] if definition.deprecated else ()),
        schema.get("description", ""),
        "## Example",
        f"```yaml\n{emit([sample_of(type_)])}```",
        *_objects(schema, ""),
        *_rules(schema),
        *_columns(definition),
    ]
    return "\n\n".join(parts) + "\n"


def _identity(definition: Definition) -> str:
    kind = definition.kind
    facts = [
        f"`{kind.api_version}`",
        "namespaced" if kind.namespaced else "cluster-scoped",
        f"`kubectl get {kind.plural}`",
    ]
    if definition.short_names:
        facts.append("short: " + ", ".join(f"`{name}`" for name in definition.short_names))
    if definition.categories:
        facts.append("in: " + ", ".join(f"`{name}`" for name in definition.categories))
    return " · ".join(facts)


def _objects(schema: Schema, path: str) -> Iterator[str]:
    """A table for this object, then one for each object inside it, depth first."""
    fields: dict[str, Schema] = schema.get("properties", {})
    if path and fields:
        yield f"## `{path}`"
        rows = [_row(name, field, schema) for name, field in fields.items()]
        yield table(("Field", "Type", "Default", "Limits", "Meaning"), rows)
    for name, field in fields.items():
        below = f"{path}.{name}" if path else name
        for brackets, inside in _unfold(field):
            yield from _objects(inside, below + brackets)


def _unfold(field: Schema) -> Iterator[tuple[str, Schema]]:
    """The objects at, in the items of, or in the values of a field."""
    if "properties" in field:
        yield "", field
    for key, brackets in (("items", "[]"), ("additionalProperties", "{}")):
        if key in field:
            for deeper, inside in _unfold(field[key]):
                yield brackets + deeper, inside


def _row(name: str, field: Schema, parent: Schema) -> tuple[str, ...]:
    needed = ", **required**" if name in parent.get("required", ()) else ""
    default = f"`{json.dumps(field['default'])}`" if "default" in field else ""
    return (
        f"`{name}`",
        _type(field) + needed,
        default,
        _limits(field),
        field.get("description", "").replace("\n\n", "<br>"),
    )


def _type(field: Schema) -> str:
    if "x-kubernetes-int-or-string" in field:
        return "quantity" if "pattern" in field else "integer or string"
    if field.get("x-kubernetes-preserve-unknown-fields"):
        return "any object" if field.get("type") == "object" else "anything"
    if "items" in field:
        return f"list of {_type(field['items'])}"
    if "additionalProperties" in field:
        return f"map of {_type(field['additionalProperties'])}"
    return str(field["type"])


def _limits(field: Schema) -> str:
    limits = [text for low, high, unit in _RANGES if (text := _range(field, low, high, unit))]
    if "enum" in field:
        limits.append("one of " + ", ".join(f"`{value}`" for value in field["enum"]))
    if "multipleOf" in field:
        limits.append(f"multiple of {field['multipleOf']}")
    if "pattern" in field and "x-kubernetes-int-or-string" not in field:
        limits.append(f"matches `{field['pattern']}`")
    if keys := field.get("x-kubernetes-list-map-keys"):
        limits.append("unique by " + ", ".join(f"`{key}`" for key in keys))
    elif field.get("x-kubernetes-list-type") == "set":
        limits.append("no duplicates")
    inside = _limits(field["items"]) if "items" in field else ""
    return "; ".join([*limits, f"each {inside}"] if inside else limits)


def _range(field: Schema, low: str, high: str, unit: str) -> str:
    least, most = field.get(low), field.get(high)
    above = ">" if field.get("exclusiveMinimum") else "≥"
    below = "<" if field.get("exclusiveMaximum") else "≤"
    if least is None and most is None:
        return ""
    if least is None or (unit and not least):
        return f"{below} {most}{unit}"
    if most is None:
        return f"{above} {least}{unit}"
    if least == most:
        return f"exactly {most}{unit}"
    if above == ">" or below == "<":
        return f"{above} {least}, {below} {most}"
    return f"{least} to {most}{unit}"


def _rules(schema: Schema) -> Iterator[str]:
    rows = [
        (f"`{path}`" if path else "the object", validation["message"], f"`{validation['rule']}`")
        for path, node in _nodes(schema, "")
        for validation in node.get("x-kubernetes-validations", ())
    ]
    if rows:
        yield "## Rules"
        yield "The API server refuses an object that breaks one of these, with its message."
        yield table(("At", "Message", "Rule"), rows)


def _nodes(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from _nodes(field, f"{path}.{name}" if path else name)
    for key, brackets in (("items", "[]"), ("additionalProperties", "{}")):
        if key in schema:
            yield from _nodes(schema[key], path + brackets)


def _columns(definition: Definition) -> Iterator[str]:
    if definition.columns:
        yield "## Columns"
        yield "What `kubectl get` prints; those marked *wide* with `-o wide`."
        rows = [
            (
                column.name + (" *(wide)*" if column.priority else ""),
                f"`{column.path}`",
                column.description,
            )
            for column in columns_of(definition)
        ]
        yield table(("Column", "From", "Meaning"), rows)


def index_page(families: Iterable[Family]) -> str:
    """Return the page that leads to all others."""
    rows = [
        (f"[{name}]({page_name(type_)})", f"`{kind.api_version}`", family.name)
        for family in families
        for type_ in family.kinds
        for kind in (type_.definition.kind,)
        for name in (kind.kind,)
    ]
    kinds = table(("Kind", "Version", "Family"), rows) if rows else "No family is registered yet."
    more = "What the manager may do in a cluster: [permissions](permissions.md)."
    return f"# Reference\n\n{kinds}\n\n{more}\n"


def page_name(type_: type[Resource]) -> str:
    """Return the file name of a kind's page."""
    kind = type_.definition.kind
    return f"{kind.kind.lower()}.{kind.group}_{kind.version}.md"


def permissions_page(families: Iterable[Family], *, runtime: bool) -> str:
    """Return every grant with its reason, as an auditor wants to read it."""
    parts = ["# Permissions", _PERMISSIONS_INTRO]
    if runtime:
        parts += ["## The runtime, everywhere", _grants(permissions.EVERYWHERE)]
        parts += [f"## The runtime, in `{NAMESPACE}`", _grants(permissions.election())]
        own, cluster = permissions.certificates(), permissions.webhooks()
        parts += ["## The runtime, for families with webhooks", _grants((*own, *cluster))]
        parts += ["## With `--metrics-auth`", _grants(permissions.METRICS_AUTH)]
    for family in families:
        parts += [f"## Family {family.name}", _grants(family_permissions(family))]
        for role in family.lent:
            parts += [f"## `{role.name}`, bound to others", _grants(role.permissions)]
    return "\n\n".join(parts) + "\n"


def _grants(grants: Sequence[Permission]) -> str:
    return table(
        ("Resources", "Verbs", "Why"),
        [
            (
                ", ".join(f"`{_qualified(name, grant.group)}`" for name in grant.resources)
                + (f" named {', '.join(f'`{n}`' for n in grant.names)}" if grant.names else "")
                + ("" if grant.namespaced else " *cluster*"),
                ", ".join(grant.verbs),
                grant.reason,
            )
            for grant in grants
        ],
    )


def _qualified(resource: str, group: str) -> str:
    """Return what kubectl calls it: the group belongs to the resource and not to a part of it."""
    plural, slash, subresource = resource.partition("/")
    return f"{plural}.{group}{slash}{subresource}" if group else resource


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; a column that is empty in every row is left out."""
    rows = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    kept = [i for i in range(len(head)) if any(row[i] for row in rows)]
    lines = [
        [head[i] for i in kept],
        ["---"] * len(kept),
        *([row[i] for i in kept] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
