"""Gives a cluster its ledger-writer and SR-Ω∞ its right to propose, where they are wanted.

It has a controller of its own, since none of it takes part in a rollout: a volume that cannot be
mounted or an image that nobody named must not hold up the services.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import UNSET

from controller.runtime.builder import Builder
from controller.runtime.controller import Controller
from controller.runtime.ownership import Owner
from controller.runtime.predicate import spec_changed
from controller.runtime.reconcile import Request, Result, done
from controller.runtime.registration import Permission
from controller.runtime.runtime import Runtime, cached
from controller.runtime.stated import stated
from informers.errors import NotFound
from informers.meta.builtin import CONFIG_MAP, DEPLOYMENT
from informers.meta.conditions import Condition
from informers.meta.kinds import Kind
from informers.request import DeleteOptions
from informers.snapshot import Snapshot
from informers.store import Change
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER, PeninOmegaCluster
from reconcilers.penin.cluster.reconciler import SERVICE_ACCOUNT
from reconcilers.penin.cluster.services import SR_OMEGA_INFINITY
from reconcilers.penin.ledger import desired, entries
from reconcilers.penin.ledger.book import Book
from reconcilers.penin.ledger.desired import ROLE, ROLE_BINDING, Writing, writer_name
from reconcilers.penin.ledger.entries import LEDGER, ConfigMap, Place
from reconcilers.penin.proposal import access

NAME: Final = "penin-ledger-writer"
KIND: Final = "LedgerWritten"
OWNED: Final = (SERVICE_ACCOUNT, ROLE, ROLE_BINDING, CONFIG_MAP, DEPLOYMENT)
PERMISSIONS: Final = (
    Permission.own(ROLE, reason="A ledger-writer may read entries and report, in its namespace."),
    Permission.own(
        ROLE_BINDING, reason="Ledger-writers get their role, SR-Ω∞ the one to propose with."
    ),
)


def condition(
    cluster: PeninOmegaCluster, *, image: str, newest: int, head: ConfigMap | None
) -> Condition:
    """Return whether every decision is on the volume, and if not, why."""
    reported = entries.head_of(head)
    problem = "" if head is None else head.data.get("problem", "")
    if not cluster.spec.storage.worm_ledger.enabled:
        reason, message = "TurnedOff", "spec.storage.wormLedger.enabled is false"
    elif not image:
        reason = "ImageUnknown"
        message = "the operator does not know its own image: give it --image, or PENTAD_IMAGE"
    elif problem:
        reason, message = "Blocked", problem
    elif reported is None:
        reason, message = "NotReported", "the ledger-writer has not reported yet"
    elif reported.sequence < newest:
        reason, message = "Behind", f"entry {reported.sequence + 1} is not on the volume yet"
    else:
        reason, message = "Written", f"{reported.sequence} entries are on the volume"
    return stated(cluster, KIND, reason, message, is_so=reason == "Written")


class PeninLedgerReconciler:
    """Looks after the writer of one cluster's ledger at a time."""

    def __init__(self, runtime: Runtime) -> None:
        self._client = runtime.client
        self._image = runtime.image
        self._clusters = runtime.lister(PeninOmegaCluster)
        self._heads = runtime.lister(ConfigMap)
        self._book = Book(runtime)
        self._stores = {kind: runtime.informers.acquire(cached(kind)).store for kind in OWNED}
        self._children = runtime.apply_set(NAME, OWNED)
        self._status = runtime.status_writer(NAME, PeninOmegaCluster, stamp="lastUpdateTime")

    async def reconcile(self, request: Request) -> Result:
        """Make it so, and tell."""
        snapshot = self._clusters.snapshot(request.key)
        if snapshot is None or snapshot.is_deleting:
            return done()
        cluster = self._clusters.memo.typed(snapshot)
        place = Place(namespace=request.namespace, cluster=request.name)
        wanted = self._wanted(cluster, place)
        owner = Owner(kind=PENIN_OMEGA_CLUSTER, snapshot=snapshot)
        # Without pruning: it would ask the server about every child of the other controllers.
        await self._children.apply(owner, wanted, prune=False)
        await self._take_away(snapshot, place, wanted)
        await self._tell(cluster, snapshot, place)
        return done()

    def _wanted(self, cluster: PeninOmegaCluster, place: Place) -> Sequence[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        if cluster.spec.self_architecting.enabled:
            found.append(access.binding(place.cluster, place.namespace))
        if cluster.spec.storage.worm_ledger.enabled and self._image:
            writing = Writing(cluster=cluster, place=place, image=self._image)
            found += desired.children(writing)
        return found

    async def _take_away(
        self, snapshot: Snapshot, place: Place, wanted: Sequence[dict[str, Any]]
    ) -> None:
        """Delete what is not wanted any more; the head stays, like the volume it tells of."""
        names = {(body["kind"], body["metadata"]["name"]) for body in wanted}
        writer, proposer = writer_name(place.cluster), SR_OMEGA_INFINITY.child(place.cluster)
        ours = [(kind, writer) for kind in OWNED if kind is not CONFIG_MAP]
        for kind, name in (*ours, (ROLE_BINDING, proposer)):
            child = self._stores[kind].get(f"{place.namespace}/{name}")
            if child is None or (kind.kind, name) in names or child.is_deleting:
                continue
            if child.controller is not None and child.controller.uid == snapshot.meta.uid:
                await self._delete(kind, child)

    async def _delete(self, kind: Kind, child: Snapshot) -> None:
        how = DeleteOptions(uid=child.meta.uid)
        try:
            await self._client.delete(kind, child.meta.name, how, namespace=child.meta.namespace)
        except NotFound:
            return

    async def _tell(self, cluster: PeninOmegaCluster, snapshot: Snapshot, place: Place) -> None:
        """Say whether the ledger is written, to those who have one or had."""
        known = cluster.status.conditions
        was_told = known is not UNSET and any(each.type == KIND for each in known)
        if not cluster.spec.storage.worm_ledger.enabled and not was_told:
            return
        newest = self._book.newest(place)
        found = condition(
            cluster,
            image=self._image,
            newest=0 if newest is None else entries.number(entries.name_of(newest)),
            head=self._heads.get(f"{place.namespace}/{place.head}"),
        )
        await self._status.write(snapshot, None, [found])


def of_ledger(changed: Snapshot) -> Iterable[str]:
    """Return the cluster whose ledger an object belongs to."""
    if LEDGER not in changed.labels:
        return ()
    return (f"{changed.meta.namespace}/{changed.labels.get('cluster', '')}",)


def of_writer(change: Change) -> bool:
    """Whether a writer's object changed: its cluster's services have far more, and more often."""
    return change.key.endswith(writer_name(""))


def set_up(runtime: Runtime) -> Controller:
    """Put the controller together."""
    builder = Builder(runtime, NAME).for_(PeninOmegaCluster, spec_changed)
    for kind in (ROLE, ROLE_BINDING):
        builder.owns(kind)
    for kind in (SERVICE_ACCOUNT, DEPLOYMENT):
        builder.owns(kind, of_writer)
    builder.watches(CONFIG_MAP, of_ledger)
    return builder.complete(PeninLedgerReconciler(runtime))
