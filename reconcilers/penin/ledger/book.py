"""The ledger as a reconciler writes it: a decision becomes an object before anything follows."""

from collections.abc import Container, Sequence
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

    def about(self, place: Place, proposal_uid: str) -> Sequence[Entry]:
        """Return the decisions about a proposal, in their order.

        Labels can be put on anything: an entry counts for what it says itself, at its own place.
        """
        found: list[Entry] = []
        for each in self._objects.by_index(INDEX, entries.about(place.namespace, proposal_uid)):
            try:
                entry = read(entries.content(each))
            except Malformed:
                continue  # not ours; `ledger verify` tells of it
            at = place.sequence(entries.name_of(each))
            if (at, proposal_uid) == (entry.sequence, entry.proposal_uid):
                found.append(entry)
        return sorted(found, key=lambda entry: entry.sequence)

    def newest(self, place: Place) -> ConfigMap | None:
        """Return the newest entry's object."""
        return max(
            self._of(place), key=lambda each: entries.number(entries.name_of(each)), default=None
        )

    def _of(self, place: Place) -> Sequence[ConfigMap]:
        """Return the objects of a ledger; one with another's name is none of them."""
        return [
            each
            for each in self._objects.by_index(INDEX, place.key)
            if place.sequence(entries.name_of(each))
        ]

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

    async def forget(self, place: Place, *, open_: Container[str]) -> None:
        """Delete entries that are on the volume and that nobody needs as objects.

        Args:
            place: Whose entries.
            open_: The uids of proposals of which something may still come: what was decided about
                them is known from their entries, however many others followed.
        """
        found = self._of(place)
        needed = {entries.name_of(each) for each in found if entries.proposal_of(each) in open_}
        names = [entries.name_of(each) for each in found]
        for name in entries.forgettable(names, self.reported(place)):
            if name in needed:
                continue
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
