"""`failover`: how long nobody works when the leader goes.

Measured from the signal to the leader until the end of the next one's first reconcile, with the
standby up and settled. `wall_s` is the clean stop (SIGTERM, Lease released); `kill_s` the SIGKILL,
where the next one has to wait until the Lease has run out. The signal comes at a random point of
the standby's retry period, because that is what decides the figure. CPU and memory are those of the
last leader, from its start as a standby on. Every leader's checksum is compared once it has
reconciled all, outside of what is timed.
"""

import random
import statistics
from contextlib import AsyncExitStack
from typing import Final

from hack.bench.peers import Peer
from hack.bench.rig import Rig, Sample, verify

_TIMEOUT: Final = 60.0
_SETTLE: Final = 4.0
_RETRY: Final = 2.0


async def failover(rig: Rig, peer: Peer, number: int) -> Sample:
    """Time to the next leader's first reconcile, after a clean stop and after SIGKILL."""
    population = await rig.shared("failover", rig.scaled(1_000, 50))
    job, phase = rig.job(population), random.Random(number)  # noqa: S311 - no secret
    clean: list[float] = []
    async with AsyncExitStack() as stack:
        leader = await stack.enter_async_context(await rig.start(peer, job))
        verify(await leader.wait_milestone("reconciled_all", timeout=_TIMEOUT), population)
        for kill in [False] * rig.scaled(3, 1) + [True]:
            standby = await stack.enter_async_context(await rig.start(peer, job))
            await standby.wait_milestone("started", timeout=_TIMEOUT)
            await rig.clock.sleep(_SETTLE + phase.uniform(0, _RETRY))
            begin = rig.clock.monotonic()
            leader.kill() if kill else leader.terminate()
            first = await standby.wait_milestone("first_reconcile", timeout=_TIMEOUT)
            clean.append(first.at - begin)
            verify(await standby.wait_milestone("reconciled_all", timeout=_TIMEOUT), population)
            leader = standby
        *clean, kill_s = clean
        usage = leader.usage()
    return {
        "wall_s": statistics.median(clean),
        "kill_s": kill_s,
        "cpu_s": usage.cpu_s,
        "rss_mb": usage.rss_mb,
    }
