"""The wheels of a lock, fetched outside of a build as the machine's own pip fetches, and verified.

A build then needs no network, and where packages come from cannot get into an image.
"""

import hashlib
import shutil
import sys
from pathlib import Path
from typing import Final

from hack.images.programs import run

PYTHON: Final = "3.11"
"""The version of the bases' Python."""
_SECONDS: Final = 900.0


async def fetch(lock: Path, shared: Path, *, work: Path) -> Path:
    """Return a folder with what a lock names; one that is there is whole."""
    folder, is_there = _look(lock, shared)
    if is_there:
        return folder
    fetched = work / "wheels"
    await run(
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "--no-deps",
        "--only-binary=:all:",
        f"--python-version={PYTHON}",
        f"--dest={fetched}",
        f"--requirement={lock}",
        seconds=_SECONDS,
    )
    shutil.move(fetched, folder)
    return folder


def _look(lock: Path, shared: Path) -> tuple[Path, bool]:
    folder = shared / f"wheels-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    return folder, folder.is_dir()
