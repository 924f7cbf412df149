"""Makes a PeninOmegaCluster what it should be: look, plan, apply, tell.

The plan of a rollout decides which settings each part is given now; everything else follows from
the spec at once. Status is written once, at the end, from what was found; if the API server
refuses a child (a quota, a policy), the status says so before the next try.
"""

import contextlib
import functools
from collections.abc import Mapping
from typing import Final

import attrs
from msgspec import UNSET

from controller.runtime.builder import Builder
from controller.runtime.controller import Controller
from controller.runtime.handler import mentioning, owner
from controller.runtime.ownership import Owner, Taken
from controller.runtime.recent import Recent
from controller.runtime.reconcile import Request, Result, after, done
from controller.runtime.runtime import Runtime
from informers.errors import AlreadyExists, BadRequest, Forbidden, Invalid, NotFound
from informers.meta.builtin import CONFIG_MAP, DEPLOYMENT, SECRET, SERVICE
from informers.meta.conditions import Condition
from informers.meta.kinds import Kind
from informers.references import MENTIONS, Mentions
from informers.request import DeleteOptions
from informers.snapshot import Snapshot
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER, Found, PeninOmegaCluster
from reconcilers.penin.cluster import events, rollout, secrets, status
from reconcilers.penin.cluster.aim import Aim
from reconcilers.penin.cluster.claim import CLAIMS, look_again
from reconcilers.penin.cluster.handover import Handover
from reconcilers.penin.cluster.keeper import Keeper
from reconcilers.penin.cluster.labelled import Labelled, clusters_of
from reconcilers.penin.cluster.monitor import SERVICE_MONITOR, Monitor
from reconcilers.penin.cluster.observed import Deployment, Observed, Workload, read
from reconcilers.penin.cluster.pods import Wanted
from reconcilers.penin.cluster.podstate import (
    PODS,
    Pod,
    trouble_changed,
    why_not_ready,
)
from reconcilers.penin.cluster.revisions import (
    CONTROLLER_REVISION,
    ControllerRevision,
    Revision,
    kept,
)
from reconcilers.penin.cluster.scope import Scope, plan, rendering
from reconcilers.penin.cluster.services import CHAMPION, EVERYTHING, TRACK

NAME: Final = "penin-cluster"
REVISIONS: Final = "penin-revisions"
SERVICE_ACCOUNT: Final = Kind("", "v1", "ServiceAccount", "serviceaccounts")
AUTOSCALER: Final = Kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
BUDGET: Final = Kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")
NETWORK_POLICY: Final = Kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies")
CHILDREN: Final = (
    CONFIG_MAP,
    SERVICE_ACCOUNT,
    SERVICE,
    DEPLOYMENT,
    AUTOSCALER,
    BUDGET,
    NETWORK_POLICY,
)
REFUSALS: Final = (BadRequest, Forbidden, Invalid, Taken)
"""What says something of a child, and not of the server or the moment."""
WORKLOADS: Final = 8192
"""Of so many it is remembered what they say; five are a cluster's."""
_SOON: Final = 1.0


