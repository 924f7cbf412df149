"""Talking to the survivor: start it, ask it, end it and see that it ends well."""

import asyncio
import sys
from pathlib import Path
from typing import Final

import msgspec

from hack.soak.managers import ROOT
from hack.soak.reckoning import Said

ANSWER_SECONDS: Final = 30.0
END_SECONDS: Final = 40.0
LINE: Final = 16 * 2**20


class Interview:
    """The survivor's process, as long as it lives."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self.log = log

    @classmethod
    async def start(cls, kubeconfig: Path, namespace: str, folder: Path) -> "Interview":
        """Start it; it alone writes in its namespace, so it needs no election."""
        command = (
            *("-m", "hack.soak.survivor"),
            f"--kubeconfig={kubeconfig}",
            f"--namespaces={namespace}",
            "--leader-elect=false",
            "--probe-address=off",
            "--metrics-address=off",
        )
        kept = folder / "survivor.log"
        with kept.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *command,
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=LINE,
            )
        return cls(process, kept)

    async def ask(self, what: str) -> Said:
        """Put a question; one that ended has no answer.

        Raises:
            RuntimeError: If it ended, though nobody may end it.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{what}\n".encode())
        async with asyncio.timeout(ANSWER_SECONDS):
            line = await stdout.readline()
        if not line:
            raise RuntimeError(f"the survivor ended by itself, code {await self._process.wait()}")
        return msgspec.json.decode(line, type=Said)

    async def end(self) -> int:
        """Ask it to stop; its exit code."""
        if self._process.returncode is None:
            self._process.terminate()
        async with asyncio.timeout(END_SECONDS):
            return await self._process.wait()

    def kill(self) -> None:
        """End it whatever it does."""
        if self._process.returncode is None:
            self._process.kill()
