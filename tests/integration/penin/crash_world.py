"""Sweeps of crash points: a scenario, a manager that dies in it, and its successor."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Final

import attrs
import pytest

from informers.meta.builtin import CONFIG_MAP, DEPLOYMENT, SECRET, SERVICE
from reconcilers.penin.api.experiment import PENIN_EXPERIMENT
from reconcilers.penin.api.proposal import PENIN_PROPOSAL
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER
from reconcilers.penin.cluster.claim import CLAIM
from reconcilers.penin.cluster.reconciler import BUDGET, NETWORK_POLICY, SERVICE_ACCOUNT
from reconcilers.penin.cluster.revisions import CONTROLLER_REVISION
from reconcilers.penin.ledger import chain
from reconcilers.penin.ledger.entries import ENTRY, LEDGER
from tests.integration.penin.world import is_running, made
from tests.kit.cluster import fresh_namespace
from tests.kit.crashpoints import Guillotine, remains
from tests.kit.eventually import eventually
from tests.kit.hosting import Host
from tests.kit.rest import Rest

WITHIN: Final = 100
AT_ONCE: Final = 5
"""Runs side by side; they mostly wait."""
SLACK: Final = 4
"""By how much runs differ in writes: a status or two, the fence being asked twice for each."""
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
PASSWORD: Final = {"metadata": {"name": "penin-secrets"}, "stringData": {"redis-password": "s"}}
DEPTHS: Final = [
    pytest.param(False, id="sample", marks=pytest.mark.timeout(600)),
    pytest.param(True, id="all", marks=[pytest.mark.deep, pytest.mark.timeout(3600)]),
]
"""Whether managers die at all points, or at some of them, which `make test` has time for."""


@attrs.frozen
class Run:
    """One cluster in a namespace of its own."""

    rest: Rest
    namespace: str

    @property
    def path(self) -> str:
        """Where the cluster is."""
        return PENIN_OMEGA_CLUSTER.path(self.namespace, "a")

    def create(self, **spec: Any) -> None:
        """Make the cluster, and the Secret it reads."""
        self.rest.create(SECRET.path(self.namespace), PASSWORD)
        self.rest.create(PENIN_OMEGA_CLUSTER.path(self.namespace), made(**spec))

    def delete(self, *, propagation: str = "Background") -> None:
        """Delete the cluster."""
        self.rest.request("DELETE", f"{self.path}?propagationPolicy={propagation}").ok()

    def is_running(self) -> bool:
        """Whether the cluster is as its spec wants it."""
        return is_running(self.rest.get(self.path))

    def is_gone(self) -> bool:
        """Whether there is neither the cluster nor a pod of it any more."""
        if self.rest.request("GET", self.path).status != 404:
            return False
        return not any(self._items(kind) for kind in (DEPLOYMENT, SERVICE, CONTROLLER_REVISION))

    def challengers(self) -> list[str]:
        """Return the workloads of challengers."""
        names = [each["metadata"]["name"] for each in self._items(DEPLOYMENT)]
        return [name for name in names if name.endswith("-challenger")]

    async def becomes(self, is_so: Callable[["Run"], Any]) -> None:
        """Wait until it is so; a wait in vain shows what was said last."""
        await eventually(
            lambda: (is_so(self), self.said()), where=lambda found: found[0], within=WITHIN
        )

    def said(self) -> list[Any]:
        """Return what the cluster, and what is about it, says of itself."""
        return [
            {name: said for name, said in each.get("status", {}).items() if name != "services"}
            for kind in (PENIN_OMEGA_CLUSTER, PENIN_EXPERIMENT, PENIN_PROPOSAL)
            for each in self._items(kind)
        ]

    def left(self) -> dict[str, Any]:
        """Return everything that is there now; of decisions, whatever made them, what they were.

        That a change is superseded since its cluster is gone is an entry of the ledger only where
        a manager sees the cluster go; one that comes later finds nothing to write it for.
        """
        found = remains(self.rest, [kind.path(self.namespace) for kind in KINDS])
        entries = {
            name: chain.read(each["data"]["entry"].encode()).decision
            for name, each in found.items()
            if each["metadata"].get("labels", {}).get(LEDGER) == ENTRY
        }
        found = {name: entries.get(name, each) for name, each in found.items()}
        for kind in (PENIN_EXPERIMENT, PENIN_PROPOSAL):
            for each in self._items(kind):
                status, meta = each.get("status", {}), each["metadata"]
                said = [status.get(name, "") for name in ("phase", "verdict", "reason")]
                found[f"{kind.plural}/{meta['name']}"] = said, meta.get("finalizers", [])
        return {name: each for name, each in found.items() if each != "superseded"}

    def _items(self, kind: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.rest.get(kind.path(self.namespace))["items"]
        return found


@attrs.frozen(kw_only=True)
class Scenario:
    """What a user does, and when all that follows is done."""

    act: Callable[[Run], None]
    is_done: Callable[[Run], Any]
    before: Callable[[Run], Awaitable[None]] | None = None
    """What there is before it, with a manager that nothing happens to."""


@attrs.frozen
class Life:
    """A run under way."""

    run: Run
    end: asyncio.Task[Guillotine]


Manage = Callable[..., AbstractAsyncContextManager[Host]]
"""Runs a manager for a run's namespace, with a `fence` if one is given."""


async def lived(manage: Manage, run: Run, scenario: Scenario, writes: int | None) -> Guillotine:
    """Go through a scenario with a manager that dies after some writes, and with its successor."""
    if scenario.before is not None:
        async with manage(run):
            await scenario.before(run)
    death = Guillotine(writes)
    async with manage(run, fence=death):
        scenario.act(run)
        await _first(run.becomes(scenario.is_done), death.fell.wait())
    async with manage(run):
        await run.becomes(scenario.is_done)
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


async def sweep(
    manage: Manage, rest: Rest, scenario: Scenario, *, sample: Iterable[int] | None
) -> None:
    """Let managers die; everything in the namespace is as after a run that nothing disturbed.

    They die after so many writes as the sample has, beside that run; without one, after it, at all
    points that it has. How often a status is written while pods become ready differs a little from
    run to run: one that was done before one of the last points is as good as undisturbed.
    """
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        places = asyncio.Semaphore(AT_ONCE)

        def begin(writes: int | None) -> Life:
            run = Run(rest, stack.enter_context(fresh_namespace(rest)))
            return Life(run, group.create_task(live(run, writes)))

        async def live(run: Run, writes: int | None) -> Guillotine:
            async with places:
                return await lived(manage, run, scenario, writes)

        calm = begin(None)
        points = sample if sample is not None else range((await calm.end).passed)
        disturbed = {point: begin(point) for point in points}
        writes = (await calm.end).passed
        print(f"{writes} writes")
        least = writes - max(SLACK, writes // 5)
        for point, each in disturbed.items():
            fell = (await each.end).fell.is_set()
            assert fell or point >= least, f"there are no {point} of {writes} writes"
        wanted = calm.run.left()
        for point, each in disturbed.items():
            differing = _differing(wanted, each.run.left())
            where = f"killed after {point} of {writes} writes"
            assert not differing, f"{where}, wanted and found: {differing}"


def _differing(wanted: dict[str, Any], left: dict[str, Any]) -> dict[str, Any]:
    """Return what was to be and what is instead, of what differs."""
    return {
        name: (wanted.get(name), left.get(name))
        for name in sorted(wanted.keys() | left.keys())
        if wanted.get(name) != left.get(name)
    }
