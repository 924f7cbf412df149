"""From nothing to everything reconciled: `sync_10k`, `sync_100k`, `status_10k`; then `idle`.

The wall clock runs from the start of the process to the end of the first reconcile of the last
Widget, so it holds the start of the runtime, the election, the list and the work.
"""

from typing import Final

import msgspec

from hack.bench.api import Call, widgets_path
from hack.bench.peers import Peer
from hack.bench.process import PeerError
from hack.bench.rig import Rig, Sample, cost, verify
from hack.bench.widget import Population, checksum

_TIMEOUT: Final = 300.0
_SETTLE: Final = 5.0


async def sync_10k(rig: Rig, peer: Peer, _: int) -> Sample:
    """First reconcile of 10,000 Widgets that need nothing."""
    return await _sync(rig, peer, await rig.shared("sync-10k", rig.scaled(10_000, 500)))


async def sync_100k(rig: Rig, peer: Peer, _: int) -> Sample:
    """First reconcile of 100,000 Widgets that need nothing."""
    return await _sync(rig, peer, await rig.shared("sync-100k", rig.scaled(100_000, 2_000)))


async def status_10k(rig: Rig, peer: Peer, number: int) -> Sample:
    """One status write for each of 10,000 Widgets."""
    # Each peer has Widgets of its own: the managed fields of another's writes would slow it down.
    population = await rig.shared(f"status-10k-{peer.name}", rig.scaled(10_000, 500))
    stamp = f"{peer.name}-{number}"
    server = await rig.api.cpu_seconds()
    async with await rig.start(peer, rig.job(population, stamp=stamp)) as process:
        done = await process.wait_milestone("reconciled_all", timeout=_TIMEOUT)
        server = await rig.api.cpu_seconds() - server
        verify(done, population)
        await _verify_status(rig, population, stamp=stamp)
        return {**cost(process, done), "server_s": server}


async def idle(rig: Rig, peer: Peer, _: int) -> Sample:
    """CPU per minute with 10,000 Widgets cached and nothing happening."""
    population = await rig.shared("sync-10k", rig.scaled(10_000, 500))
    window = rig.scaled(60, 10)
    async with await rig.start(peer, rig.job(population)) as process:
        verify(await process.wait_milestone("reconciled_all", timeout=_TIMEOUT), population)
        await rig.clock.sleep(_SETTLE)
        before = process.usage()
        await rig.clock.sleep(window)
        after = process.usage()
        return {
            "wall_s": float(window),
            "cpu_s": (after.cpu_s - before.cpu_s) * 60 / window,
            "rss_mb": after.rss_mb,
            "peak_rss_mb": after.peak_mb,
        }


async def _sync(rig: Rig, peer: Peer, population: Population) -> Sample:
    async with await rig.start(peer, rig.job(population)) as process:
        done = await process.wait_milestone("reconciled_all", timeout=_TIMEOUT)
        verify(done, population)
        return cost(process, done)


class _Status(msgspec.Struct, frozen=True):
    checksum: int = 0
    stamp: str = ""


class _Name(msgspec.Struct, frozen=True):
    name: str


class _Widget(msgspec.Struct, frozen=True):
    metadata: _Name
    spec: dict[str, object]
    status: _Status = _Status()


class _Widgets(msgspec.Struct, frozen=True):
    items: list[_Widget]


async def _verify_status(rig: Rig, population: Population, *, stamp: str) -> None:
    """Read every Widget back: each carries this round's stamp and its own checksum."""
    body = await rig.api.send(Call(method="GET", path=widgets_path(population.namespace)))
    widgets = msgspec.json.decode(body, type=_Widgets).items
    wrong = [
        widget.metadata.name
        for widget in widgets
        if widget.status.stamp != stamp
        or widget.status.checksum != checksum(widget.metadata.name, widget.spec)
    ]
    if wrong or len(widgets) != len(population):
        raise PeerError(f"{len(wrong)} of {len(widgets)} statuses are wrong: {wrong[:3]}")
