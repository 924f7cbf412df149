"""Takes a PeninProposal from one decision to the next: look, decide, record, carry out, tell.

Nothing is remembered between two looks. What was decided stands in the ledger, what to put back in
the status, what was carried out in the cluster's own managedFields; so whoever begins again after a
crash goes on where it stopped, and what a person did meanwhile is seen.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, Literal

from controller.runtime.builder import Builder
from controller.runtime.controller import Controller
from controller.runtime.finalizer import ensure_finalizer, remove_finalizer
from controller.runtime.reconcile import Postponed, Request, Result, after, done
from controller.runtime.registration import Permission
from controller.runtime.runtime import Runtime
from informers import request as requests
from informers.errors import BadRequest, Conflict, Forbidden, Invalid, NotFound
from informers.meta.builtin import CONFIG_MAP
from informers.meta.microtime import Time
from informers.request import DeleteOptions
from informers.snapshot import Snapshot
from reconcilers.penin.api.proposal import PENIN_PROPOSAL, PeninProposal, PeninProposalStatus
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER
from reconcilers.penin.ledger.book import Book, Draft
from reconcilers.penin.ledger.chain import FieldChange
from reconcilers.penin.proposal import fields, status
from reconcilers.penin.proposal.course import ENDS, Decide, Wait, next_step
from reconcilers.penin.proposal.policy import judge
from reconcilers.penin.proposal.scope import STOP, UNFINISHED, Outlook, Scope, by_cluster
from reconcilers.penin.proposal.target import MANAGER, Target

NAME: Final = "penin-proposal"
FINALIZER: Final = "penin.ai/proposal"
PERMISSIONS: Final = (
    Permission(
        group=PENIN_PROPOSAL.group,
        resources=(PENIN_PROPOSAL.plural,),
        verbs=("patch", "delete"),
        reason="A finalizer holds one whose change is on trial; they are deleted long after it.",
    ),
    Permission.own(CONFIG_MAP, reason="Each entry of a ledger is one that cannot be changed."),
)
"""What this takes beside the family's own kinds."""
STEPS: Final = 8
"""As many decisions as there can be in a row, and some."""
AGAIN: Final = 0.2
UNWRITABLE_SECONDS: Final = 15.0
UNHAPPY: Final = ("Reverted", "Superseded")
REFUSALS: Final = (Invalid, Forbidden, BadRequest)


