"""The single fields that a change is made of: their names, their values, and what patterns mean.

A field is named by its path below `spec`, as in `replicas.sigmaGuard`. Only fields below `ROOTS`
can ever be part of a change, whatever a policy names: this is where that is held.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from informers.meta.codec import to_builtins
from informers.meta.errors import QuantityError
from informers.meta.quantity import Quantity
from reconcilers.penin.api.proposal import Change

ROOTS: Final = frozenset({"replicas", "resources", "config"})
EVERYTHING: Final = "*"

Values = dict[str, Any]


def leaves(change: Change) -> Values:
    """Return the fields of a change and what each is to be."""
    return dict(flat(to_builtins(change)))


def flat(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Walk over the leaves of a tree."""
    for name, value in tree.items():
        path = f"{above}.{name}" if above else name
        if isinstance(value, Mapping):
            yield from flat(value, path)
        else:
            yield path, value


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tree that has these leaves and no others."""
    tree: dict[str, Any] = {}
    for path, value in values.items():
        at = tree
        *above, last = path.split(".")
        for name in above:
            at = at.setdefault(name, {})
        at[last] = value
    return tree


def found(spec: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return what a field is, None if it is not there."""
    at: Any = spec
    for name in path.split("."):
        if not isinstance(at, Mapping):
            return None
        at = at.get(name)
    return at


def covers(pattern: str, path: str) -> bool:
    """Whether a pattern names a field: `*` is any name, at its end also everything below."""
    wanted, names = pattern.split("."), path.split(".")
    if wanted[-1] == EVERYTHING:
        wanted = wanted[:-1]
        if len(names) <= len(wanted):
            return False
    elif len(names) != len(wanted):
        return False
    return all(part in (EVERYTHING, name) for part, name in zip(wanted, names, strict=False))


def most_exact(patterns: Iterable[str], path: str) -> str | None:
    """Return the pattern that names a field with the fewest wildcards, the longest of those."""
    fitting = [pattern for pattern in patterns if covers(pattern, path)]
    return min(
        fitting,
        key=lambda pattern: (pattern.count(EVERYTHING), -pattern.count("."), pattern),
        default=None,
    )


def amount(value: object) -> Quantity | None:
    """Return a field's value as an amount that can be compared; None if it is none."""
    try:
        return None if value is None else Quantity.from_wire(value)
    except QuantityError:
        return None


def same(one: object, other: object) -> bool:
    """Whether two values are the same amount, however they are written."""
    left, right = amount(one), amount(other)
    return one == other if left is None or right is None else left == right
