"""`relist`: all watches cut twenty times while Widgets change; nothing may be missed.

A fault proxy stands between the peer and the API server. The time to catch up after a cut is the
longest that an update sent between shortly before it and the next one waited for its reconcile;
`wall_s` is the median over the cuts, `worst_s` the longest of all. `p50_ms` and `p99_ms` are over
all updates, the undisturbed ones included; `lists` tells how often the peer had to list again
instead of resuming its watch.
"""

import asyncio
import statistics
from collections.abc import Mapping, Sequence
from typing import Final

from hack.bench.peers import Peer
from hack.bench.rig import Rig, Sample
from hack.bench.scenarios.latency import RATE, latencies_of, quantile, update_at_rate
from tests.kit.faults import WATCHES, Match
from tests.kit.ledger import Seen
from tests.kit.proxy import FaultProxy
from tests.kit.upstream import Upstream

_CUTS: Final = 20
_BEFORE: Final = 0.05
_TIMEOUT: Final = 120.0
_SETTLE: Final = 3.0
_LISTS: Final = Match(method="GET", path="/widgets$")


async def relist(rig: Rig, peer: Peer, number: int) -> Sample:
    """All watches cut 20 times during 100 updates a second: time to catch up after a cut."""
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
            cuts, severed = cutting.result()
            await rig.wait_sum(process, population, within=_TIMEOUT)
            after = process.usage()
            report = await process.ask("report", answer="report")
            lists = sum(map(_is_list, proxy.seen(_LISTS)[proxied:]))
    sent = updating.result()
    seen = latencies_of(sent, report.body["times"])
    latencies = sorted(latency for _, latency in seen.values())
    return {
        "wall_s": statistics.median(catch_up({sent[seq]: seen[seq][1] for seq in sent}, cuts)),
        "worst_s": latencies[-1],
        "cpu_s": after.cpu_s - before.cpu_s,
        "rss_mb": after.rss_mb,
        "p50_ms": quantile(latencies, 0.50) * 1e3,
        "p99_ms": quantile(latencies, 0.99) * 1e3,
        "cuts": float(severed),
        "lists": float(lists),
    }


def _is_list(seen: Seen) -> bool:
    return not seen.request.is_watch or seen.params.get("sendInitialEvents") == "true"


async def _cut(rig: Rig, proxy: FaultProxy, *, seconds: int) -> tuple[list[float], int]:
    """Cut all watches at even distances; return when, and how many those were."""
    begin, cuts, severed = rig.clock.monotonic(), list[float](), 0
    for number in range(_CUTS):
        await rig.clock.sleep(begin + (number + 0.5) * seconds / _CUTS - rig.clock.monotonic())
        cuts.append(rig.clock.monotonic())
        severed += proxy.cut(WATCHES)
    return cuts, severed


def catch_up(latencies: Mapping[float, float], cuts: Sequence[float]) -> list[float]:
    """Return for each cut the longest latency among the updates it can have delayed."""
    ends = [*cuts[1:], float("inf")]
    return [
        max((took for at, took in latencies.items() if cut - _BEFORE <= at < end), default=0.0)
        for cut, end in zip(cuts, ends, strict=True)
    ]
