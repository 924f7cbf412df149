"""Runs a PeninExperiment: pods beside the champion's, figures from both, a verdict, the end.

One look each: what stands in the way, what has lost its meaning, what is to be read now. All that
the next look needs is in the status, which is written once, at the end; what the figures mean is
decided by the pure functions of this package.
"""

import datetime as dt
from typing import Final

import attrs
from msgspec import UNSET
from msgspec.structs import replace

from controller.runtime.ownership import Owner, Taken
from controller.runtime.reconcile import Request, Result, after, done
from controller.runtime.runtime import Runtime, manager_name
from informers.errors import BadRequest, Forbidden, Invalid
from informers.meta.builtin import CONFIG_MAP, DEPLOYMENT
from informers.meta.conditions import Condition
from informers.meta.microtime import Time
from informers.snapshot import Snapshot
from reconcilers.penin.api.evidence import ExperimentState, ExperimentTimes
from reconcilers.penin.api.experiment import (
    PENIN_EXPERIMENT,
    ExperimentPhase,
    PeninExperiment,
    PeninExperimentStatus,
)
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER, PeninOmegaCluster
from reconcilers.penin.cluster import secrets
from reconcilers.penin.cluster.observed import Deployment, Observed, observe
from reconcilers.penin.cluster.pods import Wanted
from reconcilers.penin.cluster.podstate import why_not_ready
from reconcilers.penin.experiment import challenger, counters, progress, status
from reconcilers.penin.experiment.change import patch, role_of
from reconcilers.penin.experiment.guards import Pods
from reconcilers.penin.experiment.progress import Scene, Why
from reconcilers.penin.experiment.promotion import Promotion, is_promoted, promotion
from reconcilers.penin.experiment.readers import ArmReader
from reconcilers.penin.experiment.splitter import Split, Splitter, Wish
from reconcilers.penin.experiment.verdict import Decision, Terms, decide

NAME: Final = "penin-experiment"
CHILDREN: Final = (CONFIG_MAP, DEPLOYMENT)
_BLOCKED_SECONDS: Final = 30.0
_UNREACHED: Final = Why(
    "OutsideTheCluster", "the manager runs outside the cluster, where pods cannot be reached"
)


@attrs.frozen(kw_only=True)
class Look:
    """One experiment in one reconcile; `state` has the time until now in it."""

    snapshot: Snapshot
    scene: Scene
    state: ExperimentState
    wanted: Wanted | None
    split: Split

    @property
    def experiment(self) -> PeninExperiment:
        """The experiment."""
        return self.scene.experiment

    @property
    def owner(self) -> Owner:
        """Whose the challenger is."""
        return Owner(kind=PENIN_EXPERIMENT, snapshot=self.snapshot)

    @property
    def pods(self) -> Pods:
        """How many pods each arm has."""
        return Pods(
            champion=self.scene.champion.replicas, challenger=self.scene.challenger.replicas
        )


