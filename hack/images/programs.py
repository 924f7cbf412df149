"""Running a program of the distribution: bounded, and with its last words when it fails.

Each runs in namespaces of its own: whatever ends it, its mounts and its children end with it, so a
work folder can be removed without looking what is mounted in it.
"""

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hack.cluster.errors import BuildError, MissingToolError, UsageError
from hack.cluster.node import tools

PACKAGES: Final = {
    "buildah": "buildah",
    "dpkg": "dpkg",
    "mmdebstrap": "mmdebstrap",
    "unshare": "util-linux",
}
"""The package of each program, as Debian calls it."""

_APART: Final = ("--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
_TAIL: Final = 30


def check() -> None:
    """Say what is missing, all at once."""
    if os.geteuid() != 0:
        raise UsageError("making a Debian tree needs root: run this as root")
    if lacking := tools.missing(PACKAGES):
        raise MissingToolError(
            "images are made by programs that are not there; "
            f"install them with: apt-get install {' '.join(lacking)}"
        )


async def run(
    program: str, *arguments: str, seconds: float, environment: Mapping[str, str] | None = None
) -> str:
    """Return what it printed; what it complains of is shown only if it fails."""
    process = await asyncio.create_subprocess_exec(
        _path("unshare"),
        *_APART,
        _path(program),
        *arguments,
        env=os.environ | (environment or {}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds):
            output, errors = await process.communicate()
    except BaseException as error:
        if process.returncode is None:
            process.kill()
            await process.wait()
        if isinstance(error, TimeoutError):
            raise BuildError(f"{Path(program).name} took over {seconds:.0f} s") from error
        raise
    if process.returncode:
        said = "\n".join((output + errors).decode(errors="replace").splitlines()[-_TAIL:])
        raise BuildError(f"{Path(program).name} failed ({process.returncode})", detail=said)
    return output.decode()


def _path(program: str) -> str:
    path = program if Path(program).is_absolute() else shutil.which(program, path=tools.PATH)
    assert path is not None, f"{program} was looked for before"
    return path