class PeninProposalReconciler:
    """Reconciles one PeninProposal at a time."""

    def __init__(self, runtime: Runtime) -> None:
        self._client = runtime.client
        self._recorder = runtime.recorder
        self._book = Book(runtime)
        self._outlook = Outlook(runtime, self._book)
        self._status = runtime.status_writer(NAME, PeninProposal)

    async def reconcile(self, request: Request) -> Result:
        """Go on until there is something to wait for."""
        for _ in range(STEPS):
            scope = self._outlook.look(request.key)
            if scope is None:
                return done()
            result = await self._step(scope)
            if result is not None:
                return result
        return after(AGAIN)

    async def _step(self, scope: Scope) -> Result | None:
        """Carry out what was decided, or decide what is next; None means to look again at once."""
        duty = self._duty(scope)
        if duty is not None:
            return await duty(scope)
        step = next_step(self._outlook.facts(scope))
        if isinstance(step, Wait):
            return await self._wait(scope, step)
        if step.decision in ("applied", "dry-run"):
            return await self._prepare(scope, step)
        return await self._record(scope, await self._with_who(scope, step))

    def _duty(self, scope: Scope) -> Callable[[Scope], Awaitable[Result | None]] | None:
        """Return what is to be done because of what was decided; None if that is done."""
        if scope.is_finished:
            return self._tidy
        decision = "" if scope.last is None else scope.last.decision
        if decision == "reverted":
            return self._put_back
        if decision in ENDS:
            return self._end_as_recorded
        return self._carry_out if decision == "applied" and not scope.is_applied else None

    # Deciding

    async def _wait(self, scope: Scope, step: Wait) -> Result:
        generation = scope.cluster_snapshot.meta.generation if scope.cluster_snapshot else None
        found = status.waiting(
            scope.proposal, step, generation=generation if step.settled else None, now=scope.now
        )
        await self._write(scope, found)
        return done() if step.seconds is None else after(max(step.seconds, AGAIN))

    async def _prepare(self, scope: Scope, step: Decide) -> Result | None:
        """Ask the server whether it would take the change; remember how to take it back."""
        target = await self._read(scope)
        cluster = scope.cluster
        if target is None or cluster is None:
            raise Postponed("the cluster has just gone", seconds=AGAIN)
        refusal = judge(self._outlook.case(scope, cluster, target.object.get("spec") or {}))
        if refusal is not None:
            return await self._record(scope, Decide("rejected", refusal.reason, refusal.message))
        changes = {
            path: value
            for path, value in scope.changes.items()
            if not fields.same(target.value(path), value)
        }
        try:
            await self._apply(scope, target, changes, dry_run=True)
        except REFUSALS as error:
            message = f"the API server would not take it: {error.message}"
            return await self._record(scope, Decide("rejected", "DryRunRefused", message))
        if step.decision == "applied":
            snapshot = await ensure_finalizer(
                self._client, PENIN_PROPOSAL, scope.snapshot, FINALIZER
            )
            before = target.before(changes)
            await self._status.write(snapshot, status.applying(scope.proposal, before, cluster))
            if not self._is_still_due(snapshot.key):
                return None
        return await self._record(scope, step, before=target.before(changes))

    def _is_still_due(self, key: str) -> bool:
        """Whether it is to be applied, now that the server was asked: another may be on trial.

        From here on the number of the entry decides; it is taken before anything is waited for.
        """
        scope = self._outlook.look(key)
        step = None if scope is None else next_step(self._outlook.facts(scope))
        return isinstance(step, Decide) and step.decision == "applied"

    async def _record(
        self, scope: Scope, step: Decide, *, before: Iterable[Any] | None = None
    ) -> Result | None:
        """Make a decision an entry of the ledger; what there is no ledger for just ends."""
        if scope.cluster is None or scope.cluster_snapshot is None:
            return await self._end(scope, step)
        changed = scope.before if before is None else tuple(before)
        draft = Draft(
            decision=step.decision,
            proposal=scope.snapshot.meta.name,
            proposal_uid=scope.snapshot.meta.uid,
            proposer=scope.proposer,
            by=step.by,
            reason=step.reason,
            message=step.message,
            fields=tuple(
                FieldChange(field=each.field, before=each.value, after=each.after)
                for each in changed
            )
            or tuple(
                FieldChange(field=path, before=fields.found(scope.spec, path), after=to)
                for path, to in scope.changes.items()
            ),
        )
        try:
            await self._book.record(scope.cluster, scope.cluster_snapshot, draft)
        except REFUSALS as error:
            if error.is_of_ending_namespace:
                return await self._end(scope, step)
            await self._write(scope, status.unwritable(scope.proposal, error.message))
            return after(UNWRITABLE_SECONDS)
        return None

    async def _with_who(self, scope: Scope, step: Decide) -> Decide:
        """Name who took a field, and see before a revert whether somebody just did."""
        if step.decision not in ("reverted", "superseded") or step.reason == "ClusterGone":
            return step
        target = await self._read(scope)
        taken = "" if target is None else target.taken(scope.before)
        return Decide("superseded", "HumanWins", taken) if taken else step

    # Carrying out

    async def _carry_out(self, scope: Scope) -> Result | None:
        """Change the cluster, unless it was done already or somebody was faster."""
        target = await self._read(scope)
        if target is None:
            return await self._record(scope, Decide("superseded", "ClusterGone", "it is gone"))
        if target.has_change(scope.before):
            found = status.applied(scope.proposal, scope.last, now=scope.now)
            await self._write(scope, found)
            self._tell(scope, "Applied", described(scope))
            return None
        if not target.is_before(scope.before):
            message = target.taken(scope.before) or "it changed meanwhile"
            return await self._record(scope, Decide("superseded", "HumanWins", message))
        try:
            await self._apply(scope, target, {each.field: each.after for each in scope.before})
        except REFUSALS as error:
            return await self._record(scope, Decide("reverted", "Refused", error.message))
        return None

    async def _put_back(self, scope: Scope) -> Result | None:
        """Give exactly the fields of the change their values back, and those whose they were."""
        target = await self._read(scope)
        if target is None or target.is_before(scope.before):
            return await self._end_as_recorded(scope)
        is_put_back = target.is_put_back(scope.before)
        taken = "" if is_put_back else target.taken(scope.before)
        if taken:
            return await self._record(scope, Decide("superseded", "HumanWins", taken))
        try:
            if is_put_back:
                await self._hand_back(scope, target)
            else:
                await self._apply(scope, target, {each.field: each.value for each in scope.before})
        except REFUSALS as error:
            await self._write(scope, status.stuck(scope.proposal, error.message))
            return after(UNWRITABLE_SECONDS)
        return None

    async def _hand_back(self, scope: Scope, target: Target) -> None:
        now = Time.of(scope.now)
        try:
            await self._client.patch(
                PENIN_OMEGA_CLUSTER,
                scope.place.cluster,
                target.handing_back(scope.before, now=now),
                type_="json",
                namespace=scope.place.namespace,
                manager=MANAGER,
            )
        except Conflict as error:
            raise Postponed("the cluster changed meanwhile", seconds=AGAIN) from error

    async def _apply(
        self, scope: Scope, target: Target, change: Mapping[str, Any], *, dry_run: bool = False
    ) -> None:
        """Apply these fields to the cluster as it was read, and to no other state of it."""
        try:
            await self._client.apply(
                PENIN_OMEGA_CLUSTER,
                scope.place.cluster,
                target.applying(change),
                namespace=scope.place.namespace,
                manager=MANAGER,
                dry_run=dry_run,
            )
        except Conflict as error:
            raise Postponed("the cluster changed meanwhile", seconds=AGAIN) from error

    async def _read(self, scope: Scope) -> Target | None:
        """Read the cluster live, with who owns what; None if there is none."""
        place = scope.place
        request = requests.get(PENIN_OMEGA_CLUSTER, place.cluster, namespace=place.namespace)
        try:
            return Target.of((await self._client.send(request)).body)
        except NotFound:
            return None

    # Telling

    async def _end_as_recorded(self, scope: Scope) -> Result | None:
        """Write that what was recorded last is done."""
        last = scope.last
        assert last is not None, "it is what was carried out"
        return await self._end(scope, Decide(last.decision, last.reason, last.message))

    async def _end(self, scope: Scope, step: Decide) -> Result | None:
        """Write that nothing more comes of it."""
        found = status.ended(
            scope.proposal,
            ENDS[step.decision],
            reason=step.reason,
            message=step.message,
            last=scope.last,
            cluster=scope.cluster,
            now=scope.now,
        )
        await self._write(scope, found)
        self._tell(scope, ENDS[step.decision], f"{step.reason}: {step.message}")
        return None

    async def _write(self, scope: Scope, found: PeninProposalStatus) -> Snapshot:
        conditions = status.conditions(scope.proposal, found)
        return await self._status.write(scope.snapshot, found, conditions)

    def _tell(self, scope: Scope, reason: str, message: str) -> None:
        """Tell the users of the proposal, and of the cluster if it was changed."""
        kind: Literal["Normal", "Warning"] = "Warning" if reason in UNHAPPY else "Normal"
        about = f"PeninProposal {scope.snapshot.meta.name}: {message}"
        self._recorder.tell(PENIN_PROPOSAL, scope.snapshot, reason, message, type_=kind)
        if scope.cluster_snapshot is not None and scope.before:
            self._recorder.tell(
                PENIN_OMEGA_CLUSTER, scope.cluster_snapshot, f"Proposal{reason}", about, type_=kind
            )

    async def _tidy(self, scope: Scope) -> Result:
        """Let go of a finished proposal; delete it when it is old."""
        await remove_finalizer(self._client, PENIN_PROPOSAL, scope.snapshot, FINALIZER)
        await self._book.forget(scope.place, open_=self._outlook.open(scope.place))
        left = scope.history_left
        if left is None or scope.snapshot.is_deleting:
            return done()
        if left > 0:
            return after(left)
        meta = scope.snapshot.meta
        how = DeleteOptions(uid=meta.uid)
        await self._client.delete(PENIN_PROPOSAL, meta.name, how, namespace=meta.namespace)
        return done()


