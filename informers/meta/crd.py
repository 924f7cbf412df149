"""What a custom kind declares about itself beside its fields.

A `Definition` hangs on the wire type as its class attribute `definition`; the generators of
`hack/gen` read it, the runtime reads its `kind`. Field docs, defaults and limits stay where the
field is: in its annotation, as `Annotated[T, msgspec.Meta(...)]`, and in the string below it.

Several versions of one kind are several wire types whose `kind` differs in the version only; one
of them is stored.
"""

from typing import Any, Literal

import attrs

from informers.meta.kinds import Kind


def map_list(*keys: str) -> dict[str, Any]:
    """`Meta(extra_json_schema=...)` of a list whose items are told apart by these fields.

    Server-side apply then merges item by item, and no two items may have the same keys.
    """
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


@attrs.frozen(kw_only=True)
class Column:
    """One column that `kubectl get` prints; an Age column is added after the declared ones."""

    name: str
    path: str
    type: Literal["string", "integer", "number", "boolean", "date"] = "string"
    description: str = ""
    priority: int = 0


@attrs.frozen(kw_only=True)
class Rule:
    """A CEL rule and the sentence a user reads when it fails.

    `path` is the dotted wire path of the schema node that carries it, `self` in the rule: empty is
    the object itself, `spec.items[]` every item of a list, `spec.shards{}` every value of a map.
    `field_path` names the field below that node which the error points at, as in `.colour`.
    """

    rule: str
    message: str
    path: str = ""
    field_path: str = ""
    optional_old_self: bool = False


@attrs.frozen(kw_only=True)
class Scale:
    """Where the scale subresource finds its numbers."""

    spec_replicas: str = ".spec.replicas"
    status_replicas: str = ".status.replicas"
    selector: str = ""


@attrs.frozen(kw_only=True)
class Definition:
    """Everything about a custom kind that its fields do not say.

    `singular` and `list_kind` follow from the kind's name unless given. `deprecated` is the warning
    a user of this version reads.
    """

    kind: Kind
    singular: str = ""
    list_kind: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    rules: tuple[Rule, ...] = ()
    status: bool = True
    scale: Scale | None = None
    served: bool = True
    storage: bool = True
    deprecated: str = ""
