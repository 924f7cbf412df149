"""The images in the user's cache: built when they are not there, found when they are.

Whoever builds one holds its lock; what is written appears whole or not at all. The newest of each
name are kept, since several checkouts share the cache.
"""

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs
import msgspec

from hack.cluster.layout import cache_home
from hack.cluster.lock import exclusive
from hack.cluster.progress import Progress
from hack.images import buildah, debian, inventory, programs, sbom
from hack.images.archive import Archive
from hack.images.recipes import Base, Recipe

_AT_ONCE: Final = 2
_KEPT: Final = 6
_LONGEST: Final = 1800.0


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of an image; sizes in bytes. `seconds` is how long it took to build."""

    name: str
    digest: str
    packed: int
    unpacked: int
    packages: int
    seconds: float


@attrs.frozen
class Built:
    """An image that is there."""

    recipe: Recipe
    path: Path

    @property
    def archive(self) -> Archive:
        """The image."""
        return Archive(self.path)

    @property
    def sbom(self) -> Path:
        """The list of what it is made of."""
        return self.path.with_suffix(".sbom.json")

    @property
    def facts(self) -> Facts:
        """What is known of it."""
        return msgspec.json.decode(self._facts.read_bytes(), type=Facts)

    @property
    def is_there(self) -> bool:
        """Whether it is; the facts are written last."""
        return self._facts.is_file()

    @property
    def _facts(self) -> Path:
        return self.path.with_suffix(".facts.json")

    def write(self, image: Path, *, seconds: float) -> None:
        """Describe an image that was built, and put it here."""
        archive = Archive(image)
        content, digest = archive.content(inventory.is_told), archive.digest
        packages = inventory.packages(content.files, content.links)
        listed = sbom.document(
            self.recipe.name,
            version=self.recipe.key,
            digest=digest,
            release=inventory.release(content.files),
            packages=packages,
        )
        facts = Facts(
            name=self.recipe.name,
            digest=digest,
            packed=content.packed,
            unpacked=content.unpacked,
            packages=len(packages),
            seconds=round(seconds, 1),
        )
        self.sbom.write_bytes(msgspec.json.format(msgspec.json.encode(listed)))
        image.replace(self.path)
        self._facts.write_bytes(msgspec.json.encode(facts))

    def remove(self) -> None:
        """Forget it."""
        for path in (self._facts, self.sbom, self.path):
            path.unlink(missing_ok=True)


async def provide(
    recipes: Sequence[Recipe], *, fresh: bool = False, progress: Progress
) -> list[Built]:
    """Return the images of recipes, built if they are not there or have to be fresh.

    Two are built at a time: one waits for the network or the disk while the other computes.
    """
    found: dict[str, Built] = {}
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(recipe: Recipe) -> None:
        async with places:
            found[recipe.name] = await _provide(recipe, fresh=fresh, progress=progress)

    try:
        async with asyncio.TaskGroup() as group:
            for recipe in recipes:
                group.create_task(one(recipe))
    except BaseExceptionGroup as several:
        raise _first(several) from several
    return [found[recipe.name] for recipe in recipes]


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


async def _provide(recipe: Recipe, *, fresh: bool, progress: Progress) -> Built:
    home = cache_home() / "images"
    built = Built(recipe, home / f"{recipe.name}-{recipe.key}.tar")
    if built.is_there and not fresh:
        built.path.touch()  # the oldest by use are removed first
        return built
    programs.check()
    async with _turn(home, recipe.name, progress) as work:
        if built.is_there and not fresh:
            return built
        began = time.perf_counter()
        base = await _base(recipe.base, fresh=fresh, progress=progress)
        async with progress.step(f"building the image {recipe.name}"):
            image = work / "image.tar"
            await buildah.build(recipe, base=base, output=image, work=work, shared=home)
            built.write(image, seconds=time.perf_counter() - began)
        for old in _surplus(home, recipe.name):
            Built(recipe, old).remove()
    return built


async def _base(base: Base, *, fresh: bool, progress: Progress) -> Path:
    """Return the archive of a base."""
    home = cache_home() / "images"
    path = home / f"base-{base.name}-{base.key}.tar"
    async with _turn(home, f"base-{base.name}", progress) as work:
        if fresh or not path.is_file():
            async with progress.step(f"making the Debian tree {base.name}"):
                made = work / "base.tar"
                await debian.make(base, made, work=work)
                made.replace(path)
        path.touch()
        for old in _surplus(home, f"base-{base.name}"):
            old.unlink()
    return path


def _surplus(home: Path, name: str) -> list[Path]:
    """Return the archives of a name that have not been used for longest."""
    found = [each for each in home.glob(f"{name}-*.tar") if each.stem.rpartition("-")[0] == name]
    return sorted(found, key=lambda each: each.stat().st_mtime, reverse=True)[_KEPT:]


@contextlib.asynccontextmanager
async def _turn(home: Path, name: str, progress: Progress) -> AsyncIterator[Path]:
    """Hold the lock of a name, with a work folder; one left over is garbage then."""
    holder = f"another build of {name}"
    lock = home / f"{name}.lock"
    async with exclusive(lock, holder=holder, seconds=_LONGEST, progress=progress):
        with _work_folder(home / f"{name}.building") as work:
            yield work


@contextlib.contextmanager
def _work_folder(work: Path) -> Iterator[Path]:
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
