"""What a scenario works with: the API server, the way to start a peer, the Widgets.

Populations are made once per run and shared by the scenarios and rounds that only read them or
change them in ways the population keeps track of. Scenarios that leave marks take a namespace of
their own.
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import attrs
import msgspec

from hack.bench.api import Api, Call, widgets_path
from hack.bench.peers import Job, Peer
from hack.bench.penin import Fleet
from hack.bench.process import Milestone, PeerError, Process
from hack.bench.targets import Targets
from hack.bench.widget import Population
from informers.clock import Clock

Sample = dict[str, float]
"""What one round of one peer gave: `wall_s`, `cpu_s`, `rss_mb`, `p50_ms`, …"""


@attrs.define(kw_only=True)
class Rig:
    """The bench itself."""

    api: Api
    kubeconfig: Path
    logs: Path
    clock: Clock
    quick: bool
    audit_log: Path | None = None
    fleets: dict[str, Fleet] = attrs.field(factory=dict)
    targets: dict[str, Targets] = attrs.field(factory=dict)
    _populations: dict[str, Population] = attrs.field(factory=dict)
    _serial: Iterator[int] = attrs.field(factory=itertools.count)

    def scaled(self, full: int, quick: int) -> int:
        """Return the size to use: the real one, or the one that only shows that it works."""
        return quick if self.quick else full

    async def shared(self, name: str, count: int) -> Population:
        """Return the population of that name, created on first use."""
        if (population := self._populations.get(name)) is None:
            population = await self.populate(Population.of(name, count))
            self._populations[name] = population
        return population

    async def populate(self, population: Population) -> Population:
        """Create a population's namespace and Widgets, sparing the API server a second decode."""
        await self.api.json(
            "POST", "/api/v1/namespaces", {"metadata": {"name": population.namespace}}
        )
        path = widgets_path(population.namespace) + "?fieldValidation=Ignore"
        await self.api.bulk(
            Call(
                method="POST",
                path=path,
                body=msgspec.json.encode(population.manifest(index)),
            )
            for index in range(len(population))
        )
        return population

    def job(self, population: Population, *, stamp: str = "", record: bool = False) -> Job:
        """Return the job of reconciling a population, with a Lease nobody has held yet."""
        return Job(
            namespace=population.namespace,
            expected=len(population),
            lease=self.lease(),
            stamp=stamp,
            record=record,
        )

    def lease(self) -> str:
        """Return the name of a Lease nobody has held yet."""
        return f"bench-{next(self._serial)}"

    async def start(self, peer: Peer, job: Job, *, kubeconfig: Path | None = None) -> Process:
        """Start a peer, with a log of its own."""
        log = self.logs / f"{peer.name}-{job.namespace}-{next(self._serial)}.log"
        return await peer.start(job, kubeconfig=kubeconfig or self.kubeconfig, log=log)

    async def wait_sum(self, process: Process, population: Population, *, within: float) -> None:
        """Wait until a peer has seen the newest spec of every Widget."""
        expected = population.checksum()
        deadline = self.clock.monotonic() + within
        while True:
            answer = await process.ask("sum", answer="sum")
            if answer.body["checksum"] == expected:
                return
            if self.clock.monotonic() > deadline:
                raise PeerError(f"something was missed: no checksum {expected} in {within:.0f} s")
            await self.clock.sleep(0.1)


def verify(milestone: Milestone, population: Population) -> None:
    """Hold a peer's checksum against the harness's own."""
    expected, actual = population.checksum(), milestone.body["checksum"]
    if expected != actual:
        raise PeerError(f"wrong checksum: expected {expected}, the peer computed {actual}")


def cost(process: Process, milestone: Milestone) -> Sample:
    """Return what a peer had cost from its start to a milestone."""
    return {
        "wall_s": milestone.at - process.started,
        "cpu_s": milestone.usage.cpu_s,
        "rss_mb": milestone.usage.rss_mb,
        "peak_rss_mb": milestone.usage.peak_mb,
    }
