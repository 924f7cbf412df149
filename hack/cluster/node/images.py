"""The images a node has: there is no registry it could reach, so all of them are loaded.

A name is written in full, `docker.io/local/NAME:TAG`; a pod that says `local/NAME:TAG` means the
same.
"""

import asyncio
from pathlib import Path
from typing import Final

import attrs

from hack.cluster.errors import ClusterError
from hack.cluster.node.files import SOCKET
from hack.cluster.node.machine import Machine

_PATIENCE: Final = 300.0


@attrs.frozen
class Images:
    """The images of a machine that runs, whose first process is given."""

    machine: Machine
    first: int
    ctr: str

    async def names(self) -> frozenset[str]:
        """Return the names of all."""
        return frozenset((await self._run("list", "--quiet")).split())

    async def load(self, archive: Path, *, name: str | None = None) -> None:
        """Load an OCI archive; with a name the image gets that, whatever the archive says."""
        named = () if name is None else (f"--index-name={name}",)
        await self._run("import", "--local", *named, str(archive))

    async def _run(self, *arguments: str) -> str:
        command = (self.ctr, f"--address={SOCKET}", "--namespace=k8s.io", "images", *arguments)
        process = await asyncio.create_subprocess_exec(
            *self.machine.enter(self.first, *command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(_PATIENCE):
                output, errors = await process.communicate()
        except TimeoutError as error:
            process.kill()
            await process.wait()
            raise ClusterError(f"{' '.join(arguments)} took over {_PATIENCE:.0f} s") from error
        if process.returncode:
            raise ClusterError(f"{' '.join(arguments)} failed", detail=errors.decode().strip())
        return output.decode()
