"""The ordinary Go client as a child process, with bounds.

What it prints last is kept: the newest line as a sign of life, the last ones for the error.
"""

import asyncio
import os
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hack.cluster.errors import BuildError, ClusterError, MissingToolError, SlowError

_ANSWER: Final = 3.0
_ENDING: Final = 5.0
_LAST_LINES: Final = 15
_ASKED_FOR: Final = "sigs.k8s.io/yaml"  # small, and everything built here depends on it


class Go:
    """One Go client; runs one command at a time."""

    def __init__(self, path: str) -> None:
        self.activity = ""
        self._path = path

    async def run(
        self,
        *arguments: str,
        folder: Path,
        seconds: float,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Run a command in a folder; return its output, or fail with its last lines."""
        process = await asyncio.create_subprocess_exec(
            self._path,
            *arguments,
            cwd=folder,
            env=os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"} | dict(environment or {}),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                output = group.create_task(process.stdout.read())
                errors = group.create_task(self._follow(process.stderr))
                await process.wait()
        except TimeoutError as error:
            what = f"go {arguments[0]} in {folder} took longer than {seconds:.0f} s and was ended"
            raise SlowError(what, detail=self.activity) from error
        finally:
            await _end(process)
        if process.returncode != 0:
            raise _failure(f"go {arguments[0]} in {folder} failed", errors.result())
        return output.result().decode()

    async def _follow(self, stream: asyncio.StreamReader) -> list[str]:
        last: deque[str] = deque(maxlen=_LAST_LINES)
        while line := await stream.readline():
            self.activity = line.decode(errors="replace").strip()[:80]
            last.append(line.decode(errors="replace").rstrip())
        return list(last)

    async def check_source(self, *, folder: Path) -> None:
        """Fail unless modules can be fetched now, within three seconds and whatever is wrong."""
        try:
            await self.run("list", "-m", "-versions", _ASKED_FOR, folder=folder, seconds=_ANSWER)
        except SlowError as error:
            raise BuildError(
                "modules have to be fetched and their source does not answer "
                f"within {_ANSWER:.0f} s; connect to the network, point GOPROXY elsewhere, "
                "or set KUBEBUILDER_ASSETS to a folder that has the programs"
            ) from error
        except BuildError as error:
            raise BuildError(
                "modules have to be fetched and the Go client cannot; "
                "check `go env GOPROXY` and the network, "
                "or set KUBEBUILDER_ASSETS to a folder that has the programs",
                detail=error.detail,
            ) from error


def _failure(what: str, lines: list[str]) -> ClusterError:
    too_old = next((line for line in lines if "requires go >=" in line), None)
    if too_old is not None:
        return MissingToolError(f"{too_old.strip()}; get a newer Go from go.dev")
    return BuildError(what, detail="\n".join(lines))


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.kill()
    async with asyncio.timeout(_ENDING):
        await process.wait()
