"""Five hundred PeninOmegaClusters: `penin_create`, `penin_resync`, `penin_change`, `penin_idle`.

Ours makes all that a cluster consists of and tells its status, the Go program makes the Deployments
and Services only. Each has its own namespace and works alone in its turn; pods are played by fake
nodes. CPU is that of the program, from its start or, where it says so, from the beginning of the
work; requests and writes are those that the audit log shows of the program, its Lease left out.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import attrs
import msgspec

from hack.bench.api import MERGE_PATCH, Call
from hack.bench.audited import AuditLog
from hack.bench.peers import OURS, Peer
from hack.bench.penin import CHANGED, PARTS, Fleet, Program, clusters_path, manifest, start
from hack.bench.process import PeerError
from hack.bench.rig import Rig, Sample
from hack.bench.usage import Usage
from hack.bench.workloads import Workloads, watched

FAKE_NODES: Final = 20
_MANY, _FEW = 500, 10
_TIMEOUT: Final = 1800.0
_SETTLE: Final = 5.0


@attrs.frozen(kw_only=True)
class _Meter:
    """What had been spent when something began."""

    at: float
    usage: Usage
    server_s: float
    log: AuditLog | None

    @classmethod
    async def begin(cls, rig: Rig, usage: Usage) -> "_Meter":
        """Read everything."""
        return cls(
            at=rig.clock.monotonic(),
            usage=usage,
            server_s=await rig.api.cpu_seconds(),
            log=None if rig.audit_log is None else AuditLog(rig.audit_log),
        )

    async def end(self, rig: Rig, program: Program, *, at: float) -> Sample:
        """Return what was spent since."""
        usage = program.process.usage()
        taken = {
            "wall_s": at - self.at,
            "cpu_s": usage.cpu_s - self.usage.cpu_s,
            "rss_mb": usage.rss_mb,
            "peak_rss_mb": usage.peak_mb,
            "server_s": await rig.api.cpu_seconds() - self.server_s,
        }
        if self.log is None:
            return taken
        asked = self.log.asked(agent=program.agent)
        return {**taken, "requests": float(asked.requests), "writes": float(asked.writes)}


_NOTHING: Final = Usage(cpu_s=0.0, rss_mb=0.0, peak_mb=0.0)


async def penin_create(rig: Rig, peer: Peer, number: int) -> Sample:
    """500 clusters of five workloads each made at once, until all are Running; CPU from then on."""
    fleet = await _founded(rig, peer, f"r{number}")
    async with _at_work(rig, peer, fleet, settled=False) as (program, found):
        meter = await _Meter.begin(rig, program.process.usage())
        await _create(rig, fleet)
        await _wait_running(found, fleet, peer)
        at = rig.clock.monotonic()
        await program.wait_quiet(within=_TIMEOUT)
        return await meter.end(rig, program, at=at)


async def penin_resync(rig: Rig, peer: Peer, _: int) -> Sample:
    """The program is started anew on 500 settled clusters, until each was reconciled; all CPU."""
    fleet = await _settled(rig, peer)
    meter = await _Meter.begin(rig, _NOTHING)
    async with await _start(rig, peer, fleet) as program:
        await program.wait_settled(count=fleet.size, within=_TIMEOUT)
        at = rig.clock.monotonic()
        return await meter.end(rig, program, at=at)


async def penin_change(rig: Rig, peer: Peer, _: int) -> Sample:
    """One setting of all 500 changed at once: two Deployments each roll; CPU from then on."""
    fleet = await _settled(rig, peer)
    async with _at_work(rig, peer, fleet, settled=True) as (program, found):
        before = dict(found.generations)
        meter = await _Meter.begin(rig, program.process.usage())
        patch = msgspec.json.encode(fleet.change())
        await rig.api.bulk(
            Call(
                method="PATCH",
                path=clusters_path(fleet.namespace, name),
                body=patch,
                content_type=MERGE_PATCH,
            )
            for name in fleet.names
        )
        rolled = {f"{name}-{part}" for name in fleet.names for part in CHANGED}
        await found.wait(
            lambda: len(found.rolled(before)) >= len(rolled), what="rolling", within=_TIMEOUT
        )
        await _wait_running(found, fleet, peer)
        at = rig.clock.monotonic()
        if found.rolled(before) != rolled:
            raise PeerError(f"other Deployments were rolled: {found.rolled(before) ^ rolled}")
        await program.wait_quiet(within=_TIMEOUT)
        return await meter.end(rig, program, at=at)


async def penin_idle(rig: Rig, peer: Peer, _: int) -> Sample:
    """CPU per minute with 500 settled clusters and nothing happening."""
    fleet = await _settled(rig, peer)
    window = rig.scaled(60, 10)
    async with await _start(rig, peer, fleet) as program:
        await program.wait_settled(count=fleet.size, within=_TIMEOUT)
        await program.wait_quiet(within=_TIMEOUT)
        await rig.clock.sleep(_SETTLE)
        meter = await _Meter.begin(rig, program.process.usage())
        await rig.clock.sleep(window)
        taken = await meter.end(rig, program, at=rig.clock.monotonic())
        return {**taken, "cpu_s": taken["cpu_s"] * 60 / window}


async def _founded(rig: Rig, peer: Peer, suffix: str) -> Fleet:
    """Return a fleet without clusters; those of the same peer's later scenarios are these."""
    fleet = Fleet(namespace=f"penin-{peer.name}-{suffix}", size=rig.scaled(_MANY, _FEW))
    await rig.api.json("POST", "/api/v1/namespaces", {"metadata": {"name": fleet.namespace}})
    rig.fleets[peer.name] = fleet
    return fleet


async def _settled(rig: Rig, peer: Peer) -> Fleet:
    """Return a fleet that is as it should be, made now if no scenario has made it."""
    fleet = rig.fleets.get(peer.name)
    if fleet is None:
        fleet = await _founded(rig, peer, "s")
        async with _at_work(rig, peer, fleet, settled=False) as (program, found):
            await _create(rig, fleet)
            await _wait_running(found, fleet, peer)
            await program.wait_quiet(within=_TIMEOUT)
    return fleet


async def _start(rig: Rig, peer: Peer, fleet: Fleet) -> Program:
    """Start the peer's program, with a Lease that nobody has held yet."""
    return await start(
        peer,
        fleet,
        lease=rig.lease(),
        kubeconfig=rig.kubeconfig,
        logs=rig.logs,
        clock=rig.clock,
    )


@asynccontextmanager
async def _at_work(
    rig: Rig, peer: Peer, fleet: Fleet, *, settled: bool
) -> AsyncIterator[tuple[Program, Workloads]]:
    """Yield the peer's program, which leads by now, and what it does."""
    async with (
        watched(rig.api, fleet.namespace) as found,
        await _start(rig, peer, fleet) as program,
    ):
        await program.wait_settled(count=fleet.size if settled else 0, within=_TIMEOUT)
        await program.wait_quiet(within=_TIMEOUT)
        yield program, found


async def _create(rig: Rig, fleet: Fleet) -> None:
    await rig.api.bulk(
        Call(
            method="POST",
            path=clusters_path(fleet.namespace),
            body=msgspec.json.encode(manifest(name)),
        )
        for name in fleet.names
    )


async def _wait_running(found: Workloads, fleet: Fleet, peer: Peer) -> None:
    """Wait until every workload is settled; ours has to say so of every cluster, too."""
    running = fleet.size if peer.name == OURS else 0
    await found.wait(
        lambda: len(found.settled) >= fleet.size * len(PARTS) and len(found.running) >= running,
        what="Running",
        within=_TIMEOUT,
    )
