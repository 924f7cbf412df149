"""The controller-runtime peer's binary: built from Go modules once, with a sign of life.

It is kept in the user's cache under a hash of its sources. Whether modules have to be fetched is
found out offline; only then is the network asked, and a source that does not answer within three
seconds ends the run with the remedy, instead of minutes of silence.
"""

import contextlib
import hashlib
import os
import shutil
from pathlib import Path
from typing import Final

from hack.bench.process import PeerError
from hack.cluster.errors import BuildError, ClusterError
from hack.cluster.go import Go
from hack.cluster.progress import Progress

SOURCES: Final = Path(__file__).parent / "controller-runtime"
_LONGEST: Final = 1800.0
_LISTING: Final = 60.0
_WITHOUT: Final = "or leave the peer out: --peers ours"


async def build(progress: Progress, *, program: str = "") -> Path:
    """Return the binary, built if its sources changed since the last build.

    Without a name it is that of the Widgets; the programs of other kinds are in folders beside it.

    Raises:
        PeerError: If there is no Go, no source of modules, or the build fails.
    """
    binary = _cache() / "-".join(
        filter(None, ("controller-runtime", program, _source_hash(program)))
    )
    if binary.exists():
        return binary
    found = shutil.which("go")
    if found is None:
        raise PeerError(
            "the controller-runtime peer is built with Go, which is not on PATH: get it from "
            f"go.dev or your system's packages, {_WITHOUT}"
        )
    binary.parent.mkdir(parents=True, exist_ok=True)
    fresh = binary.with_suffix(f".{os.getpid()}")
    try:
        await _build(Go(found), fresh, package=f"./{program}", progress=progress)
        fresh.replace(binary)
    finally:
        fresh.unlink(missing_ok=True)
    return binary


async def _build(go: Go, output: Path, *, package: str, progress: Progress) -> None:
    try:
        async with progress.step("looking for the modules of the controller-runtime peer"):
            if not await _has_modules(go, package):
                await go.check_source(folder=output.parent)
    except ClusterError as error:
        raise PeerError(
            "the controller-runtime peer is built from Go modules, which cannot be fetched now: "
            f"check `go env GOPROXY` and the network, {_WITHOUT}"
        ) from error
    try:
        async with progress.step(
            "building the controller-runtime peer (once; takes minutes)", detail=lambda: go.activity
        ):
            arguments = ("build", "-v", "-trimpath", f"-o={output}", package)
            await go.run(*arguments, folder=SOURCES, seconds=_LONGEST)
    except ClusterError as error:
        raise PeerError(f"{error}, {_WITHOUT}\n{error.detail}") from error


async def _has_modules(go: Go, package: str) -> bool:
    """Whether everything needed has been fetched before; asks no host."""
    with contextlib.suppress(BuildError):
        offline = {"GOPROXY": "off"}
        arguments = ("list", "-deps", package)
        await go.run(*arguments, folder=SOURCES, seconds=_LISTING, environment=offline)
        return True
    return False


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "pentad" / "bench"


def _source_hash(program: str) -> str:
    digest = hashlib.sha256()
    for path in sorted({*SOURCES.iterdir(), *(SOURCES / program).iterdir()}):
        if path.suffix in {".go", ".mod", ".sum"}:
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
