"""One cluster in one reconcile: what is wanted, what is there, and what its children are to be."""

import datetime as dt
import functools
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import attrs
from msgspec import UNSET

from controller.runtime.ownership import Owner
from controller.runtime.rendering import Rendering
from informers.meta.duration import SECOND
from informers.meta.microtime import Time
from informers.snapshot import Snapshot
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER, PeninOmegaCluster
from reconcilers.penin.cluster import desired, rollout
from reconcilers.penin.cluster.observed import Observed
from reconcilers.penin.cluster.pods import Wanted
from reconcilers.penin.cluster.revisions import Revision
from reconcilers.penin.cluster.services import EVERYTHING, SERVICES, Role


@attrs.frozen(kw_only=True)
class Scope:
    """One cluster in one reconcile: what is wanted, what is remembered, what is there.

    `follows_from` is all that what is wanted follows from.
    """

    follows_from: Hashable
    cluster: PeninOmegaCluster
    snapshot: Snapshot
    wanted: Wanted
    target: Revision
    revisions: Mapping[str, Revision]
    observed: Mapping[str, Observed]
    now: dt.datetime

    @property
    def owner(self) -> Owner:
        """Whose the children are."""
        return Owner(kind=PENIN_OMEGA_CLUSTER, snapshot=self.snapshot)

    @property
    def roles(self) -> tuple[Role, ...]:
        """The parts, in the order of a rollout."""
        return desired.roles(self.wanted)

    def remembered(self, field: str) -> str:
        """Return a revision's name that the status holds, nothing if it holds none."""
        rolled = self.cluster.status.rollout
        found = UNSET if rolled is UNSET else getattr(rolled, field)
        return found if isinstance(found, str) else rollout.NOTHING

    @property
    def good(self) -> Revision | None:
        """The last revision that all parts were ready with, if it is still there."""
        return self.revisions.get(self.remembered("good"))

    def waited(self, made: rollout.Plan) -> float:
        """Return for how many seconds it has been the turn of the part whose turn it is."""
        since = UNSET if self.cluster.status.rollout is UNSET else self.cluster.status.rollout.since
        before = (self.remembered("revision"), self.remembered("service"))
        if since is UNSET or before != (made.revision, made.at):
            return 0.0
        return max(0.0, (Time.of(self.now).nanoseconds - since.nanoseconds) / SECOND)

    def told(self, made: rollout.Plan) -> dict[str, Observed]:
        """Return what was found of the parts of a plan, in the order of a rollout."""
        return {
            role.key: self.observed[role.key] for role in EVERYTHING if role.key in made.settings
        }

    def present(self, made: rollout.Plan) -> Mapping[Role, str]:
        """Return the parts that are to be there now, and the settings of each.

        A cache that is no part of the plan goes when all is done, since until then some service
        may still have its address.
        """
        found: dict[Role, str] = {}
        for role in EVERYTHING:
            has = self.observed.get(role.key, Observed()).seen.settings
            if role.key in made.settings:
                found[role] = made.settings[role.key]
            elif not made.is_done and self._is_known(role, has):
                found[role] = has
        return found

    def _is_known(self, role: Role, settings: str) -> bool:
        """Whether a revision remembers what a part has."""
        return any(each.settings.get(role.key) == settings for each in self.revisions.values())


def plan(scope: Scope) -> rollout.Plan:
    """Say which settings each part is given now.

    A Deployment says itself when it is late, but not always: one that goes back to pods it had
    before may count as complete all along, or keep saying that it is late of the way there. So the
    time of a part's turn is kept here as well, and on the way back it alone counts.
    """
    seen = {key: each.seen for key, each in scope.observed.items()}
    made = _plan(scope, seen)
    if made.failed:
        made = attrs.evolve(made, stuck="")
    deadline = scope.cluster.spec.rollout.progress_deadline
    if not made.at or made.stuck or made.look_again is not None:
        return made
    left = deadline.seconds - scope.waited(made)
    if left > 0:
        return attrs.evolve(made, look_again=left)
    late = attrs.evolve(seen[made.at], stuck=f"it did not become ready within {deadline}")
    return _plan(scope, {**seen, made.at: late})


def _plan(scope: Scope, seen: Mapping[str, rollout.Seen]) -> rollout.Plan:
    settings, good = scope.cluster.spec.rollout, scope.good
    return rollout.plan(
        scope.target.wish,
        seen,
        good=None if good is None else good.wish,
        failed=scope.remembered("failed"),
        rollback=settings.rollback,
        soak=settings.soak.seconds,
    )


def rendering(scope: Scope, made: rollout.Plan, *, operator: str) -> Rendering:
    """Return all children, for an apply set to render if it has to."""
    return Rendering(
        follows_from=(
            scope.follows_from,
            tuple((role.key, has) for role, has in scope.present(made).items()),
            tuple(sorted(scope.revisions)),
        ),
        render=functools.partial(children, scope, made, operator=operator),
    )


def children(scope: Scope, made: rollout.Plan, *, operator: str) -> Sequence[dict[str, Any]]:
    """Return all children, as far as the plan lets them change now.

    Settings of all revisions that are kept stay, so that going back needs nothing to be made.
    """
    wanted, cluster = scope.wanted, scope.wanted.cluster
    present = scope.present(made)
    kept = [revision.load() for revision in scope.revisions.values()]
    configs = {
        (role.key, part.config): desired.config_map(cluster, role, part.config)
        for parts in kept
        for role in SERVICES
        if (part := parts.get(role.key)) is not None
    }
    deployments = [
        desired.deployment(
            wanted,
            role,
            _given(scope, kept, role.key, settings),
            replicas=desired.replicas(wanted, role),
        )
        for role, settings in present.items()
    ]
    around = desired.surroundings(wanted, present, operator_namespace=operator)
    return [*around, *configs.values(), *deployments]


def _given(
    scope: Scope, kept: Sequence[Mapping[str, desired.Part]], key: str, hash_: str
) -> desired.Part:
    """Return what a part is given, by its hash; what nobody remembers is what is wanted."""
    for revision, parts in zip(scope.revisions.values(), kept, strict=True):
        if revision.settings.get(key) == hash_:
            return parts[key]
    return scope.target.load()[key]
