"""One run of buildah: a Dockerfile becomes an archive, and nothing of the run is left.

Its storage is thrown away with the work folder, so two builds share nothing. Files are copied
instead of overlaid, and commands run in a mere chroot: that works within containers, too. No
registry can be reached: pulling is off, the list of registries is empty, and the base is a file.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pip

from hack.images import wheels
from hack.images.programs import run
from hack.images.recipes import Recipe

_SECONDS: Final = 900.0
_PIP_CONFIG: Final = "[global]\nno-index = true\nfind-links = /wheels\n"
_REGISTRIES: Final = "unqualified-search-registries = []\n"


async def build(
    recipe: Recipe, *, base: Path | None, output: Path, work: Path, shared: Path
) -> None:
    """Write the archive of an image; without a base the Dockerfile's own would be taken."""
    environment = {"CONTAINERS_REGISTRIES_CONF": _write(work / "registries.conf", _REGISTRIES)}
    storage = (f"--root={work}/storage", f"--runroot={work}/run", "--storage-driver=vfs")
    volumes: list[str] = []
    if recipe.requirements is not None:
        fetched = await wheels.fetch(recipe.requirements, shared, work=work)
        volumes += _pip(fetched, work)
    await run(
        "buildah",
        *storage,
        "bud",
        "--isolation=chroot",
        "--pull-never",
        "--layers=false",
        "--timestamp=0",
        "--format=oci",
        f"--file={recipe.dockerfile}",
        f"--ignorefile={recipe.context / '.dockerignore'}",
        f"--target={recipe.name}",
        *(() if base is None else (f"--build-arg=BASE=oci-archive:{base}",)),
        *(f"--volume={each}:ro" for each in volumes),
        f"--tag={recipe.reference}",
        str(recipe.context),
        seconds=_SECONDS,
        environment=environment,
    )
    target = f"oci-archive:{output}:{recipe.reference}"
    push = ("push", "--quiet", recipe.reference, target)
    await run("buildah", *storage, *push, seconds=_SECONDS, environment=environment)


def _pip(folder: Path, work: Path) -> Iterator[str]:
    """Lend the build a pip and what it installs; they are mounted, so no layer has them."""
    place = f"/usr/local/lib/python{wheels.PYTHON}/dist-packages/pip"
    yield f"{Path(pip.__file__).parent}:{place}"
    yield f"{_write(work / 'pip.conf', _PIP_CONFIG)}:/etc/pip.conf"
    yield f"{folder}:/wheels"


def _write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)
