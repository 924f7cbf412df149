"""The CustomResourceDefinition of a kind: its schema, rules, columns and subresources.

Versions of one kind are served by one CRD, oldest first; nothing is converted between them yet, so
they must agree on their fields. Every JSON path is followed through the schema, since a column with
a typing error stays empty without a word.
"""

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from hack.gen import rules
from hack.gen.errors import GenerationError
from hack.gen.schema import ordered, schema_of
from informers.meta.crd import Column, Definition
from informers.meta.object import Resource

AGE: Final = Column(
    name="Age", path=".metadata.creationTimestamp", type="date", description="Time since creation."
)
_VERSION: Final = re.compile(r"v(?P<major>\d+)(?:(?P<stage>alpha|beta)(?P<minor>\d+))?")
_STAGES: Final = {"alpha": 0, "beta": 1, None: 2}


def definitions(kinds: Iterable[type[Resource]]) -> list[dict[str, Any]]:
    """Return one CRD per group and kind, ordered by name."""
    ordered = sorted(kinds, key=lambda type_: (type_.definition.kind.resource, _age(type_)))
    groups = itertools.groupby(ordered, key=lambda type_: type_.definition.kind.resource)
    return [_definition(list(versions)) for _, versions in groups]


def _age(type_: type[Resource]) -> tuple[int, int, int]:
    """Order versions as Kubernetes does: alphas, betas, releases."""
    version = type_.definition.kind.version
    if (match := _VERSION.fullmatch(version)) is None:
        raise GenerationError(
            type_.__name__, f"{version!r} is not an API version", remedy="as in v1alpha1, v1beta2"
        )
    return (_STAGES[match["stage"]], int(match["major"]), int(match["minor"] or 0))


def _definition(types: Sequence[type[Resource]]) -> dict[str, Any]:
    _check_versions(types)
    stored = next(type_.definition for type_ in types if type_.definition.storage)
    kind = stored.kind
    names: dict[str, Any] = {
        "kind": kind.kind,
        "listKind": stored.list_kind or f"{kind.kind}List",
        "plural": kind.plural,
        "singular": stored.singular or kind.kind.lower(),
    }
    if stored.short_names:
        names["shortNames"] = list(stored.short_names)
    if stored.categories:
        names["categories"] = list(stored.categories)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.resource},
        "spec": {
            "group": kind.group,
            "names": names,
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "versions": [_version(type_) for type_ in types],
        },
    }


def _check_versions(types: Sequence[type[Resource]]) -> None:
    name = types[0].definition.kind.resource
    stored = [type_.definition.kind.version for type_ in types if type_.definition.storage]
    if len(stored) != 1:
        raise GenerationError(
            name,
            f"{len(stored)} of its versions are stored {stored}",
            remedy="set storage=False in the definitions of all others",
        )
    if len({type_.definition.kind.version for type_ in types}) != len(types):
        raise GenerationError(
            name, "one version has two types", remedy="register each version once"
        )
    shapes = {(t.definition.kind.kind, t.definition.kind.namespaced) for t in types}
    if len(shapes) != 1:
        raise GenerationError(
            name,
            f"its versions disagree about the kind's name or scope: {sorted(shapes)}",
            remedy="let their Kinds differ in the version only",
        )


def _version(type_: type[Resource]) -> dict[str, Any]:
    definition = type_.definition
    version: dict[str, Any] = {
        "name": definition.kind.version,
        "served": definition.served,
        "storage": definition.storage,
    }
    if definition.deprecated:
        version |= {"deprecated": True, "deprecationWarning": definition.deprecated}
    schema = version_schema(type_)
    if subresources := _subresources(type_, schema):
        version["subresources"] = subresources
    if definition.columns:
        columns = columns_of(definition)
        for column in columns:
            _check_path(schema, type_, column.path, f"column {column.name}")
        version["additionalPrinterColumns"] = [_column(column) for column in columns]
    version["schema"] = {"openAPIV3Schema": schema}
    return version


def version_schema(type_: type[Resource]) -> dict[str, Any]:
    """Return the schema of one version with its rules in place."""
    schema = schema_of(type_)
    rules.place(schema, type_.definition)
    return ordered(schema)


def columns_of(definition: Definition) -> tuple[Column, ...]:
    """Return the columns kubectl prints: own columns replace the default one, so Age is kept."""
    has_age = any(column.name == AGE.name for column in definition.columns)
    return definition.columns if has_age else (*definition.columns, AGE)


def _subresources(type_: type[Resource], schema: dict[str, Any]) -> dict[str, Any]:
    definition = type_.definition
    if definition.status != ("status" in schema["properties"]):
        raise GenerationError(
            type_.__name__,
            f"Definition(status={definition.status}) and the fields of the type disagree",
            remedy="a kind with a status subresource has a field `status`, any other has none",
        )
    subresources: dict[str, Any] = {"status": {}} if definition.status else {}
    if scale := definition.scale:
        paths = {
            "specReplicasPath": scale.spec_replicas,
            "statusReplicasPath": scale.status_replicas,
            "labelSelectorPath": scale.selector,
        }
        subresources["scale"] = {name: path for name, path in paths.items() if path}
        for path in subresources["scale"].values():
            _check_path(schema, type_, path, "scale")
    return subresources


def _column(column: Column) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": column.name, "type": column.type, "jsonPath": column.path}
    if column.description:
        entry["description"] = column.description
    if column.priority:
        entry["priority"] = column.priority
    return entry


def _check_path(schema: dict[str, Any], type_: type[Resource], path: str, what: str) -> None:
    """Follow the plain part of a JSON path; a filter such as `[?(@.type=="Ready")]` ends it."""
    plain = path.partition("[")[0].lstrip(".").split(".")
    if plain[0] == "metadata":
        return
    node = schema
    for name in plain:
        fields = node.get("properties", {})
        if name not in fields:
            if "additionalProperties" in node or "x-kubernetes-preserve-unknown-fields" in node:
                return
            raise GenerationError(
                type_.__name__,
                f"{what} reads {path}, which has no {name!r}",
                remedy=f"there is: {', '.join(fields) or 'nothing below'}",
            )
        node = fields[name]
