"""The manager dies between any two of its writes; the next one ends where it would have.

Every run has a namespace of its own, and some runs of a scenario go on side by side. `make test`
takes a sample of the points, `make test-deep` all of them.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final

import attrs
import pytest

from informers.meta.builtin import CONFIG_MAP, DEPLOYMENT, SECRET, SERVICE
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER
from reconcilers.penin.cluster.claim import CLAIM
from reconcilers.penin.cluster.reconciler import BUDGET, NETWORK_POLICY, SERVICE_ACCOUNT
from reconcilers.penin.cluster.revisions import CONTROLLER_REVISION
from reconcilers.penin.family import FAMILY
from tests.integration.penin.world import is_running, made, phase
from tests.kit.cluster import fresh_namespace
from tests.kit.crashpoints import Guillotine, remains
from tests.kit.eventually import eventually
from tests.kit.hosting import hosted
from tests.kit.rest import Rest

WITHIN: Final = 100
SAMPLE: Final = 6
AT_ONCE: Final = 3
KINDS: Final = (
    PENIN_OMEGA_CLUSTER,
    DEPLOYMENT,
    SERVICE,
    CONFIG_MAP,
    SERVICE_ACCOUNT,
    CLAIM,
    BUDGET,
    NETWORK_POLICY,
    CONTROLLER_REVISION,
)
SPEC: Final = {
    "storage": {"cache": {"type": "redis"}, "wormLedger": {"enabled": True, "size": "1Gi"}},
    "replicas": {"sigmaGuard": 2},
    "rollout": {"progressDeadline": "3s"},
}
PASSWORD: Final = {"metadata": {"name": "penin-secrets"}, "stringData": {"redis-password": "s"}}
NOWHERE: Final = {"nodeSelector": {"no": "such-node"}}


@attrs.frozen
class Run:
    """One cluster in a namespace of its own."""

    rest: Rest
    namespace: str

    @property
    def path(self) -> str:
        """Where the cluster is."""
        return PENIN_OMEGA_CLUSTER.path(self.namespace, "a")

    def create(self) -> None:
        """Make the cluster, and the Secret it reads."""
        self.rest.create(SECRET.path(self.namespace), PASSWORD)
        self.rest.create(PENIN_OMEGA_CLUSTER.path(self.namespace), made(**SPEC))

    async def reaches(self, is_so: Callable[[dict], bool]) -> None:
        """Wait until the cluster is so."""
        await eventually(lambda: self.rest.get(self.path), where=is_so, within=WITHIN)

    def left(self) -> dict:
        """Return everything that is there now."""
        return remains(self.rest, [kind.path(self.namespace) for kind in KINDS])


@attrs.frozen(kw_only=True)
class Scenario:
    """What a user does, and when all is done; before it there is a cluster, or not."""

    act: Callable[[Run], None]
    is_done: Callable[[dict], bool]
    has_cluster: bool = True


def _upgrade(run: Run) -> None:
    run.rest.merge(run.path, {"spec": {"version": "1.0.0", "replicas": {"omegaMeta": 2}}})


def _get_stuck(run: Run) -> None:
    run.rest.merge(run.path, {"spec": {"placement": NOWHERE, "rollout": {"rollback": True}}})


def _is_back(found: dict) -> bool:
    return is_running(found) and "failed" in found["status"]["rollout"]


SCENARIOS: Final = {
    "create": Scenario(act=Run.create, is_done=is_running, has_cluster=False),
    "upgrade": Scenario(act=_upgrade, is_done=is_running),
    "rollback": Scenario(act=_get_stuck, is_done=_is_back),
}


async def lived(cluster, run: Run, scenario: Scenario, writes: int | None) -> Guillotine:
    """Go through a scenario with a manager that dies after some writes, and with its successor."""
    set_up = [controller.set_up for controller in FAMILY.controllers]
    if scenario.has_cluster:
        run.create()
        async with hosted(cluster, *set_up, namespaces=[run.namespace]):
            await run.reaches(is_running)
    death = Guillotine(writes)
    async with hosted(cluster, *set_up, namespaces=[run.namespace], fence=death):
        scenario.act(run)
        await _first(run.reaches(scenario.is_done), death.fell.wait())
    async with hosted(cluster, *set_up, namespaces=[run.namespace]):
        await run.reaches(scenario.is_done)
    return death


async def _first(*these: Awaitable[object]) -> None:
    """Wait for whichever comes first; the others are ended."""
    came = asyncio.Event()

    async def wait(one: Awaitable[object]) -> None:
        await one
        came.set()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(wait(one)) for one in these]
        await came.wait()
        for task in tasks:
            task.cancel()


def points(writes: int) -> list[int]:
    """Return after how many writes managers die: all numbers, or a sample that has both ends."""
    if int(os.environ.get("PENTAD_SEEDS", "1")) > 1:
        return list(range(writes))
    return sorted({round(place * (writes - 1) / (SAMPLE - 1)) for place in range(SAMPLE)})


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("family")
@pytest.mark.parametrize("name", SCENARIOS)
async def test_whenever_the_manager_dies_the_next_one_ends_the_same(cluster, rest, name):
    """Everything in the namespace is as after a run that nothing disturbed."""
    scenario = SCENARIOS[name]
    async with AsyncExitStack() as stack:

        def run() -> Run:
            return Run(rest, stack.enter_context(fresh_namespace(rest)))

        calm = run()
        undisturbed = await lived(cluster, calm, scenario, None)
        print(f"{name}: {undisturbed.passed} writes")
        disturbed = [(point, run()) for point in points(undisturbed.passed)]
        places = asyncio.Semaphore(AT_ONCE)

        async def live(one: Run, point: int) -> None:
            async with places:
                await lived(cluster, one, scenario, point)

        async with asyncio.TaskGroup() as group:
            for point, one in disturbed:
                group.create_task(live(one, point))

        wanted = calm.left()
        for point, one in disturbed:
            assert wanted == one.left(), f"killed after {point} of {undisturbed.passed} writes"


def test_a_cluster_in_deletion_needs_no_manager(rest, path):
    """There is no finalizer: whatever has died, the garbage collector takes the children."""
    found = rest.create(path.rpartition("/")[0], made())

    assert "finalizers" not in found["metadata"]
    assert phase(found) is None
