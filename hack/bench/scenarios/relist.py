"""`relist`: all watches cut twenty times while Widgets change; nothing may be missed.

A fault proxy stands between the peer and the API server. Wall time is what counts afterwards: from
the last cut, which falls on the last update, until the last missing update is reconciled. The
latencies are those of all updates, the undisturbed ones included; `lists` tells how often the peer
had to list again instead of resuming its watch.
"""

import asyncio
from typing import Final

from hack.bench.peers import Peer
from hack.bench.rig import Rig, Sample
from hack.bench.scenarios.latency import RATE, latencies_of, quantile, update_at_rate
from tests.kit.faults import WATCHES, Match
from tests.kit.ledger import Seen
from tests.kit.proxy import FaultProxy
from tests.kit.upstream import Upstream

_CUTS: Final = 20
_TIMEOUT: Final = 120.0
_SETTLE: Final = 3.0
_LISTS: Final = Match(method="GET", path="/widgets$")


async def relist(rig: Rig, peer: Peer, number: int) -> Sample:
    """All watches cut 20 times during churn: time to catch up after the last cut."""
    population = await rig.shared("sync-10k", rig.scaled(10_000, 500))
    seconds = rig.scaled(20, 4)
    with FaultProxy(Upstream.from_kubeconfig(rig.kubeconfig), keep_bodies=False) as proxy:
        kubeconfig = proxy.kubeconfig(rig.logs / "proxy.yaml")
        job = rig.job(population, record=True)
        async with await rig.start(peer, job, kubeconfig=kubeconfig) as process:
            await process.wait_milestone("reconciled_all", timeout=_TIMEOUT)
            await rig.clock.sleep(_SETTLE)
            before, proxied = process.usage(), len(proxy.seen(_LISTS))
            async with asyncio.TaskGroup() as tasks:
                cutting = tasks.create_task(_cut(rig, proxy, seconds=seconds))
                updating = tasks.create_task(
                    update_at_rate(rig, population, count=RATE * seconds, seed=100 + number)
                )
            last_cut, cuts = cutting.result()
            await rig.wait_sum(process, population, within=_TIMEOUT)
            after = process.usage()
            report = await process.ask("report", answer="report")
            lists = sum(map(_is_list, proxy.seen(_LISTS)[proxied:]))
    seen = latencies_of(updating.result(), report.body["times"])
    latencies = sorted(latency for _, latency in seen.values())
    return {
        "wall_s": max(0.0, max(at for at, _ in seen.values()) - last_cut),
        "cpu_s": after.cpu_s - before.cpu_s,
        "rss_mb": after.rss_mb,
        "p50_ms": quantile(latencies, 0.50) * 1e3,
        "p99_ms": quantile(latencies, 0.99) * 1e3,
        "cuts": float(cuts),
        "lists": float(lists),
    }


def _is_list(seen: Seen) -> bool:
    return not seen.request.is_watch or seen.params.get("sendInitialEvents") == "true"


async def _cut(rig: Rig, proxy: FaultProxy, *, seconds: int) -> tuple[float, int]:
    """Cut all watches at even distances, the last time at the end; return when that was."""
    begin, total = rig.clock.monotonic(), 0
    for number in range(1, _CUTS + 1):
        await rig.clock.sleep(begin + number * seconds / _CUTS - rig.clock.monotonic())
        total += proxy.cut(WATCHES)
    return rig.clock.monotonic(), total
