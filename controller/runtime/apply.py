"""The apply set: the children an owner should have, made so.

`ApplySet.apply` takes the desired children whole. Each is server-side applied under the
controller's manager with a controller reference to its owner; owned children that are no longer
desired are deleted. It promises:

- A child that is as it was applied costs no request. What "as it was" means is decided by the
  digest of our own fields (`informers.drift`), so defaults and other people's fields never count,
  and drift of ours always does. After a restart each child is applied once at most.
- Nothing that belongs to another controller is touched: that is a `Taken` error, which tells whose
  it is.
- Deletion names the uid it saw, so it never hits a successor of the same name.
"""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import msgspec

from controller.runtime.reconcile import TerminalError
from informers.client import Client
from informers.errors import Conflict, NotFound
from informers.index import by_owner
from informers.meta.kinds import Kind
from informers.reply import Status
from informers.request import DeleteOptions, object_key
from informers.shared import Informer
from informers.snapshot import Snapshot
from informers.store import Change

OWNER_INDEX = "owner"


class Taken(TerminalError):
    """A child's name is in use by an object that belongs to somebody else."""

    def __init__(self, child: str, holder: str) -> None:
        super().__init__(
            f"{child} belongs to {holder}; rename one of them or remove its owner reference",
            reason="ChildTaken",
        )


@attrs.frozen(kw_only=True)
class Applied:
    """What making the children so took."""

    children: tuple[Snapshot, ...] = ()
    applied: tuple[str, ...] = ()
    unchanged: int = 0
    pruned: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Owner:
    """Whose children they are."""

    kind: Kind
    snapshot: Snapshot

    def reference(self) -> dict[str, Any]:
        """The owner reference every child gets."""
        meta = self.snapshot.meta
        return {
            "apiVersion": self.kind.api_version,
            "kind": self.kind.kind,
            "name": meta.name,
            "uid": meta.uid,
            "controller": True,
            "blockOwnerDeletion": True,
        }


@attrs.frozen
class _Memory:
    """What was applied last, and what the reply's own fields came to."""

    desired: bytes
    digest: bytes


class ApplySet:
    """Keeps the children of one controller's objects."""

    def __init__(self, client: Client, informers: Mapping[Kind, Informer], *, manager: str) -> None:
        self._client = client
        self._informers = dict(informers)
        self._manager = manager
        self._memory: dict[tuple[Kind, str], _Memory] = {}
        self.applied = 0
        self.unchanged = 0
        self.pruned = 0
        for kind, informer in self._informers.items():
            if not informer.store.has_index(OWNER_INDEX):
                informer.store.add_index(OWNER_INDEX, by_owner)
            informer.add_handler(functools.partial(self._forget, kind))

    async def apply(
        self, owner: Owner, desired: Sequence[Mapping[str, Any]], *, prune: bool = True
    ) -> Applied:
        """Make the owner's children exactly these.

        Raises:
            Taken: If a child's name belongs to another controller's object.
        """
        wanted: dict[tuple[Kind, str], Snapshot] = {}
        applied: list[str] = []
        for body in desired:
            kind = self._kind_of(body)
            snapshot, was_applied = await self._one(owner, kind, body)
            wanted[kind, snapshot.key] = snapshot
            if was_applied:
                applied.append(f"{kind.kind} {snapshot.key}")
        pruned = await self._prune(owner, wanted) if prune else ()
        return Applied(
            children=tuple(wanted.values()),
            applied=tuple(applied),
            unchanged=len(wanted) - len(applied),
            pruned=pruned,
        )

    async def _one(
        self, owner: Owner, kind: Kind, body: Mapping[str, Any]
    ) -> tuple[Snapshot, bool]:
        """Apply one child unless it is as it was applied."""
        meta = body["metadata"]
        namespace = meta.get("namespace", owner.snapshot.meta.namespace)
        key = object_key(namespace if kind.namespaced else "", meta["name"])
        raw = msgspec.json.encode(_owned(body, owner.reference()))
        wanted = hashlib.blake2b(raw, digest_size=12).digest()
        held = self._informers[kind].store.get(key)
        if held is not None:
            self._refuse_taken(owner, kind, held)
            memory = self._memory.get((kind, key))
            if memory is not None and memory == _Memory(wanted, held.digest):
                self.unchanged += 1
                return held, False
        answer = await self._client.apply(
            kind, meta["name"], raw, namespace=namespace, manager=self._manager
        )
        assert not isinstance(answer, Status), "apply answers with the object"
        self.applied += 1
        shown = self._informers[kind].store.get(key)
        if shown is not None and shown.resource_version == answer.resource_version:
            self._memory[kind, key] = _Memory(wanted, shown.digest)
        else:
            # Somebody was faster: without a digest of our own reply the next look applies again.
            self._memory.pop((kind, key), None)
        return answer, True

    def _refuse_taken(self, owner: Owner, kind: Kind, held: Snapshot) -> None:
        holder = held.controller
        if holder is not None and holder.uid != owner.snapshot.meta.uid:
            raise Taken(f"{kind.kind} {held.key}", f"{holder.kind} {holder.name}")

    async def _prune(
        self, owner: Owner, wanted: Mapping[tuple[Kind, str], Snapshot]
    ) -> tuple[str, ...]:
        """Delete what we applied for this owner and is no longer desired."""
        pruned: list[str] = []
        for kind, informer in self._informers.items():
            for child in informer.store.by_index(OWNER_INDEX, owner.snapshot.meta.uid):
                if (kind, child.key) in wanted or child.is_deleting or not child.digest:
                    continue
                await self._delete(kind, child)
                pruned.append(f"{kind.kind} {child.key}")
        return tuple(pruned)

    async def _delete(self, kind: Kind, child: Snapshot) -> None:
        meta = child.meta
        self._memory.pop((kind, child.key), None)
        try:
            await self._client.delete(
                kind, meta.name, DeleteOptions(uid=meta.uid), namespace=meta.namespace
            )
        except (NotFound, Conflict):
            return  # gone, or replaced by a successor that the next look will judge
        self.pruned += 1

    def _forget(self, kind: Kind, changes: list[Change]) -> None:
        """Remember nothing of children that are gone."""
        for change in changes:
            if change.new is None:
                self._memory.pop((kind, change.key), None)

    def _kind_of(self, body: Mapping[str, Any]) -> Kind:
        for kind in self._informers:
            if kind.kind == body["kind"] and kind.api_version == body["apiVersion"]:
                return kind
        raise LookupError(
            f"{body['apiVersion']} {body['kind']} is not owned by this controller: "
            "declare it with owns() so that drift is seen"
        )


def _owned(body: Mapping[str, Any], reference: dict[str, Any]) -> dict[str, Any]:
    """The child with its owner's reference."""
    return {**body, "metadata": {**body["metadata"], "ownerReferences": [reference]}}
