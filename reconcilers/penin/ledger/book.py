"""The ledger as a reconciler writes it: a decision becomes an object before anything follows."""

from collections.abc import Sequence
from typing import Final

import attrs

from controller.runtime.reconcile import Postponed
from controller.runtime.runtime import Runtime
from informers.errors import AlreadyExists, NotFound
from informers.meta.builtin import CONFIG_MAP
from informers.meta.microtime import MicroTime
from informers.request import DeleteOptions
from informers.snapshot import Snapshot
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER, PeninOmegaCluster
from reconcilers.penin.ledger import entries
from reconcilers.penin.ledger.chain import (
    Decision,
    Entry,
    FieldChange,
    Head,
    Malformed,
    hash_of,
    read,
    written,
)
from reconcilers.penin.ledger.entries import ConfigMap, Place

INDEX: Final = "penin-ledger"
AGAIN: Final = 0.1
"""Seconds until the next try when somebody else has taken the number."""


@attrs.frozen(kw_only=True)
class Draft:
    """What is to be recorded."""

    decision: Decision
    proposal: str
    proposal_uid: str
    proposer: str
    by: str
    reason: str
    message: str
    fields: tuple[FieldChange, ...] = ()


class Book:
    """Reads and continues the ledgers of all clusters."""

    def __init__(self, runtime: Runtime) -> None:
        self._client = runtime.client
        self._clock = runtime.clock
        self._objects = runtime.lister(ConfigMap)
        store = self._objects.informer.store
        if not store.has_index(INDEX):
            store.add_index(INDEX, entries.indexed)

    def about(self, proposal_uid: str) -> Sequence[Entry]:
        """Return the decisions about a proposal, in their order."""
        found: list[Entry] = []
        for each in self._objects.by_index(INDEX, proposal_uid):
            try:
                found.append(read(entries.content(each)))
            except Malformed:
                continue  # not ours; `ledger verify` tells of it
        return sorted(found, key=lambda entry: entry.sequence)

    def newest(self, place: Place) -> ConfigMap | None:
        """Return the newest entry's object."""
        found = self._objects.by_index(INDEX, place.key)
        return max(found, key=lambda each: entries.number(entries.name_of(each)), default=None)

    def reported(self, place: Place) -> Head | None:
        """Return what the writer has said of the volume."""
        return entries.head_of(self._objects.get(f"{place.namespace}/{place.head}"))

    async def record(self, cluster: PeninOmegaCluster, snapshot: Snapshot, draft: Draft) -> Head:
        """Make a decision an object; only then may it have any effect.

        Raises:
            Postponed: If another decision has taken the number; look again.
        """
        place = Place(namespace=snapshot.meta.namespace, cluster=snapshot.meta.name)
        end = entries.following(self.newest(place), self.reported(place))
        entry = Entry(
            sequence=end.sequence + 1,
            time=str(MicroTime.of(self._clock.wall())),
            previous=end.hash,
            cluster=place.cluster,
            **attrs.asdict(draft, recurse=False),
        )
        body = entries.body(place, entry, owner=_owner(cluster, snapshot))
        try:
            await self._client.create(CONFIG_MAP, body, namespace=place.namespace)
        except AlreadyExists as error:
            message = f"entry {entry.sequence} of the ledger was taken meanwhile"
            raise Postponed(message, seconds=AGAIN) from error
        return Head(sequence=entry.sequence, hash=hash_of(written(entry)))

    async def forget(self, place: Place) -> None:
        """Delete entries that are on the volume and that nobody needs as objects."""
        found = self._objects.by_index(INDEX, place.key)
        names = [entries.name_of(each) for each in found]
        for name in entries.forgettable(names, self.reported(place)):
            try:
                await self._client.delete(
                    CONFIG_MAP, name, DeleteOptions(), namespace=place.namespace
                )
            except NotFound:
                continue


def _owner(cluster: PeninOmegaCluster, snapshot: Snapshot) -> dict[str, object] | None:
    """Return whom the entries go with: nobody, unless the ledger is to go with its cluster."""
    if cluster.spec.storage.worm_ledger.deletion_policy == "Retain":
        return None
    return {
        "apiVersion": PENIN_OMEGA_CLUSTER.api_version,
        "kind": PENIN_OMEGA_CLUSTER.kind,
        "name": snapshot.meta.name,
        "uid": snapshot.meta.uid,
    }
