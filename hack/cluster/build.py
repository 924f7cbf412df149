"""Building a bundle from Go modules with the ordinary Go client.

Programs are built beside the cache folder and renamed into it one by one, under a lock that ends
with its holder: two builds at once take turns, the second finds everything there, and whoever is
interrupted leaves no half-written program. Whether modules have to be fetched is found out
offline; only then is the network asked, and a source that does not answer within three seconds
ends the build with the remedy.
"""

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from hack.cluster import modules
from hack.cluster.bundles import Bundle
from hack.cluster.errors import BuildError, MissingToolError
from hack.cluster.go import Go
from hack.cluster.lock import exclusive
from hack.cluster.progress import Progress

_LONGEST: Final = 3600.0
_LISTING: Final = 60.0


async def build(bundle: Bundle, *, progress: Progress) -> None:
    """Build the programs of a bundle that the cache lacks."""
    bundle.folder.parent.mkdir(parents=True, exist_ok=True)
    async with exclusive(
        bundle.folder.with_name(f"{bundle.folder.name}.lock"),
        holder=f"another build of {bundle.title}",
        seconds=_LONGEST,
        progress=progress,
    ):
        missing = [name for name in bundle.programs if not (bundle.folder / name).is_file()]
        if missing:
            with _work_folder(bundle) as work:
                await _build(bundle, missing, work=work, progress=progress)


@contextlib.contextmanager
def _work_folder(bundle: Bundle) -> Iterator[Path]:
    """Make a folder on the cache's file system; one left over is garbage, as we hold the lock."""
    work = bundle.folder.with_name(f"{bundle.folder.name}.building")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


async def _build(bundle: Bundle, missing: Sequence[str], *, work: Path, progress: Progress) -> None:
    go = Go(_find_go())
    folder = await modules.prepare(bundle, go=go, work=work)
    packages = [bundle.programs[name] for name in missing]
    async with progress.step(f"looking for the modules of {bundle.title}"):
        if not await _has_modules([*_tags(bundle), *packages], go=go, folder=folder):
            await go.check_source(folder=work)
    stamps = " ".join(f"-X {symbol}={value}" for symbol, value in bundle.stamps.items())
    output = work / "bin"
    output.mkdir()
    async with progress.step(
        f"building {bundle.title} (once; takes minutes)", detail=lambda: go.activity
    ):
        await go.run(
            "build",
            "-v",
            f"-mod={'readonly' if bundle.is_committed else 'mod'}",
            "-trimpath",
            *_tags(bundle),
            f"-ldflags=-s -w {stamps}",
            f"-o={output}/",
            *packages,
            folder=folder,
            seconds=_LONGEST,
        )
    bundle.folder.mkdir(exist_ok=True)
    for name, package in zip(missing, packages, strict=True):
        built = output / _output_name(package)
        if not built.is_file():
            raise BuildError(f"the Go client said it built {package}, but there is no {built.name}")
        built.replace(bundle.folder / name)


def _tags(bundle: Bundle) -> Sequence[str]:
    return (f"-tags={','.join(bundle.tags)}",) if bundle.tags else ()


def _find_go() -> str:
    go = shutil.which("go")
    if go is None:
        raise MissingToolError(
            "the control plane is built once with Go, which is not on PATH; "
            "get it from go.dev or your system's packages, "
            "or set KUBEBUILDER_ASSETS to a folder that has the programs"
        )
    return go


async def _has_modules(what: Sequence[str], *, go: Go, folder: Path) -> bool:
    """Whether everything needed has been fetched before; asks no host."""
    offline = {"GOPROXY": "off", "GOFLAGS": "-mod=readonly"}
    with contextlib.suppress(BuildError):
        await go.run("list", "-deps", *what, folder=folder, seconds=_LISTING, environment=offline)
        return True
    return False


def _output_name(package: str) -> str:
    """Follow the Go client: a major-version suffix is no name."""
    path = package.split("/")
    return path[-2] if path[-1][0] == "v" and path[-1][1:].isdigit() else path[-1]
