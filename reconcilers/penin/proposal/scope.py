"""One proposal in one look: what is asked, what was decided, what is there."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import attrs
import msgspec
from msgspec import UNSET, Struct

from controller.runtime.runtime import Runtime
from informers.skim import Skim
from informers.snapshot import Snapshot
from reconcilers.penin.api.architecting import SelfArchitecting
from reconcilers.penin.api.proposal import FieldBefore, PeninProposal
from reconcilers.penin.api.v1alpha1 import PeninOmegaCluster
from reconcilers.penin.ledger.book import Book
from reconcilers.penin.ledger.chain import Entry
from reconcilers.penin.ledger.entries import ConfigMap, Place
from reconcilers.penin.proposal import fields, target
from reconcilers.penin.proposal.course import FINAL, Approval, Facts
from reconcilers.penin.proposal.policy import Case, Past, judge, remembered

STOP: Final = "penin-stop"
"""A ConfigMap of this name, by the operator or by a cluster, stops all self-architecting there."""
APPROVAL: Final = "penin.ai/approval"
APPROVED_BY: Final = "penin.ai/approval-by"
BY_CLUSTER: Final = "penin-proposals"
UNFINISHED: Final = "penin-proposals-unfinished"
_OUTCOMES: Final = ("Applied", "Kept", "Reverted", "Superseded")


class _Spec(Struct, frozen=True):
    cluster: str = ""


class _Status(Struct, frozen=True):
    phase: str = ""


class _Outline(Struct, frozen=True):
    spec: _Spec = _Spec()
    status: _Status = _Status()


_OUTLINE: Final = Skim(_Outline)


def by_cluster(snapshot: Snapshot) -> Iterable[str]:
    """Return the cluster that a proposal is about."""
    return (f"{snapshot.meta.namespace}/{_OUTLINE.decode(snapshot.raw).spec.cluster}",)


def unfinished(snapshot: Snapshot) -> Iterable[str]:
    """Return the same of proposals that something can still come of."""
    return () if _OUTLINE.decode(snapshot.raw).status.phase in FINAL else by_cluster(snapshot)


@attrs.frozen(kw_only=True)
class Scope:
    """What is known of one proposal."""

    proposal: PeninProposal
    snapshot: Snapshot
    cluster: PeninOmegaCluster | None
    cluster_snapshot: Snapshot | None
    decisions: Sequence[Entry]
    now: dt.datetime

    @property
    def place(self) -> Place:
        """Where the ledger of its cluster is."""
        return Place(namespace=self.snapshot.meta.namespace, cluster=self.proposal.spec.cluster)

    @property
    def last(self) -> Entry | None:
        """The last decision about it."""
        return self.decisions[-1] if self.decisions else None

    @property
    def proposer(self) -> str:
        """Who proposes, nothing if nobody stamped it."""
        return self.proposal.spec.proposer.username

    @property
    def before(self) -> tuple[FieldBefore, ...]:
        """The fields it changes, as they were."""
        found = self.proposal.status.before
        return () if found is UNSET else found

    @property
    def is_finished(self) -> bool:
        """Whether nothing more comes of it."""
        return self.proposal.status.phase in FINAL

    @property
    def is_applied(self) -> bool:
        """Whether the cluster was seen to be changed."""
        return self.proposal.status.applied_at is not UNSET

    @property
    def history_left(self) -> float | None:
        """Seconds until a finished one is deleted; None if it is not known when it finished.

        One whose cluster is gone is kept for as long as it is where nobody says otherwise.
        """
        finished = self.proposal.status.finished_at
        if finished is UNSET:
            return None
        cluster = self.cluster
        policy = SelfArchitecting() if cluster is None else cluster.spec.self_architecting
        age = self.now - finished.datetime
        kept = policy.history.timedelta
        if self.is_applied:
            kept = max(kept, remembered(policy))
        return (kept - age).total_seconds()

    @property
    def changes(self) -> fields.Values:
        """What it wants each field to be."""
        return fields.leaves(self.proposal.spec.change)

    @property
    def spec(self) -> Mapping[str, Any]:
        """The spec of the cluster as it is cached."""
        if self.cluster_snapshot is None:
            return {}
        found: Mapping[str, Any] = msgspec.json.decode(self.cluster_snapshot.raw).get("spec") or {}
        return found

    @property
    def approval(self) -> Approval | None:
        """What somebody else than the proposer says of it."""
        annotations = self.snapshot.annotations
        word, by = annotations.get(APPROVAL), annotations.get(APPROVED_BY, "")
        if not by or by == self.proposer:
            return None
        if word == "approved":
            return Approval(word="approved", by=by)
        return Approval(word="denied", by=by) if word == "denied" else None

    @property
    def taken(self) -> str:
        """Whether somebody has changed or claimed a field of the change, as far as caches tell."""
        if self.cluster_snapshot is None or not self.is_applied:
            return ""
        spec, ours = self.spec, target.claimed(self.cluster_snapshot)
        for each in self.before:
            value = fields.found(spec, each.field)
            if each.field not in ours or not fields.same(value, each.after):
                return f"{each.field} is {value!r} now, by somebody else"
        return ""


class Outlook:
    """Reads scopes from the caches."""

    def __init__(self, runtime: Runtime, book: Book) -> None:
        self._clock = runtime.clock
        self._home = runtime.namespace
        self._book = book
        self._clusters = runtime.lister(PeninOmegaCluster)
        self._proposals = runtime.lister(PeninProposal)
        self._objects = runtime.lister(ConfigMap)
        store = self._proposals.informer.store
        for name, indexer in ((BY_CLUSTER, by_cluster), (UNFINISHED, unfinished)):
            if not store.has_index(name):
                store.add_index(name, indexer)

    def look(self, key: str) -> Scope | None:
        """Return what is known of a proposal, None if it is gone."""
        snapshot = self._proposals.snapshot(key)
        if snapshot is None:
            return None
        proposal = self._proposals.memo.typed(snapshot)
        found = self._clusters.snapshot(f"{snapshot.meta.namespace}/{proposal.spec.cluster}")
        return Scope(
            proposal=proposal,
            snapshot=snapshot,
            cluster=None if found is None else self._clusters.memo.typed(found),
            cluster_snapshot=found,
            decisions=self._book.about(
                Place(namespace=snapshot.meta.namespace, cluster=proposal.spec.cluster),
                snapshot.meta.uid,
            ),
            now=self._clock.wall(),
        )

    def facts(self, scope: Scope) -> Facts:
        """Return what decides what happens next."""
        cluster, found = scope.cluster, scope.cluster_snapshot
        if found is not None and found.is_deleting:
            cluster = None
        last = None if scope.last is None else scope.last.decision
        case = None if cluster is None else self.case(scope, cluster, scope.spec)
        return Facts(
            proposal=scope.proposal,
            cluster=cluster,
            last=last,
            stopped=self._stopped(scope.place.namespace),
            taken=scope.taken if last == "applied" else "",
            rival=self._rival(scope),
            refusal=None if case is None or last == "applied" else judge(case),
            approval=scope.approval,
            is_deleting=scope.snapshot.is_deleting,
            now=scope.now,
        )

    def case(self, scope: Scope, cluster: PeninOmegaCluster, spec: Mapping[str, Any]) -> Case:
        """Return what the policy judges a proposal by, the fields as this spec has them."""
        changes, scaling = scope.changes, cluster.spec.auto_scaling
        return Case(
            policy=cluster.spec.self_architecting,
            proposer=scope.proposer,
            before={path: fields.found(spec, path) for path in changes},
            after=changes,
            past=[past for each in self._others(scope) if (past := _past(each)) is not None],
            scaled=frozenset(f"replicas.{key}" for key in scaling.services)
            if scaling.enabled
            else frozenset(),
            now=scope.now,
        )

    def _stopped(self, namespace: str) -> str:
        """Say by which object all of this is stopped, nothing if by none."""
        for place in (self._home, namespace):
            found = self._objects.get(f"{place}/{STOP}")
            if found is not None:
                why = found.data.get("reason", "")
                text = f"ConfigMap {place}/{STOP} stops all self-architecting"
                return f"{text}: {why}" if why else text
        return ""

    def _rival(self, scope: Scope) -> str:
        """Return another proposal that is on trial."""
        for each in self._proposals.by_index(UNFINISHED, scope.place.key):
            uid = each.metadata.uid
            if uid is UNSET or uid == scope.snapshot.meta.uid:
                continue
            decisions = self._book.about(scope.place, uid)
            if decisions and decisions[-1].decision in ("applied", "reverted"):
                return str(each.metadata.name)
        return ""

    def open(self, place: Place) -> frozenset[str]:
        """Return the uids of the proposals about a cluster that something may still come of."""
        found = self._proposals.by_index(UNFINISHED, place.key)
        return frozenset(str(each.metadata.uid) for each in found)

    def _others(self, scope: Scope) -> Iterable[PeninProposal]:
        found = self._proposals.by_index(BY_CLUSTER, scope.place.key)
        return [each for each in found if each.metadata.uid != scope.snapshot.meta.uid]


def _past(proposal: PeninProposal) -> Past | None:
    """Return what the policy remembers of a proposal, None if it was never applied."""
    status = proposal.status
    applied, finished, phase = status.applied_at, status.finished_at, status.phase
    if applied is UNSET or phase is UNSET or phase not in _OUTCOMES:
        return None
    return Past(
        proposer=proposal.spec.proposer.username,
        applied_at=applied.datetime,
        outcome=phase,
        finished_at=None if finished is UNSET else finished.datetime,
    )