def described(scope: Scope) -> str:
    """Say what a change does, field by field."""
    return "; ".join(f"{each.field}: {each.value} → {each.after}" for each in scope.before)


def set_up(runtime: Runtime) -> Controller:
    """Put the controller together."""
    reconciler = PeninProposalReconciler(runtime)
    proposals = runtime.lister(PeninProposal).informer.store

    def unfinished(cluster: str) -> Iterable[str]:
        return [each.key for each in proposals.by_index(UNFINISHED, cluster)]

    def of_cluster(changed: Snapshot) -> Iterable[str]:
        return unfinished(changed.key)

    def siblings(changed: Snapshot) -> Iterable[str]:
        return [key for each in by_cluster(changed) for key in unfinished(each)]

    def stopped(changed: Snapshot) -> Iterable[str]:
        if changed.meta.name != STOP:
            return ()
        everywhere = changed.meta.namespace == runtime.namespace
        return [
            each.key
            for each in proposals
            if everywhere or each.meta.namespace == changed.meta.namespace
        ]

    return (
        Builder(runtime, NAME)
        .for_(PeninProposal, optional=True)
        .watches(PENIN_PROPOSAL, siblings)
        .watches(PENIN_OMEGA_CLUSTER, of_cluster)
        .watches(CONFIG_MAP, stopped)
        .complete(reconciler)
    )
