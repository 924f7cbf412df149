"""PeninOmegaClusters for a benchmark, and the two programs that look after them.

Ours is `python -m controller manager --families=penin`, exactly as users run it: it makes all that
a cluster consists of and tells its status. The Go program in controller-runtime/penin makes five
Deployments and five Services of each, and that is all it does. Neither knows of the harness: how
far they are is read from their metrics and from the API server.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

import attrs

from hack.bench import gopeer
from hack.bench.peers import OURS, Peer
from hack.bench.process import PeerError, Process
from hack.bench.scrape import scrape
from hack.cluster.ports import free_port
from hack.cluster.progress import Progress
from informers.clock import Clock
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER

PARTS: Final = ("redis", "sigma-guard", "sr-omega-infinity", "acfa-league", "omega-meta")
CHANGED: Final = ("sr-omega-infinity", "omega-meta")
"""The parts that read the setting which is changed."""
CONTROLLER: Final = "penin-cluster"
"""Who reconciles clusters; both programs call it so. Ours has others, which have to rest, too."""
_AGENTS: Final = {OURS: "pentad"}
_AGENT_OF_GO: Final = "bench-controller-runtime"
_OFTEN: Final = 0.25
_QUIET: Final = 1.0
_LITTLE: Final = {"cpu": "10m", "memory": "16Mi"}
_FIGURE: Final = re.compile(
    r"^\w*?(reconcile_total|workqueue_depth|active_workers)"
    r'\{(?:.*,)?(?:controller|name)="([\w-]+)".*\} (\S+)$',
    re.MULTILINE,
)


def clusters_path(namespace: str, name: str = "") -> str:
    """Return the path of the clusters of a namespace, or of one."""
    return PENIN_OMEGA_CLUSTER.path(namespace, name)


def manifest(name: str) -> dict[str, Any]:
    """Return a cluster with a Redis, so that it has five workloads, of pods that ask for little."""
    services = ("omegaMeta", "sigmaGuard", "srOmegaInfinity", "acfaLeague")
    return {
        "apiVersion": PENIN_OMEGA_CLUSTER.api_version,
        "kind": PENIN_OMEGA_CLUSTER.kind,
        "metadata": {"name": name},
        "spec": {
            "resources": dict.fromkeys(services, _LITTLE),
            "storage": {"cache": {"type": "redis", "resources": _LITTLE}},
        },
    }


@attrs.define(kw_only=True)
class Fleet:
    """The clusters of one namespace, which one program looks after."""

    namespace: str
    size: int
    changes: int = 0

    @property
    def names(self) -> list[str]:
        """What they are called."""
        return [f"c{index:03d}" for index in range(self.size)]

    def change(self) -> dict[str, Any]:
        """Return a patch of one leaf that has never had this value."""
        self.changes += 1
        return {"spec": {"config": {"caosPlus": {"kappa": 20.0 + self.changes}}}}


@attrs.frozen(kw_only=True)
class Working:
    """What a program's metrics say of its work, by controller."""

    reconciles: Counter[str]
    waiting: int

    @property
    def total(self) -> int:
        """How many reconciles there were."""
        return self.reconciles.total()

    def has_seen(self, count: int) -> bool:
        """Whether there were as many reconciles as there are clusters, and nothing waits."""
        is_up = CONTROLLER in self.reconciles
        return is_up and not self.waiting and self.reconciles[CONTROLLER] >= count


def working(metrics: str) -> Working:
    """Read a scrape; both programs use the names of controller-runtime."""
    reconciles, waiting = Counter[str](), 0
    for what, controller, value in _found(metrics):
        if what == "reconcile_total":
            reconciles[controller] += value
        else:
            waiting += value
    return Working(reconciles=reconciles, waiting=waiting)


def _found(metrics: str) -> Iterator[tuple[str, str, int]]:
    for what, controller, value in _FIGURE.findall(metrics):
        yield what, controller, int(float(value))


class Program:
    """One of the two programs at work."""

    def __init__(self, process: Process, *, agent: str, metrics: str, clock: Clock) -> None:
        self.process = process
        self.agent = agent
        self._metrics = metrics
        self._clock = clock

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.process.stop()

    async def working(self) -> Working:
        """Ask how far it is; one that does not answer yet has done nothing."""
        self.process.usage()  # one that ended would never answer
        return working(await scrape(self._metrics))

    async def wait_settled(self, *, count: int, within: float) -> None:
        """Wait until there were so many reconciles and nothing is left to do."""
        deadline = self._clock.monotonic() + within
        while not (now := await self.working()).has_seen(count):
            if self._clock.monotonic() > deadline:
                raise PeerError(f"not settled within {within:.0f} s: {now}")
            await self._clock.sleep(_OFTEN)

    async def wait_quiet(self, *, within: float) -> None:
        """Wait until there is nothing to do and nothing came for a second."""
        deadline = self._clock.monotonic() + within
        before = await self.working()
        while True:
            await self._clock.sleep(_QUIET)
            now = await self.working()
            if not now.waiting and now.total == before.total:
                return
            if self._clock.monotonic() > deadline:
                raise PeerError(f"it never comes to rest: {now}")
            before = now


async def start(
    peer: Peer, fleet: Fleet, *, lease: str, kubeconfig: Path, logs: Path, clock: Clock
) -> Program:
    """Start the program that stands for a peer on a fleet."""
    address, namespace, log = f"127.0.0.1:{free_port()}", fleet.namespace, logs / f"{lease}.log"
    if peer.name == OURS:
        manager = peer.shipped("penin", lease=lease, namespace=namespace, metrics=address)
        command = [*manager, f"--namespaces={namespace}"]
    else:
        command = [
            str(await gopeer.build(Progress(), program="penin")),
            f"--namespace={namespace}",
            f"--lease={lease}",
            f"--health=127.0.0.1:{free_port()}",
            f"--metrics={address}",
            f"--log-file={log}",
        ]
    process = await Process.start(command, kubeconfig=kubeconfig, log=log)
    agent = _AGENTS.get(peer.name, _AGENT_OF_GO)
    return Program(process, agent=agent, metrics=address, clock=clock)