class PeninClusterReconciler:
    """Reconciles one PeninOmegaCluster at a time."""

    def __init__(self, runtime: Runtime) -> None:
        self._client = runtime.client
        self._clock = runtime.clock
        self._recorder = runtime.recorder
        self._namespace = runtime.namespace
        self._clusters = runtime.lister(PeninOmegaCluster)
        self._deployments = runtime.lister(Deployment)
        self._pods = Labelled(runtime.lister(Pod, PODS))
        self._revisions = Labelled(runtime.lister(ControllerRevision))
        self._secrets = runtime.lister(secrets.Secret, secrets.SECRETS)
        self._aims = Recent[Aim | None]()
        self._read_revisions = Recent[Revision]()
        self._workloads = Recent[Workload](bound=WORKLOADS)
        self._children = runtime.apply_set(NAME, CHILDREN)
        self._history = runtime.apply_set(REVISIONS, [CONTROLLER_REVISION])
        self._keeper = Keeper(runtime)
        self._monitor = Monitor(runtime)
        self._handover = Handover(runtime, AUTOSCALER)
        self._status = runtime.status_writer(NAME, PeninOmegaCluster, stamp="lastUpdateTime")

    async def reconcile(self, request: Request) -> Result:
        """Compare and act."""
        snapshot = self._clusters.snapshot(request.key)
        if snapshot is None:
            return done()
        cluster = self._clusters.memo.typed(snapshot)
        if snapshot.is_deleting:
            await self._say(cluster, snapshot, status.terminating(cluster), ())
            return done()
        if cluster.status.phase is UNSET:
            found, seen = status.pending(cluster)
            snapshot = await self._status.write(snapshot, found, [seen])
            cluster = self._clusters.memo.typed(snapshot)
        aim = self._aim(cluster, snapshot)
        if aim is None:
            try:
                await self._make_password(cluster, snapshot)
            except REFUSALS as error:
                await self._say(cluster, snapshot, *status.refused(cluster, str(error)))
                raise
            return after(_SOON)
        scope = self._look(cluster, snapshot, aim)
        try:
            scope, extra = await self._make(scope)
        except REFUSALS as error:
            await self._tell(scope, (), refusal=str(error))
            raise
        return await self._tell(scope, extra)

    async def _make(self, scope: Scope) -> tuple[Scope, tuple[Condition, ...]]:
        """Make the children so; return how they are then, and what else there is to say."""
        ledger = await self._keeper.keep(scope.owner, scope.cluster)
        scope = await self._with_history(scope)
        made = plan(scope)
        await self._handover.prepare(scope)
        wanted = rendering(scope, made, operator=self._namespace)
        if (await self._children.apply(scope.owner, wanted)).applied:
            scope = attrs.evolve(scope, observed=self._observe(scope.snapshot, scope.wanted))
        await self._forget(scope, made)
        return scope, (ledger, await self._monitor.keep(scope))

    def _aim(self, cluster: PeninOmegaCluster, snapshot: Snapshot) -> Aim | None:
        """Return what is wanted, worked out anew if the spec or a Secret is not what it was."""
        namespace = snapshot.meta.namespace
        found = {
            name: secret
            for name in secrets.names(cluster)
            if (secret := self._secrets.snapshot(f"{namespace}/{name}")) is not None
        }
        versions = frozenset(
            (secret.meta.uid, secret.resource_version) for secret in found.values()
        )
        follows_from = snapshot.meta.uid, snapshot.meta.generation, versions

        def make() -> Aim | None:
            typed = {name: self._secrets.memo.typed(secret) for name, secret in found.items()}
            wanted = secrets.wanted(cluster, typed)
            return None if wanted is None else Aim.of(wanted, follows_from=follows_from)

        return self._aims.of(snapshot.key, follows_from, make)

    async def _make_password(self, cluster: PeninOmegaCluster, snapshot: Snapshot) -> None:
        """Make a password once; one that is there, by whomever, is never touched."""
        owner = Owner(kind=PENIN_OMEGA_CLUSTER, snapshot=snapshot)
        body = owner.mark(secrets.new_password(secrets.own_password(cluster)))
        try:
            await self._client.create(SECRET, body, namespace=snapshot.meta.namespace)
        except AlreadyExists:
            return  # its event is on its way

    def _look(self, cluster: PeninOmegaCluster, snapshot: Snapshot, aim: Aim) -> Scope:
        """Read what is there."""
        stored = map(self._revision, self._revisions.owned_by(snapshot))
        revisions = {found.name: found for found in stored}
        return Scope(
            follows_from=aim.follows_from,
            cluster=cluster,
            snapshot=snapshot,
            wanted=aim.wanted,
            target=revisions.get(aim.target.name, aim.target),
            revisions=revisions,
            observed=self._observe(snapshot, aim.wanted),
            now=self._clock.wall(),
        )

    def _revision(self, stored: Snapshot) -> Revision:
        """Read a revision, whose content never changes."""
        follows_from = stored.meta.uid, stored.resource_version
        return self._read_revisions.of(
            stored.key, follows_from, functools.partial(Revision.stored, stored)
        )

    def _observe(self, snapshot: Snapshot, wanted: Wanted) -> dict[str, Observed]:
        """Read how the parts are doing; what was just applied to them counts."""
        now = self._clock.wall()
        found = {
            role.key: self._workload(snapshot, role.child(wanted.cluster)) for role in EVERYTHING
        }
        return {
            key: Observed() if each is None else each.observed(now=now)
            for key, each in found.items()
        }

    def _workload(self, cluster: Snapshot, name: str) -> Workload | None:
        """Read a Deployment of the cluster; one of somebody else's says nothing of its parts."""
        found = self._deployments.snapshot(f"{cluster.meta.namespace}/{name}")
        if found is None or found.controller is None or found.controller.uid != cluster.meta.uid:
            return None
        follows_from = found.meta.uid, found.resource_version
        return self._workloads.of(
            found.key, follows_from, lambda: read(self._deployments.memo.typed(found))
        )

    async def _with_history(self, scope: Scope) -> Scope:
        """Store the revision that the spec asks for, before anything is given to a part."""
        target = scope.target
        if target.name in scope.revisions:
            return scope
        newest = max((each.number for each in scope.revisions.values()), default=0)
        target = attrs.evolve(target, number=newest + 1)
        await self._history.apply(scope.owner, [target.object(scope.wanted.cluster)], prune=False)
        return attrs.evolve(
            scope, target=target, revisions={**scope.revisions, target.name: target}
        )

    async def _forget(self, scope: Scope, made: rollout.Plan) -> None:
        """Delete revisions that nothing needs any more."""
        keep = kept(
            scope.revisions.values(),
            needed={scope.target.name, made.revision, scope.remembered("good")},
            settings=[each.seen.settings for each in scope.observed.values()],
            history=scope.cluster.spec.rollout.history,
        )
        names = {each.name for each in keep}
        for name in scope.revisions:
            if name not in names:
                with contextlib.suppress(NotFound):
                    await self._client.delete(
                        CONTROLLER_REVISION,
                        f"{scope.wanted.cluster}-{name}",
                        DeleteOptions(),
                        namespace=scope.snapshot.meta.namespace,
                    )

    def _reasons(self, scope: Scope) -> Mapping[str, str]:
        """Ask the pods of parts that are not as wanted what holds them up."""
        return {
            role.key: why_not_ready(
                self._pods.of(scope.snapshot.key, {"service": role.label, TRACK: CHAMPION})
            )
            for role in scope.roles
            if not scope.observed[role.key].is_settled
        }

    async def _tell(
        self, scope: Scope, extra: tuple[Condition, ...], *, refusal: str = ""
    ) -> Result:
        """Write the status of what is there now; look again when a pause is over."""
        made = plan(scope)
        found = status.Findings(
            cluster=scope.cluster,
            plan=made,
            observed=scope.told(made),
            wished=scope.target.name,
            good=made.revision if made.is_done else scope.remembered("good"),
            reasons=self._reasons(scope),
            now=scope.now,
            refusal=refusal,
        )
        conditions = (*status.conditions(found), *extra)
        await self._say(scope.cluster, scope.snapshot, status.status(found), conditions)
        waits = [made.look_again, *map(look_again, extra)]
        return (
            after(min(known)) if (known := [each for each in waits if each is not None]) else done()
        )

    async def _say(
        self,
        cluster: PeninOmegaCluster,
        snapshot: Snapshot,
        found: Found,
        conditions: tuple[Condition, ...],
    ) -> None:
        """Write the status, and tell what has become of the cluster."""
        await self._status.write(snapshot, found, conditions)
        for told in events.steps(cluster.status, found, conditions):
            self._recorder.tell(
                PENIN_OMEGA_CLUSTER, snapshot, told.reason, told.message, type_=told.type_
            )


def set_up(runtime: Runtime) -> Controller:
    """Put the controller together."""
    clusters = runtime.lister(PeninOmegaCluster)
    clusters.informer.store.add_index(MENTIONS, Mentions(*secrets.MENTIONED))
    builder = Builder(runtime, NAME).for_(PeninOmegaCluster)
    for kind in (*CHILDREN, CONTROLLER_REVISION):
        builder.owns(kind)
    builder.owns(SERVICE_MONITOR, optional=True)
    builder.watches(CLAIMS, clusters_of)
    builder.watches(PODS, clusters_of, trouble_changed)
    builder.watches(secrets.SECRETS, owner(PENIN_OMEGA_CLUSTER))
    builder.watches(secrets.SECRETS, mentioning(clusters.informer, SECRET))
    return builder.complete(PeninClusterReconciler(runtime))
