"""The cache: what is there is taken, what is not is built once, and nothing half-made is left."""

import asyncio
import io
import json
import os
import tarfile
from pathlib import Path

import attrs
import pytest

from hack.cluster.errors import BuildError
from hack.cluster.node import oci
from hack.cluster.progress import Progress
from hack.images import buildah, debian, programs, store
from hack.images.recipes import Base, Recipe

STATUS = b"Package: libx\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n"


def layer():
    """Return the layer of an image with one package."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        entry = tarfile.TarInfo("var/lib/dpkg/status")
        entry.size = len(STATUS)
        tar.addfile(entry, io.BytesIO(STATUS))
    return output.getvalue()


@attrs.define
class World:
    """Builders that write at once, and what they were asked."""

    home: Path
    recipe: Recipe
    calls: list[str] = attrs.field(factory=list)
    fails: bool = False

    async def make(self, base, output, *, work):
        """Make a base."""
        self.calls.append(base.name)
        output.write_bytes(b"base")
        (work / "left").mkdir()

    async def build(self, recipe, *, output, **_):
        """Build an image."""
        self.calls.append(recipe.name)
        if self.fails:
            output.write_bytes(b"half")
            raise BuildError("no")
        output.write_bytes(oci.wrap(recipe.reference, layer(), {"config": {}}))

    def provide(self, *recipes, fresh=False):
        """Ask for images."""
        wanted = recipes or (self.recipe,)
        return asyncio.run(store.provide(wanted, fresh=fresh, progress=Progress(io.StringIO())))

    def files(self):
        """Return what is in the cache, without locks."""
        return {each.name for each in self.home.iterdir() if each.suffix != ".lock"}


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Return a cache of the test's own, and builders that are quick."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "Dockerfile").write_text("FROM x AS web\n")
    recipe = Recipe(
        name="web",
        base=Base(name="small", packages=()),
        dockerfile=tmp_path / "Dockerfile",
        context=tmp_path,
    )
    made = World(tmp_path / "pentad" / "images", recipe)
    monkeypatch.setattr(debian, "make", made.make)
    monkeypatch.setattr(buildah, "build", made.build)
    monkeypatch.setattr(programs, "check", lambda: None)
    return made


def test_what_is_there_is_not_built_again(world):
    """The second time nothing is called, and the same is found."""
    (first,) = world.provide()
    (second,) = world.provide()

    assert ["small", "web"] == world.calls
    assert first == second
    assert ["libx"] == [each["name"] for each in json.loads(first.sbom.read_bytes())["components"]]
    facts = first.facts
    assert ("web", 1, len(STATUS)) == (facts.name, facts.packages, facts.unpacked)
    assert first.archive.digest == facts.digest


def test_a_changed_recipe_is_built_on_the_base_that_is_there(world):
    """The base has a key of its own."""
    world.provide()
    world.recipe.dockerfile.write_text("FROM x AS web\nUSER 1\n")
    world.provide()

    assert ["small", "web", "web"] == world.calls


def test_fresh_makes_both_anew(world):
    """Whatever is in the cache."""
    world.provide()
    world.provide(fresh=True)

    assert ["small", "web", "small", "web"] == world.calls


def test_a_failed_build_leaves_nothing_and_is_tried_again(world):
    """The error is that of the builder; half an archive is not taken for a whole one."""
    world.fails = True
    with pytest.raises(BuildError, match="no"):
        world.provide()
    left = world.files()
    world.fails = False
    (built,) = world.provide()

    assert {f"base-small-{world.recipe.base.key}.tar"} == left
    assert built.is_there


def test_several_at_once_share_a_base(world):
    """Whoever comes second waits for it."""
    world.recipe.dockerfile.write_text("FROM x AS web\nFROM x AS other\n")
    other = attrs.evolve(world.recipe, name="other")

    assert ["web", "other"] == [each.recipe.name for each in world.provide(world.recipe, other)]
    assert 1 == world.calls.count("small")


def test_only_the_newest_are_kept(world):
    """Those that have not been used for longest go, with all that is beside them."""
    built = []
    for number in range(8):
        world.recipe.dockerfile.write_text(f"FROM x AS web\nUSER {number}\n")
        built += world.provide()
        os.utime(built[-1].path, (number, number))
    world.recipe.dockerfile.write_text("FROM x AS web\n")
    built += world.provide()

    assert built[-1].is_there
    assert not built[0].is_there
    assert 6 == len([name for name in world.files() if name.startswith("web-")]) / 3
