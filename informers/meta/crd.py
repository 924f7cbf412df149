"""What a custom kind declares about itself beside its fields.

A `Definition` hangs on the wire type as its class attribute `definition`; the generators of
`hack/gen` read it, the runtime reads its `kind`. Field docs, defaults and limits stay where the
field is: in its annotation, as `Annotated[T, msgspec.Meta(...)]` and in its docstring.
"""

from typing import Literal

import attrs

from informers.meta.kinds import Kind


@attrs.frozen(kw_only=True)
class Column:
    """One column that `kubectl get` prints."""

    name: str
    path: str
    type: Literal["string", "integer", "number", "boolean", "date"] = "string"
    description: str = ""
    priority: int = 0


@attrs.frozen(kw_only=True)
class Rule:
    """A CEL rule and the sentence a user reads when it fails.

    `path` is the dotted wire path of the schema node that carries it; empty is the object itself.
    """

    rule: str
    message: str
    path: str = ""


@attrs.frozen(kw_only=True)
class Scale:
    """Where the scale subresource finds its numbers."""

    spec_replicas: str = ".spec.replicas"
    status_replicas: str = ".status.replicas"
    selector: str = ""


@attrs.frozen(kw_only=True)
class Definition:
    """Everything about a custom kind that its fields do not say."""

    kind: Kind
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    rules: tuple[Rule, ...] = ()
    status: bool = True
    scale: Scale | None = None
