"""Where each program comes from: found on this machine, in the user's cache, or built.

Found means KUBEBUILDER_ASSETS, then PATH, and counts only if the program says a version that
fits: the asked minor (the exact version, if one was asked for). The cache holds what was built
before, keyed by version; the rest is left to `build`.
"""

import asyncio
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from hack.cluster import build
from hack.cluster.bundles import Bundle, bundles, tools
from hack.cluster.progress import Progress
from hack.cluster.releases import Release, Version

_PATIENCE: Final = 3.0
_VERSION_FLAGS: Final = {"kubectl": ("version", "--client")}


async def provide(release: Release, *, progress: Progress, node: bool = False) -> dict[str, str]:
    """Return the path of every program of a release, building those that are nowhere."""
    found: dict[str, str] = {}
    for bundle in bundles(release, node=node):
        found |= await _provide_bundle(bundle, is_exact=release.is_exact, progress=progress)
    return found


async def provide_tools(*, progress: Progress) -> dict[str, str]:
    """Return the path of every program that is no part of a cluster, building those not there."""
    found: dict[str, str] = {}
    for bundle in {each.name: each for each in tools().values()}.values():
        found |= await _provide_bundle(bundle, is_exact=True, progress=progress)
    return found


async def provide_tool(name: str, *, progress: Progress) -> str:
    """Return the path of a program that is no part of a cluster; it is built if need be."""
    found = await _provide_bundle(tools()[name], is_exact=True, progress=progress)
    return found[name]


async def _provide_bundle(
    bundle: Bundle, *, is_exact: bool, progress: Progress
) -> Mapping[str, str]:
    names = bundle.programs if bundle.is_looked_for else ()
    async with asyncio.TaskGroup() as group:
        tasks = {
            name: group.create_task(_fitting(name, bundle.version, is_exact=is_exact))
            for name in names
        }
    elsewhere = {name: task.result() for name, task in tasks.items()}
    found = {name: elsewhere.get(name) or _cached(bundle, name) for name in bundle.programs}
    if not all(found.values()):
        await build.build(bundle, progress=progress)
    return {name: str(path or bundle.folder / name) for name, path in found.items()}


def _cached(bundle: Bundle, name: str) -> Path | None:
    path = bundle.folder / name
    return path if path.is_file() else None


async def _fitting(name: str, wanted: Version, *, is_exact: bool) -> Path | None:
    for path in _candidates(name):
        version = await _version_of(path, name)
        if version is not None and (
            version == wanted or (version.is_minor_of(wanted) and not is_exact)
        ):
            return path
    return None


def _candidates(name: str) -> Iterator[Path]:
    for folders in (os.environ.get("KUBEBUILDER_ASSETS"), os.environ.get("PATH")):
        if folders and (path := shutil.which(name, path=folders)):
            yield Path(path)


async def _version_of(path: Path, name: str) -> Version | None:
    """Ask a program for its version; one that does not answer in time has none."""
    try:
        process = await asyncio.create_subprocess_exec(
            path,
            *_VERSION_FLAGS.get(name, ("--version",)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(_PATIENCE):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return None
    return Version.find(output.decode(errors="replace"))
