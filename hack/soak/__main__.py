"""Churn, faults and killed leaders for a while, then a reckoning.

A control plane of its own; before it the fault proxy of tests/kit, which cuts, stalls, refuses,
lags, throttles and answers 410, 429 and 500 by a seeded plan; behind that the informers under test
in this process and two managers as processes of their own, whose leader is killed again and again.
When time is up the faults end, and everything has to come right: caches and fresh lists agree about
every object, every Widget has its children and its status, and tasks, sockets and memory are what
they were after the first quarter.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import attrs

from hack.cluster.cluster import Cluster
from hack.soak.churn import Churn
from hack.soak.managers import Managers
from hack.soak.plan import Plan
from hack.soak.reckoning import Footprint, differences, unfinished
from informers.client import Client
from informers.clock import LoopClock
from informers.connection import connect
from informers.factory import Informers
from informers.meta.builtin import CONFIG_MAP, NAMESPACE
from informers.reflector import Pace, Source
from informers.shared import Informer
from tests.kit.proxy import FaultProxy
from tests.kit.upstream import Upstream
from tests.kit.widget.api import WIDGET

NAMESPACE_NAME = "soak"
SETTLE_SECONDS = 90.0
GROWTH_MB = 64.0
"""The proxy and the writers live in this process, too; a short run ends before they are warm."""
RECORD = 100
PACE = Pace(headers=5, idle=8, idle_most=8, body_idle=5, initial_silence=2)


@attrs.define
class Outcome:
    """What the run came to."""

    problems: list[str] = attrs.field(factory=list)
    figures: dict[str, object] = attrs.field(factory=dict)


async def soak(cluster: Cluster, *, seconds: float, seed: int, folder: Path) -> Outcome:
    """Run the whole of it against a cluster."""
    rng, clock, outcome = random.Random(seed), LoopClock(), Outcome()  # noqa: S311 - a test plan
    direct = Client(await connect(kubeconfig=cluster.kubeconfig), connections=16)
    await _prepare(direct, cluster)
    upstream = Upstream.from_kubeconfig(cluster.kubeconfig)
    with FaultProxy(upstream, keep_bodies=False, record=RECORD) as proxy:
        proxied = proxy.kubeconfig(folder / "proxied")
        client = Client(await connect(kubeconfig=proxied))
        plan = Plan(proxy, rng, clock)
        churns = [Churn(direct, WIDGET, NAMESPACE_NAME, random.Random(seed + n)) for n in range(3)]  # noqa: S311 - as above
        managers = Managers(proxied, NAMESPACE_NAME, folder, rng, clock)
        namespaces = [NAMESPACE_NAME]
        async with Informers(client, namespaces=namespaces, rng=rng, pace=PACE) as informers:
            held = [informers.acquire(Source(kind=kind)) for kind in (CONFIG_MAP, WIDGET)]
            await _disturb(plan, churns, managers, clock, seconds=seconds, outcome=outcome)
            plan.end()
            await _settle(direct, held, clock, outcome)
            after = Footprint.now()
            managers.stop()
            _judge(outcome, after)
            outcome.figures |= {
                "writes": sum(churn.writes for churn in churns),
                "faults": dict(plan.counts),
                "leaders_killed": managers.killed,
                "objects": sum(len(informer.store) for informer in held),
                "relists": sum(r.statistics.lists for i in held for r in i.reflectors),
                "watches": sum(r.statistics.watches for i in held for r in i.reflectors),
            }
        await client.close()
    await direct.close()
    return outcome


async def _prepare(direct: Client, cluster: Cluster) -> None:
    """The namespace and the CRD."""
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE_NAME}}
    await direct.apply(NAMESPACE, NAMESPACE_NAME, body, manager="soak")
    await Managers.install(cluster)


async def _disturb(
    plan: Plan,
    churns: Sequence[Churn],
    managers: Managers,
    clock: LoopClock,
    *,
    seconds: float,
    outcome: Outcome,
) -> None:
    """Let everything happen at once for the time there is."""
    async with asyncio.TaskGroup() as group:
        jobs = [churn.run() for churn in churns] + [plan.run(), managers.run()]
        tasks = [group.create_task(job) for job in jobs]
        await clock.sleep(seconds / 4)
        outcome.figures["after_a_quarter"] = attrs.asdict(Footprint.now())
        await clock.sleep(seconds * 3 / 4)
        for task in tasks:
            task.cancel()


async def _settle(
    direct: Client, held: Sequence[Informer], clock: LoopClock, outcome: Outcome
) -> None:
    """Wait for caches and server to agree, twice in a row so that nothing is under way."""
    began, agreed = clock.monotonic(), 0
    found: list[str] = []
    while clock.monotonic() - began < SETTLE_SECONDS and agreed < 2:  # noqa: PLR2004 - see above
        found = await unfinished(direct, NAMESPACE_NAME)
        found += [d for i in held for d in await differences(direct, i, NAMESPACE_NAME)]
        agreed = 0 if found else agreed + 1
        await clock.sleep(1.0)
    outcome.problems += found
    outcome.figures["seconds_to_agree"] = round(clock.monotonic() - began, 1)


def _judge(outcome: Outcome, after: Footprint) -> None:
    """Nothing may have grown since the first quarter but by what one connection more takes."""
    before = outcome.figures["after_a_quarter"]
    assert isinstance(before, dict)
    outcome.figures["at_the_end"] = attrs.asdict(after)
    if after.tasks > before["tasks"]:
        outcome.problems.append(f"tasks grew from {before['tasks']} to {after.tasks}")
    if after.files > before["files"] + 10:
        outcome.problems.append(f"open files grew from {before['files']} to {after.files}")
    if after.rss_mb > before["rss_mb"] + GROWTH_MB:
        outcome.problems.append(f"memory grew from {before['rss_mb']} to {after.rss_mb} MB")


def main(arguments: Sequence[str]) -> int:
    """Run, print the figures, fail if anything is wrong."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    options = parser.parse_args(list(arguments))
    print(f"soak: {options.seconds:g} s, --seed {options.seed}", flush=True)
    cluster = Cluster.up("soak")
    try:
        with tempfile.TemporaryDirectory() as folder:
            outcome = asyncio.run(
                soak(cluster, seconds=options.seconds, seed=options.seed, folder=Path(folder))
            )
    finally:
        cluster.down()
    for name, value in outcome.figures.items():
        print(f"soak: {name}: {value}")
    for problem in outcome.problems[:50]:
        print(f"soak: WRONG: {problem}")
    print(f"soak: {'failed' if outcome.problems else 'all is as it should be'}")
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