class PeninExperimentReconciler:
    """Reconciles one PeninExperiment at a time."""

    def __init__(self, runtime: Runtime, *, reader: ArmReader, splitter: Splitter) -> None:
        self._client = runtime.client
        self._clock = runtime.clock
        self._recorder = runtime.recorder
        self._experiments = runtime.lister(PeninExperiment)
        self._clusters = runtime.lister(PeninOmegaCluster)
        self._deployments = runtime.lister(Deployment)
        self._secrets = runtime.lister(secrets.Secret, secrets.SECRETS)
        self._children = runtime.apply_set(NAME, CHILDREN)
        self._status = runtime.status_writer(NAME, PeninExperiment)
        self._is_reaching = runtime.reaches_pods
        self._reader = reader
        self._splitter = splitter

    async def reconcile(self, request: Request) -> Result:
        """Compare and act."""
        snapshot = self._experiments.snapshot(request.key)
        if snapshot is None or snapshot.is_deleting:
            return done()
        look = self._look(snapshot)
        phase = look.scene.phase
        if phase == "Finished":
            return await self._after_the_end(look)
        if phase == "Pending":
            return await self._begin(look)
        return await self._go_on(look)

    @property
    def _now(self) -> dt.datetime:
        return self._clock.wall()

    def _look(self, snapshot: Snapshot) -> Look:
        """Read what is there."""
        experiment = self._experiments.memo.typed(snapshot)
        spec, namespace = experiment.spec, snapshot.meta.namespace
        role = role_of(spec)
        cluster = self._clusters.get(f"{namespace}/{spec.cluster}")
        wanted = None if cluster is None else self._wanted(cluster, namespace)
        pair = None
        if wanted is not None:
            pair = challenger.pair(wanted, role, patch(spec, wanted.spec))
        champion = self._observe(namespace, role.child(spec.cluster))
        tried = self._observe(namespace, challenger.name(role, spec.cluster))
        if not tried.trouble and not tried.is_settled:
            pods = self._reader.pods(namespace, spec.cluster, role, "challenger")
            tried = attrs.evolve(tried, trouble=why_not_ready(pods))
        scene = Scene(
            experiment=experiment,
            cluster=cluster,
            pair=pair,
            champion=champion,
            challenger=tried,
            before=self._before(experiment),
        )
        wish = Wish(
            address=role.child(spec.cluster),
            port=role.port,
            champions=champion.replicas,
            weight=spec.weight,
        )
        return Look(
            snapshot=snapshot,
            scene=scene,
            state=progress.counted(scene.state, self._now),
            wanted=wanted,
            split=self._splitter.desired(wish),
        )

    def _wanted(self, cluster: PeninOmegaCluster, namespace: str) -> Wanted | None:
        found = {
            name: secret
            for name in secrets.names(cluster)
            if (secret := self._secrets.get(f"{namespace}/{name}")) is not None
        }
        return secrets.wanted(cluster, found)

    def _observe(self, namespace: str, name: str) -> Observed:
        return observe(self._deployments.get(f"{namespace}/{name}"), now=self._now)

    def _before(self, experiment: PeninExperiment) -> PeninExperiment | None:
        """Return the experiment whose turn it is, if that is another one."""
        namespace = str(experiment.metadata.namespace)
        found = progress.first(
            each
            for each in self._experiments.list(namespace=namespace)
            if progress.is_rival(each, experiment)
        )
        is_other = found is not None and found.metadata.uid != experiment.metadata.uid
        return found if is_other else None

    async def _begin(self, look: Look) -> Result:
        """Start, or say what stands in the way."""
        why = _UNREACHED if not self._is_reaching else progress.blocked(look.scene)
        if why is None:
            why = await self._make(look, replicas=look.split.replicas)
        if why is None:
            fresh = attrs.evolve(look, state=progress.counted(ExperimentState(), self._now))
            return await self._tell(fresh, self._begun(fresh), "Starting")
        if why.reason != look.experiment.status.reason:
            self._recorder.tell(PENIN_EXPERIMENT, look.snapshot, why.reason, why.message)
        told = status.waiting(look.experiment, why)
        await self._status.write(look.snapshot, told, [status.complete(look.experiment, None)])
        return after(_BLOCKED_SECONDS)

    def _begun(self, look: Look) -> PeninExperimentStatus:
        """Return the status of an experiment that begins now."""
        pair = look.scene.pair
        assert pair is not None, "what stands in the way was asked before"
        champion = status.arm(look.scene.champion, revision=pair.champion.hash, image=pair.image)
        tried = status.arm(
            look.scene.challenger, revision=pair.challenger.hash, image=pair.challenger_image
        )
        return PeninExperimentStatus(
            champion=champion,
            challenger=replace(tried, replicas=look.split.replicas),
            times=ExperimentTimes(started=Time.of(self._now)),
            state=look.state,
        )

    async def _make(self, look: Look, *, replicas: int) -> Why | None:
        """Make the challenger's pods, and whatever divides requests; return why not, if so."""
        wanted, pair, spec = look.wanted, look.scene.pair, look.experiment.spec
        assert wanted is not None, "what stands in the way was asked before"
        assert pair is not None, "it follows from what is wanted"
        children = challenger.children(
            wanted,
            role_of(spec),
            pair.challenger,
            replicas=replicas,
            deadline=spec.progress_deadline.seconds,
        )
        try:
            await self._children.apply(look.owner, [*children, *look.split.objects])
        except Taken as error:
            return Why("NameTaken", str(error))
        except (BadRequest, Forbidden, Invalid) as error:
            return Why("Refused", str(error))
        return None

    async def _go_on(self, look: Look) -> Result:
        """Keep the challenger, read what is due, and judge."""
        before, phase = look.experiment.status, look.scene.phase
        decision = progress.ended(look.scene, look.state)
        if decision is not None:
            return await self._finish(look, replace(before, state=look.state), decision)
        asked = before.challenger
        replicas = look.split.replicas if asked is UNSET else asked.replicas
        why = await self._make(look, replicas=replicas)
        if why is not None:  # its time goes on all the same, and is over some day
            self._recorder.tell(
                PENIN_EXPERIMENT, look.snapshot, why.reason, why.message, type_="Warning"
            )
        entered = progress.next_phase(look.scene, look.state)
        if entered != phase:
            look = attrs.evolve(look, state=replace(look.state, elapsed=0.0))
            before = progress.entered(before, entered, look.state, now=self._now)
        if entered != "Running" or not progress.is_due(look.experiment, look.state):
            return await self._tell(look, before, entered)
        look = attrs.evolve(look, state=await self._read(look))
        found = replace(before, state=look.state)
        terms = Terms.of(look.experiment.spec)
        decision = decide(terms, look.state, pods=look.pods, share=look.split.share)
        if decision is not None:
            return await self._finish(look, found, decision)
        return await self._tell(look, found, entered)

    async def _read(self, look: Look) -> ExperimentState:
        """Read the pods of both arms and add what they did."""
        spec = look.experiment.spec
        found = await self._reader.read(
            namespace=look.snapshot.meta.namespace,
            cluster=spec.cluster,
            role=role_of(spec),
            primary=spec.primary,
        )
        return counters.measured(
            look.state, spec.primary, champion=found["champion"], challenger=found["challenger"]
        )

    async def _tell(
        self, look: Look, found: PeninExperimentStatus, phase: ExperimentPhase
    ) -> Result:
        """Write the status of an experiment under way, and look again when that is due.

        Time that passed is no reason to write: the next look counts it from the last one that did.
        """
        told = status.under_way(found, look.scene, look.split, phase)
        if phase != look.scene.phase:
            self._recorder.tell(PENIN_EXPERIMENT, look.snapshot, phase, str(told.message))
        await self._status.write(look.snapshot, told, [status.complete(look.experiment, None)])
        return after(progress.look_again(look.scene, phase, look.state))

    async def _finish(self, look: Look, found: PeninExperimentStatus, decision: Decision) -> Result:
        """Write the verdict, then take the challenger away: a new manager does so, too."""
        told = status.finished(found, look.scene, look.split, decision, now=Time.of(self._now))
        self._recorder.tell(
            PENIN_EXPERIMENT,
            look.snapshot,
            decision.reason,
            f"{decision.verdict}: {decision.message}",
            type_="Normal" if decision.verdict == "Win" else "Warning",
        )
        snapshot = await self._status.write(
            look.snapshot, told, [status.complete(look.experiment, decision)]
        )
        return await self._after_the_end(self._look(snapshot))

    async def _after_the_end(self, look: Look) -> Result:
        """Leave no challenger behind; promote it where that was asked for."""
        await self._children.apply(look.owner, [])
        if is_promoted(look.experiment):
            return done()
        decided = promotion(look.scene)
        if decided.change is not None:
            decided = await self._promote(look, decided)
        await self._status.write(look.snapshot, None, [_condition(look, decided)])
        return done()

    async def _promote(self, look: Look, decided: Promotion) -> Promotion:
        """Write the change into the cluster's spec, if nobody has changed that meanwhile."""
        spec, namespace = look.experiment.spec, look.snapshot.meta.namespace
        cluster = self._clusters.snapshot(f"{namespace}/{spec.cluster}")
        assert cluster is not None, "there is something to change"
        metadata = {"uid": cluster.meta.uid, "resourceVersion": cluster.meta.resource_version}
        try:
            await self._client.patch(
                PENIN_OMEGA_CLUSTER,
                spec.cluster,
                {"metadata": metadata, "spec": decided.change},
                namespace=namespace,
                manager=manager_name(NAME),
            )
        except (BadRequest, Forbidden, Invalid) as error:
            return Promotion("Refused", str(error))
        message = f"the spec of {spec.cluster} was changed; its rollout brings it about"
        self._recorder.tell(PENIN_EXPERIMENT, look.snapshot, "Promoted", message)
        return Promotion("Promoted", message, is_so=True)


def _condition(look: Look, decided: Promotion) -> Condition:
    return status.promoted(look.experiment, decided.reason, decided.message, is_so=decided.is_so)
