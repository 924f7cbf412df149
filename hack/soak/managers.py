"""Two managers as processes, of which the leader is killed now and then.

One that ends by itself has lost its Lease, which is right behind faults, or has failed, which never
is: then the run has failed, too, and its last words are told.
"""

import asyncio
import itertools
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Final

import attrs

from controller.runtime.manager import EXIT_LEASE_LOST
from hack.cluster.cluster import Cluster
from informers.clock import Clock, LoopClock

ROOT: Final = Path(__file__).resolve().parent.parent.parent
PROGRAM: Final = (sys.executable, "-m", "tests.e2e.widget_manager")
CRDS: Final = ROOT / "tests" / "kit" / "widget" / "manifests" / "crd"
QUICK: Final = ("--lease-seconds=4", "--renew-deadline-seconds=3", "--retry-seconds=0.5")
KILL_SECONDS: Final = (6.0, 14.0)
WAIT_SECONDS: Final = 20
LAST_LINES: Final = 20
ESTABLISHED: Final = "--for=condition=Established"
INSTALL_SECONDS: Final = 60
WAIT_STEP: Final = 0.2


@attrs.frozen
class Candidate:
    """One manager's process and what it says."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def leads(self) -> bool:
        """Whether it has become the leader; one that no longer is ends."""
        return b'"workers_started"' in self.log.read_bytes()

    def kill(self) -> None:
        """End it without asking."""
        self.process.kill()
        self.process.wait(timeout=WAIT_SECONDS)

    def failure(self) -> str | None:
        """What is wrong with its having ended by itself."""
        if (code := self.process.poll()) in (None, EXIT_LEASE_LOST):
            return None
        last = self.log.read_text("utf-8").splitlines()[-LAST_LINES:]
        return "\n".join([f"a manager ended by itself with {code}, and with these words:", *last])


class Managers:
    """Keeps two managers running and kills their leaders."""

    def __init__(
        self, kubeconfig: Path, namespace: str, folder: Path, rng: random.Random, clock: Clock
    ) -> None:
        self._command = (
            *PROGRAM,
            f"--kubeconfig={kubeconfig}",
            f"--namespaces={namespace}",
            f"--lease-namespace={namespace}",
            "--probe-address=off",
            "--metrics-address=off",
            *QUICK,
        )
        self._folder = folder
        self._serial = itertools.count()
        self._rng = rng
        self._clock = clock
        self._running: list[Candidate] = []
        self.killed = 0
        self.problems: list[str] = []

    @staticmethod
    async def install(cluster: Cluster) -> None:
        """Apply the Widget family's CRDs."""
        kubectl = (cluster.kubectl, f"--kubeconfig={cluster.kubeconfig}")
        for path in sorted(CRDS.glob("*test.pentad.dev.yaml")):
            async with asyncio.timeout(INSTALL_SECONDS):
                await _run(*kubectl, "apply", "--server-side", "-f", path)
                # It fails on one that is so new that it has no conditions, instead of waiting.
                while await _run(*kubectl, "wait", ESTABLISHED, "-f", path, check=False):
                    await LoopClock().sleep(WAIT_STEP)

    async def run(self) -> None:
        """Keep two, and kill whichever leads again and again."""
        while True:
            self._bury()
            while len(self._running) < 2:  # noqa: PLR2004 - a leader and a standby
                self._running.append(self._start())
            await self._clock.sleep(self._rng.uniform(*KILL_SECONDS))
            for leader in [each for each in self._running if each.leads()]:
                self._bury()
                if leader in self._running:
                    leader.kill()
                    self._running.remove(leader)
                    self.killed += 1

    def stop(self) -> None:
        """End them all."""
        self._bury()
        for each in self._running:
            each.kill()

    def _bury(self) -> None:
        """Forget those that ended by themselves; why they did is kept if it is wrong."""
        ended = [each for each in self._running if each.process.poll() is not None]
        self._running = [each for each in self._running if each not in ended]
        self.problems += [text for each in ended if (text := each.failure()) is not None]

    def _start(self) -> Candidate:
        path = self._folder / f"manager-{next(self._serial)}.log"
        with path.open("wb") as log:
            process = subprocess.Popen(
                self._command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env=os.environ
            )
        return Candidate(process, path)


async def _run(*command: str | Path, check: bool = True) -> int:
    """Run a program whose words nobody needs; return its exit code."""
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if check and code:
        raise subprocess.CalledProcessError(code, command)
    return code
