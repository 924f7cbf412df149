"""The commands of a page of the guide, as its tables say them, and how to run them in a row.

A table counts if its header is the one below; a row says a command, what it runs as, and what that
needs. They are run by a shell from the root of the checkout, with the kubectl of a cluster first on
PATH, against that cluster's default namespace. What stays in the foreground is left running.
"""

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs
import pytest

from hack.cluster.ports import free_port
from hack.gen.__main__ import ROOT
from tests.kit.cluster import ClusterAccess

HEADER: Final = ["Command as printed", "Runs as", "Needs", "Why"]
SAME: Final = "as printed"
MANAGER: Final = "make run"
FOREGROUND: Final = (MANAGER, "kubectl port-forward")
"""How commands begin that stay until they are ended."""
_CELL: Final = re.compile(r"(?<!\\)\|")
_WITHIN: Final = 300


@attrs.frozen
class Row:
    """One command."""

    printed: str
    runs_as: str
    needs: str
    why: str

    @property
    def differs(self) -> bool:
        """Whether something else is run than the command that is printed."""
        return self.printed.startswith("`") and self.runs_as != _bare(self.printed)


def rows(page: Path) -> list[Row]:
    """Return all rows of a page, in their order."""
    found: list[Row] = []
    is_ours = False
    for line in page.read_text().splitlines():
        cells = [cell.strip() for cell in _CELL.split(line)[1:-1]]
        if not line.startswith("|"):
            is_ours = False
        elif cells == HEADER:
            is_ours = True
        elif is_ours and not set(line) <= set("|-"):
            found.append(_row(*cells))
    return found


def _row(printed: str, runs_as: str, needs: str, why: str) -> Row:
    return Row(printed, _bare(printed if runs_as == SAME else runs_as), needs, why)


def _bare(cell: str) -> str:
    return cell.replace("\\|", "|").removeprefix("`").removesuffix("`")


@attrs.define
class Shell:
    """Runs commands against a cluster; what was left running ends with it."""

    cluster: ClusterAccess
    folder: Path
    left: dict[Path, subprocess.Popen[bytes]] = attrs.field(factory=dict)
    """What is in the foreground elsewhere, by the file that its output goes to."""

    def run(self, command: str) -> str:
        """Run a command to its end, or leave it running; return what it said."""
        if command.startswith(FOREGROUND):
            return self._leave(command)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=ROOT,
            env=self._environ(),
            capture_output=True,
            text=True,
            timeout=_WITHIN,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def _leave(self, command: str) -> str:
        said = self.folder / f"{command} {len(self.left)}.log".replace("/", "_")
        with said.open("wb") as log:
            self.left[said] = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=ROOT,
                env=self._environ(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return ""

    def check(self) -> None:
        """Fail if a manager ended by itself: all that follows would wait for nothing."""
        for said, process in self.left.items():
            if process.poll() is not None and said.name.startswith(MANAGER):
                pytest.fail(f"{MANAGER} ended by itself:\n{said.read_text()}")

    def _environ(self) -> dict[str, str]:
        """Return the environment: no port of this machine is taken by a manager."""
        return {
            **os.environ,
            "KUBECONFIG": str(self.cluster.kubeconfig),
            "PATH": f"{self.cluster.kubectl.parent}:{os.environ['PATH']}",
            "ARGS": f"--probe-address=off --metrics-address=off --webhook-address=:{free_port()}",
        }

    def end(self) -> None:
        """End what was left running."""
        for process in self.left.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.left.values():
            process.wait(timeout=40)


@contextlib.contextmanager
def shell(cluster: ClusterAccess, folder: Path) -> Iterator[Shell]:
    """Return a shell whose programs have ended when the block is left."""
    found = Shell(cluster, folder)
    try:
        yield found
    finally:
        found.end()
