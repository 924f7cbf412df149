"""Churn, faults and killed leaders for a while, then a reckoning.

A control plane of its own; before it the fault proxy of tests/kit, which cuts, stalls, refuses,
lags, throttles and answers 410, 429 and 500 by a seeded plan. Behind that, each as a process of its
own: two managers whose leader is killed again and again, and one that nobody kills and that lives
through all of it. When time is up the faults end, and everything has to come right: the survivor's
caches and fresh lists agree about every object, every Widget has its children and its status, and
the survivor's tasks, open files and memory are what they were before.
"""

import argparse
import asyncio
import os
import random
import secrets
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs

from hack.cluster.cluster import Cluster
from hack.cluster.progress import Progress
from hack.soak.churn import Churn
from hack.soak.interview import Interview
from hack.soak.managers import Managers
from hack.soak.plan import Plan
from hack.soak.reckoning import Footprint, differences, unfinished, unproven
from informers.client import Client
from informers.clock import LoopClock
from informers.connection import connect
from informers.meta.builtin import NAMESPACE
from tests.kit.proxy import FaultProxy
from tests.kit.upstream import Upstream
from tests.kit.widget.api import WIDGET

KILLED: Final = "soak-killed"
LASTING: Final = "soak-lasting"
WRITERS: Final = (KILLED, LASTING, LASTING)
SAMPLES: Final = 8
WARM_SECONDS: Final = 4.0
SETTLE_SECONDS: Final = 180.0
"""A watch may be silent for 75 s before it is given up, and its next try wait for a minute."""
GROWTH_MB: Final = 8.0
"""From the end of the first quarter to the end: by then all that is kept has been met once."""
CONNECTIONS: Final = 10
"""What a pool may hold more in one calm than in another: one for each worker."""
CALM_LOOKS: Final = 10
RECORD: Final = 100
LAST_LINES: Final = 40
MOST_SECONDS: Final = 7 * 86_400


@attrs.define
class Outcome:
    """What the run came to."""

    problems: list[str] = attrs.field(factory=list)
    figures: dict[str, object] = attrs.field(factory=dict)
    log: list[str] = attrs.field(factory=list)


