"""The cluster that a proposal changes, as the server holds it: values, and whose each field is.

Who owns a field stands in managedFields. A change is applied under a manager of its own, so that
any later edit by somebody else takes the field away and shows. A revert puts the values back the
same way, and then hands the fields back to those whose they were: only managedFields can say so,
since a field that we let go of by leaving it out would fall back to its default.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs
import msgspec

from controller.runtime.runtime import manager_name
from informers.meta.microtime import Time
from informers.snapshot import Snapshot
from reconcilers.penin.api.proposal import FieldBefore
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER
from reconcilers.penin.proposal import fields

MANAGER: Final = manager_name("penin-proposal")
APPLY: Final = "Apply"
OURS: Final = f"{MANAGER}/{APPLY}"

_SPEC: Final = "f:spec"
Object = dict[str, Any]


@attrs.frozen(kw_only=True)
class Target:
    """A cluster, read live with its managedFields."""

    object: Object

    @classmethod
    def of(cls, raw: bytes) -> "Target":
        """Read it from its JSON."""
        return cls(object=msgspec.json.decode(raw))

    @property
    def version(self) -> str:
        """Its resource version."""
        return str(self.object["metadata"]["resourceVersion"])

    @property
    def generation(self) -> int:
        """Its generation."""
        return int(self.object["metadata"]["generation"])

    @property
    def managed(self) -> Sequence[Object]:
        """Who owns what."""
        found: Sequence[Object] = self.object["metadata"].get("managedFields") or ()
        return found

    def value(self, path: str) -> Any:  # noqa: ANN401 - any JSON value
        """Return what a field is."""
        return fields.found(self.object.get("spec") or {}, path)

    def owners(self, path: str) -> tuple[str, ...]:
        """Return the managers of a field, as MANAGER/OPERATION."""
        found = {
            _title(entry)
            for entry in self.managed
            if not entry.get("subresource") and path in owned(entry.get("fieldsV1") or {})
        }
        return tuple(sorted(found))

    @property
    def ours(self) -> fields.Values:
        """The fields that earlier changes of ours hold, as they are."""
        held = {
            path
            for entry in self.managed
            if _title(entry) == OURS
            for path in owned(entry.get("fieldsV1") or {})
        }
        return {path: self.value(path) for path in sorted(held)}

    def before(self, change: Mapping[str, Any]) -> tuple[FieldBefore, ...]:
        """Return the fields of a change as they are."""
        return tuple(
            FieldBefore(field=path, value=self.value(path), after=after, owners=self.owners(path))
            for path, after in change.items()
        )

    def is_before(self, before: Iterable[FieldBefore]) -> bool:
        """Whether these fields are as they were, values and owners."""
        return all(
            fields.same(self.value(each.field), each.value)
            and self.owners(each.field) == each.owners
            for each in before
        )

    def has_change(self, before: Iterable[FieldBefore]) -> bool:
        """Whether these fields are as the change made them, and nobody else's."""
        return all(
            fields.same(self.value(each.field), each.after) and self.owners(each.field) == (OURS,)
            for each in before
        )

    def is_put_back(self, before: Iterable[FieldBefore]) -> bool:
        """Whether these fields have their former values again and are still ours alone."""
        return all(
            fields.same(self.value(each.field), each.value) and self.owners(each.field) == (OURS,)
            for each in before
        )

    def taken(self, before: Iterable[FieldBefore]) -> str:
        """Say who has changed or claimed one of these fields since; nothing if nobody has."""
        for each in before:
            others = [owner for owner in self.owners(each.field) if owner != OURS]
            if others or not fields.same(self.value(each.field), each.after):
                who = ", ".join(other.partition("/")[0] for other in others) or "somebody"
                return f"{each.field} is {self.value(each.field)!r} now, by {who}"
        return ""

    def applying(self, change: Mapping[str, Any]) -> Object:
        """Return what to apply so that these fields get these values, if nothing changed since.

        What earlier changes hold is named again: a field that an apply leaves out is let go.
        """
        kept = {path: value for path, value in self.ours.items() if value is not None}
        wanted = {path: value for path, value in change.items() if value is not None}
        metadata = self.object["metadata"]
        return {
            "apiVersion": PENIN_OMEGA_CLUSTER.api_version,
            "kind": PENIN_OMEGA_CLUSTER.kind,
            "metadata": {
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": metadata["uid"],
                "resourceVersion": metadata["resourceVersion"],
            },
            "spec": fields.nested(
                {path: value for path, value in kept.items() if path not in change} | wanted
            ),
        }

    def handing_back(self, before: Iterable[FieldBefore], *, now: Time) -> bytes:
        """Return the JSON Patch that makes these fields theirs whose they were."""
        entries: list[Object] = msgspec.json.decode(msgspec.json.encode(self.managed))
        for each in before:
            if OURS not in each.owners:
                for entry in entries:
                    if _title(entry) == OURS:
                        _take_out(entry["fieldsV1"], _steps(each.field))
            for owner in each.owners:
                if owner != OURS:
                    _put_in(_entry_of(entries, owner, now)["fieldsV1"], _steps(each.field))
        left = [entry for entry in entries if owned(entry["fieldsV1"]) or _title(entry) != OURS]
        return msgspec.json.encode(
            [
                {"op": "replace", "path": "/metadata/managedFields", "value": left},
                {"op": "replace", "path": "/metadata/resourceVersion", "value": self.version},
            ]
        )


def claimed(snapshot: Snapshot) -> frozenset[str]:
    """Return the fields of a cached cluster that are ours."""
    if not snapshot.claims:
        return frozenset()
    claims: list[tuple[str, Object]] = msgspec.json.decode(snapshot.claims)
    return frozenset(path for manager, held in claims if manager == MANAGER for path in owned(held))


def owned(held: Mapping[str, Any]) -> frozenset[str]:
    """Return the leaves below spec that a field set names."""
    return frozenset(_leaves(held.get(_SPEC) or {}, ""))


def _leaves(held: Mapping[str, Any], above: str) -> Iterable[str]:
    for step, below in held.items():
        kind, _, name = step.partition(":")
        if kind != "f":
            continue
        path = f"{above}.{name}" if above else name
        if any(inner != "." for inner in below):
            yield from _leaves(below, path)
        else:
            yield path


def _title(entry: Mapping[str, Any]) -> str:
    return f"{entry.get('manager', '')}/{entry.get('operation', '')}"


def _steps(path: str) -> list[str]:
    return [_SPEC, *(f"f:{name}" for name in path.split("."))]


def _take_out(held: Object, steps: Sequence[str]) -> None:
    """Remove a leaf, and what is empty without it."""
    first, *rest = steps
    if first not in held:
        return
    if rest:
        _take_out(held[first], rest)
    if not rest or not held[first]:
        del held[first]


def _put_in(held: Object, steps: Sequence[str]) -> None:
    for step in steps:
        held = held.setdefault(step, {})


def _entry_of(entries: list[Object], owner: str, now: Time) -> Object:
    """Return a manager's entry; one that lost its last field to us gets it again."""
    for entry in entries:
        if _title(entry) == owner and not entry.get("subresource"):
            entry.setdefault("fieldsV1", {})
            return entry
    manager, _, operation = owner.rpartition("/")
    made: Object = {
        "manager": manager,
        "operation": operation,
        "apiVersion": PENIN_OMEGA_CLUSTER.api_version,
        "time": str(now),
        "fieldsType": "FieldsV1",
        "fieldsV1": {},
    }
    entries.append(made)
    return made
