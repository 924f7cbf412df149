"""Two managers as processes; whoever of them has lived longest is killed now and then."""

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Final

from hack.cluster.cluster import Cluster
from informers.clock import Clock

ROOT: Final = Path(__file__).resolve().parent.parent.parent
PROGRAM: Final = (sys.executable, "-m", "tests.e2e.widget_manager")
CRDS: Final = ROOT / "tests" / "kit" / "widget" / "manifests" / "crd"
QUICK: Final = ("--lease-seconds=4", "--renew-deadline-seconds=3", "--retry-seconds=0.5")
KILL_SECONDS: Final = (6.0, 14.0)
WAIT_SECONDS: Final = 20


class Managers:
    """Keeps two managers running and kills them in turn."""

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
        self._log = folder / "managers.log"
        self._rng = rng
        self._clock = clock
        self._running: list[subprocess.Popen[bytes]] = []
        self.killed = 0

    @staticmethod
    async def install(cluster: Cluster) -> None:
        """Apply the Widget family's CRDs."""
        for path in sorted(CRDS.glob("*test.pentad.dev.yaml")):
            for command in (["apply", "--server-side"], ["wait", "--for=condition=Established"]):
                subprocess.run(  # noqa: ASYNC221 - nothing else runs yet
                    [cluster.kubectl, f"--kubeconfig={cluster.kubeconfig}", *command, "-f", path],
                    check=True,
                    stdout=subprocess.DEVNULL,
                    timeout=60,
                )

    async def run(self) -> None:
        """Start two, then kill the older one again and again."""
        while True:
            self._running = [each for each in self._running if each.poll() is None]
            while len(self._running) < 2:  # noqa: PLR2004 - a leader and a standby
                self._running.append(self._start())
            await self._clock.sleep(self._rng.uniform(*KILL_SECONDS))
            oldest = self._running.pop(0)
            oldest.kill()
            oldest.wait(timeout=WAIT_SECONDS)
            self.killed += 1

    def stop(self) -> None:
        """End them all."""
        for each in self._running:
            each.kill()
            each.wait(timeout=WAIT_SECONDS)

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env=os.environ
            )
