"""Builds the program that answers: the controller's own files, with a clock that can be set.

The files are taken from the module that the Go client fetched, into a work folder; nothing of them
is kept here. What is ours is `oracle.go`, which reaches what they do not export, and `main.go`.
The module graph is that of the Kubernetes this project builds, so what answers is what runs.
"""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from hack.cluster.bundles import MODULES
from hack.cluster.errors import MissingToolError
from hack.cluster.go import Go
from hack.cluster.modules import fetched
from hack.cluster.progress import Progress

SOURCES: Final = Path(__file__).parent
GRAPH: Final = MODULES / "kubernetes"
CONTROLLER: Final = Path("pkg/controller/podautoscaler")
CLOCK: Final = ("time.Now()", "Now()")
_LONGEST: Final = 1800.0


async def build(progress: Progress) -> Path:
    """Return the program, built unless it was before."""
    binary = _cache() / f"hpa-{_fingerprint()}"
    if binary.exists():
        return binary
    found = shutil.which("go")
    if found is None:
        raise MissingToolError("the oracle is built with Go, which is not on PATH: see go.dev")
    binary.parent.mkdir(parents=True, exist_ok=True)
    go = Go(found)
    with tempfile.TemporaryDirectory(dir=binary.parent) as folder:
        work = Path(folder)
        for name in ("go.mod", "go.sum"):
            shutil.copy(GRAPH / name, work)
        module = await fetched("k8s.io/kubernetes", "Dir", go=go, folder=work)
        _lay_out(module / CONTROLLER, work)
        async with progress.step("building the oracle (once)", detail=lambda: go.activity):
            arguments = ("build", "-v", "-mod=readonly", "-trimpath", "-o=oracle", ".")
            await go.run(*arguments, folder=work, seconds=_LONGEST)
        (work / "oracle").replace(binary)
    return binary


def _lay_out(controller: Path, work: Path) -> None:
    """Put the controller's files beside ours, and have them read our clock."""
    package = work / "podautoscaler"
    package.mkdir()
    for path in controller.glob("*.go"):
        if not path.name.endswith("_test.go"):
            (package / path.name).write_text(path.read_text().replace(*CLOCK))
    shutil.copy(SOURCES / "oracle.go", package)
    shutil.copy(SOURCES / "main.go", work)


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "pentad" / "oracle"


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in (*sorted(SOURCES.glob("*.go")), GRAPH / "go.mod", GRAPH / "go.sum"):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
