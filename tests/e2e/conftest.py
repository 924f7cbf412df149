"""Managers as separate processes, each with its log and its end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import msgspec
import pytest

from hack.cluster.ports import free_port
from hack.gen.__main__ import ROOT
from tests.kit.crds import install_crds

PROGRAM = [sys.executable, "-m", "tests.e2e.widget_manager"]
TERMINAL = ["setsid", "--ctty"]
"""Makes standard input the terminal of the program, whose closing is told to it."""
CRDS = ROOT / "tests/kit/widget/manifests/crd"


@attrs.define
class Process:
    """A manager that runs, or ran."""

    popen: subprocess.Popen
    log: Path
    probes: str

    def lines(self) -> list[dict]:
        """Return what it logged so far."""
        found = self.log.read_bytes().splitlines()
        return [msgspec.json.decode(line) for line in found if line.startswith(b"{")]

    def events(self) -> list[str]:
        """Return the names of what it logged."""
        return [line["event"] for line in self.lines()]

    def text(self) -> str:
        """Return its whole output."""
        return self.log.read_text()

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        self.popen.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """End it without asking."""
        self.popen.kill()
        self.popen.wait(timeout=10)

    def wait(self, within: float = 40) -> int:
        """Wait for its end; return its exit code."""
        return self.popen.wait(timeout=within)


@pytest.fixture
def widgets(kubectl, namespace) -> str:
    """Return the path of the namespace's Widgets, served by the cluster."""
    for path in sorted(CRDS.glob("*test.pentad.dev.yaml")):
        install_crds(kubectl, path)
    return f"/apis/test.pentad.dev/v1alpha1/namespaces/{namespace}/widgets"


@pytest.fixture
def start(cluster, namespace, tmp_path) -> Iterator:
    """Return a function that starts a manager with flags; all end with the test."""
    running: list[Process] = []

    def launch(
        *flags: str, program: Sequence[str] = PROGRAM, terminal: int | None = None, **environ: str
    ) -> Process:
        log = tmp_path / f"manager-{len(running)}.log"
        probes = f"127.0.0.1:{free_port()}"
        defaults = [
            f"--kubeconfig={cluster.kubeconfig}",
            f"--namespaces={namespace}",
            f"--lease-namespace={namespace}",
            f"--probe-address={probes}",
            f"--metrics-address=127.0.0.1:{free_port()}",
        ]
        said = {flag.partition("=")[0] for flag in flags}
        kept = [flag for flag in defaults if flag.partition("=")[0] not in said]
        with log.open("wb") as out:
            popen = subprocess.Popen(
                [*(() if terminal is None else TERMINAL), *program, *kept, *flags],
                stdin=terminal,
                stdout=out if terminal is None else terminal,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env={**os.environ, **environ},
            )
        running.append(Process(popen, log, probes))
        return running[-1]

    yield launch
    for process in running:
        if process.popen.poll() is None:
            process.kill()
