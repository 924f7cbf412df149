"""`latency_100ps`: from a user's update to the end of its reconcile, at 100 updates a second.

An open loop: an update is sent at its time whether or not earlier ones are answered. Its latency
runs from just before the request is sent (a watch event may overtake the answer) to the end of the
reconcile that read the new value, so the API server's share is in it, the same for every peer.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Final

from hack.bench.api import widgets_path
from hack.bench.peers import Peer
from hack.bench.process import PeerError
from hack.bench.rig import Rig, Sample
from hack.bench.widget import Population, name_of

RATE: Final = 100
_TIMEOUT: Final = 120.0
_SETTLE: Final = 3.0


async def latency_100ps(rig: Rig, peer: Peer, number: int) -> Sample:
    """Update → reconcile with 10,000 Widgets cached."""
    population = await rig.shared("sync-10k", rig.scaled(10_000, 500))
    count = RATE * rig.scaled(20, 3)
    async with await rig.start(peer, rig.job(population, record=True)) as process:
        await process.wait_milestone("reconciled_all", timeout=_TIMEOUT)
        await rig.clock.sleep(_SETTLE)
        before = process.usage()
        sent = await update_at_rate(rig, population, count=count, seed=number)
        await rig.wait_sum(process, population, within=30)
        after = process.usage()
        report = await process.ask("report", answer="report")
    seen = latencies_of(sent, report.body["times"])
    latencies = sorted(latency for _, latency in seen.values())
    return {
        "wall_s": count / RATE,
        "cpu_s": after.cpu_s - before.cpu_s,
        "rss_mb": after.rss_mb,
        "p50_ms": quantile(latencies, 0.50) * 1e3,
        "p99_ms": quantile(latencies, 0.99) * 1e3,
    }


async def update_at_rate(
    rig: Rig, population: Population, *, count: int, seed: int
) -> dict[int, float]:
    """Change that many different Widgets, evenly in time; return when each change was sent.

    The new `size` is a number never used before in the population, so it names the change.
    """
    first = max(population.sizes) + 1
    chosen = random.Random(seed).sample(range(len(population)), count)  # noqa: S311 - no secret
    sent: dict[int, float] = {}
    begin = rig.clock.monotonic()

    async def update(seq: int, index: int) -> None:
        path = widgets_path(population.namespace, name_of(index))
        population.sizes[index] = seq
        sent[seq] = rig.clock.monotonic()
        await rig.api.merge(path, {"spec": {"size": seq}})

    async with asyncio.TaskGroup() as tasks:
        for number, index in enumerate(chosen):
            await rig.clock.sleep(begin + number / RATE - rig.clock.monotonic())
            tasks.create_task(update(first + number, index))
    return sent


def latencies_of(
    sent: Mapping[int, float], times: Sequence[tuple[int, int]]
) -> dict[int, tuple[float, float]]:
    """Return for each change when it was first reconciled, and how long after it was sent."""
    first: dict[int, tuple[float, float]] = {}
    for seq, nanoseconds in times:
        if seq in sent and seq not in first:
            first[seq] = (nanoseconds / 1e9, nanoseconds / 1e9 - sent[seq])
    if missing := len(sent) - len(first):
        raise PeerError(f"{missing} of {len(sent)} updates were never reconciled")
    return first


def quantile(ordered: Sequence[float], fraction: float) -> float:
    """Return the nearest-rank quantile of values in order."""
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]