@attrs.define
class Soak:
    """One run of it."""

    direct: Client
    proxy: FaultProxy
    survivor: Interview
    managers: Managers
    rng: random.Random
    clock: LoopClock
    seconds: float
    progress: Progress = attrs.field(factory=Progress)
    outcome: Outcome = attrs.field(factory=Outcome)
    samples: list[Footprint] = attrs.field(factory=list)

    async def run(self) -> Outcome:
        """Calm, storm, calm again; then what was is compared with what is."""
        figures = self.outcome.figures
        churns = [Churn(self.direct, WIDGET, where, self._seeded()) for where in WRITERS]
        plan = Plan(self.proxy, self.rng, self.clock)

        def detail() -> str:
            writes, faults = sum(churn.writes for churn in churns), sum(plan.counts.values())
            return f"{writes} writes, {faults} faults, {self.managers.killed} leaders killed"

        async with self.progress.step("soak: before the faults", detail=detail):
            await self._warm_up(churns)
            await self._settle()
            before = await self._footprint()
        async with self.progress.step("soak: faults", detail=detail):
            await self._disturb(plan, churns)
            plan.end()
        async with self.progress.step("soak: until everything agrees"):
            figures["seconds_to_agree"] = await self._settle()
            after = await self._calm_footprint(before)
        self._judge(before, after)
        said = await self.survivor.ask("contents")
        figures |= {
            "writes": sum(churn.writes for churn in churns),
            "faults": dict(plan.counts),
            "leaders_killed": self.managers.killed,
            "objects": sum(len(held) for held in said.contents.values()),
            "lists": said.lists,
            "watches": said.watches,
        }
        self.outcome.problems += self.managers.problems
        self.outcome.problems += unproven(
            writes=[churn.writes for churn in churns],
            faults=plan.counts,
            leaders_killed=self.managers.killed,
            seconds=self.seconds,
        )
        return self.outcome

    def _seeded(self) -> random.Random:
        return random.Random(self.rng.randrange(2**31))  # noqa: S311 - a test plan

    async def _warm_up(self, churns: Sequence[Churn]) -> None:
        """A first while without faults, so that what is compared is two processes at work."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(job) for job in (*(c.run() for c in churns), self.managers.run())
            ]
            await self.clock.sleep(WARM_SECONDS)
            for task in tasks:
                task.cancel()

    async def _disturb(self, plan: Plan, churns: Sequence[Churn]) -> None:
        """Let everything happen at once for the time there is."""
        async with asyncio.TaskGroup() as group:
            jobs = [churn.run() for churn in churns] + [plan.run(), self.managers.run()]
            tasks = [group.create_task(job) for job in jobs]
            for _ in range(SAMPLES):
                await self.clock.sleep(self.seconds / SAMPLES)
                self.samples.append(await self._footprint())
            for task in tasks:
                task.cancel()

    async def _footprint(self) -> Footprint:
        said = await self.survivor.ask("footprint")
        assert said.footprint is not None
        return said.footprint

    async def _calm_footprint(self, before: Footprint) -> Footprint:
        """What it holds when nothing is under way; a retry that just runs is no growth."""
        for _ in range(CALM_LOOKS):
            found = await self._footprint()
            if found.tasks <= before.tasks:
                break
            await self.clock.sleep(1.0)
        return found

    async def _settle(self) -> float:
        """Wait for caches and server to agree, twice in a row so that nothing is under way."""
        began, agreed = self.clock.monotonic(), 0
        found: list[str] = []
        while self.clock.monotonic() - began < SETTLE_SECONDS and agreed < 2:  # noqa: PLR2004 - see above
            found = [text for where in (KILLED, LASTING) for text in await self._unfinished(where)]
            said = await self.survivor.ask("contents")
            found += await differences(self.direct, said.contents, LASTING)
            agreed = 0 if found else agreed + 1
            await self.clock.sleep(1.0)
        self.outcome.problems += found
        return round(self.clock.monotonic() - began, 1)

    async def _unfinished(self, namespace: str) -> list[str]:
        return await unfinished(self.direct, namespace)

    def _judge(self, before: Footprint, after: Footprint) -> None:
        """What one process held in the calm before is what it holds in the calm after."""
        quarter = self.samples[SAMPLES // 4 - 1]
        self.outcome.figures |= {
            "before": before,
            "rss_mb": [sample.rss_mb for sample in self.samples],
            "tasks": [sample.tasks for sample in self.samples],
            "files": [sample.files for sample in self.samples],
            "after": after,
        }
        problems = self.outcome.problems
        if after.tasks > before.tasks:
            problems.append(f"tasks grew from {before.tasks} to {after.tasks}")
        if after.files > before.files + CONNECTIONS:
            problems.append(f"open files grew from {before.files} to {after.files}")
        if after.rss_mb > quarter.rss_mb + GROWTH_MB:
            problems.append(f"memory grew from {quarter.rss_mb} to {after.rss_mb} MB")


async def soak(cluster: Cluster, *, seconds: float, seed: int, folder: Path) -> Outcome:
    """Run the whole of it against a cluster."""
    rng, clock = random.Random(seed), LoopClock()  # noqa: S311 - a test plan
    direct = Client(await connect(kubeconfig=cluster.kubeconfig), connections=16)
    await _prepare(direct, cluster)
    with FaultProxy(
        Upstream.from_kubeconfig(cluster.kubeconfig), keep_bodies=False, record=RECORD
    ) as proxy:
        proxied = proxy.kubeconfig(folder / "proxied")
        managers = Managers(proxied, KILLED, folder, rng, clock)
        survivor = await Interview.start(proxied, LASTING, folder)
        try:
            run = Soak(direct, proxy, survivor, managers, rng, clock, seconds)
            outcome = await run.run()
            outcome.log = survivor.log.read_text("utf-8").splitlines()[-LAST_LINES:]
            if code := await survivor.end():
                outcome.problems.append(f"the survivor ended with {code}, not with 0")
        finally:
            survivor.kill()
            managers.stop()
    await direct.close()
    return outcome


async def _prepare(direct: Client, cluster: Cluster) -> None:
    """The namespaces and the CRD."""
    for name in (KILLED, LASTING):
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        await direct.apply(NAMESPACE, name, body, manager="soak")
    await Managers.install(cluster)


def _seconds(text: str) -> float:
    if not 0 < (value := float(text)) <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r}: say more than 0 and at most {MOST_SECONDS}")
    return value


def main(arguments: Sequence[str]) -> int:
    """Run, print the figures, fail if anything is wrong."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=1800.0,
        help="how long faults last (default: %(default)g)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=random.SystemRandom().randrange(2**31),
        help="makes the same plan of faults again (default: another one each time, which is told)",
    )
    options = parser.parse_args(list(arguments))
    print(f"soak: {options.seconds:g} s, --seed {options.seed}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # Of this run alone: two that shared one would disturb, and then remove, each other's.
    cluster = Cluster.named(f"soak-{secrets.token_hex(4)}")
    try:
        Cluster.up(cluster.name, owner_pid=os.getpid())
        with tempfile.TemporaryDirectory() as folder:
            outcome = asyncio.run(
                soak(cluster, seconds=options.seconds, seed=options.seed, folder=Path(folder))
            )
    finally:
        cluster.down()
    for name, value in outcome.figures.items():
        print(f"soak: {name}: {value}")
    for line in outcome.log if outcome.problems else ():
        print(f"soak: survivor: {line}")
    for problem in outcome.problems[:50]:
        print(f"soak: WRONG: {problem}")
    print(f"soak: {'failed' if outcome.problems else 'all is as it should be'}")
    return 1 if outcome.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
