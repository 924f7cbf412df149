"""Which images there are, and what each is made of. Pure, but for reading the files it names.

A recipe has a key: the hash of all that goes in. What was built from the same key is taken from the
cache, so a build with nothing changed does nothing. The state of Debian's repository is no part of
it: `--fresh` fetches what has been mended there since.
"""

import hashlib
import platform
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import attrs

from hack.cluster.errors import UsageError
from hack.gen.__main__ import ROOT

SUITE: Final = "bookworm"
ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_HERE: Final = Path(__file__).parent
_TESTS: Final = ROOT / "tests/images/Dockerfile"
_MAKERS: Final = ("archive", "buildah", "inventory", "sbom", "wheels")
"""Whose code decides what an image and the list of it are."""
_COREUTILS: Final = ("coreutils", "findutils", "grep", "sed")


@attrs.frozen(kw_only=True)
class Base:
    """A Debian tree: these packages, what they need to run, and nothing else.

    `links` are further names of files, as other images call them.
    """

    name: str
    packages: tuple[str, ...]
    links: Mapping[str, str] = {}

    @property
    def key(self) -> str:
        """The hash of all that goes in."""
        makers = [(_HERE / f"{name}.py").read_bytes() for name in ("debian", "tree")]
        links = sorted(f"{name}>{target}" for name, target in self.links.items())
        return _hash(SUITE, architecture(), *sorted(self.packages), *links, *makers)


@attrs.frozen(kw_only=True)
class Recipe:
    """An image: a target of a Dockerfile on a base.

    `requirements` is a lock whose wheels the build installs. `release` is the variable by which the
    program of the image learns the tag it was loaded under, if it asks for that.
    """

    name: str
    base: Base
    dockerfile: Path = _TESTS
    context: Path = ROOT / "tests/standin"
    requirements: Path | None = None
    release: str | None = None

    @property
    def reference(self) -> str:
        """The name under which it is loaded unless another is given."""
        return f"docker.io/local/{self.name}:dev"

    @property
    def key(self) -> str:
        """The hash of all that goes in."""
        parts: list[bytes | str] = [self.name, self.base.key, self.dockerfile.read_bytes()]
        parts += [(_HERE / f"{name}.py").read_bytes() for name in _MAKERS]
        for path in self.sources():
            parts += [str(path.relative_to(self.context)), path.read_bytes()]
        return _hash(*parts)

    def sources(self) -> Iterator[Path]:
        """Yield the files that the target takes of its context, in a fixed order."""
        for name in sorted(copied(self.dockerfile.read_text(), self.name)):
            path = self.context / name
            found = sorted(path.rglob("*")) if path.is_dir() else [path]
            yield from (
                each for each in found if each.is_file() and "__pycache__" not in each.parts
            )


PYTHON: Final = Base(
    name="python",
    packages=("python3.11", "ca-certificates"),
    links={
        "usr/local/bin/python": "/usr/bin/python3.11",
        "usr/local/bin/python3": "/usr/bin/python3.11",
    },
)
RECIPES: Final = {
    each.name: each
    for each in (
        Recipe(
            name="pentad",
            base=PYTHON,
            dockerfile=ROOT / "Dockerfile",
            context=ROOT,
            requirements=ROOT / "requirements/runtime.txt",
        ),
        Recipe(name="penin-service", base=PYTHON, release="PENIN_RELEASE"),
        Recipe(name="redis", base=Base(name="redis", packages=("redis-server",))),
        Recipe(name="postgres", base=Base(name="postgres", packages=("postgresql-15",))),
        Recipe(
            name="tools",
            base=Base(
                name="tools",
                packages=(
                    *_COREUTILS,
                    "ca-certificates",
                    "curl",
                    "postgresql-client-15",
                    "redis-tools",
                ),
            ),
        ),
    )
}


def find(name: str) -> Recipe:
    """Return the recipe of this name."""
    if name not in RECIPES:
        raise UsageError(f"there is no image {name!r}: use one of {', '.join(RECIPES)}")
    return RECIPES[name]


def architecture() -> str:
    """Return what Debian and OCI call this machine's."""
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise UsageError(f"images are made for {', '.join(ARCHITECTURES)}; this is {machine}")
    return ARCHITECTURES[machine]


def copied(dockerfile: str, target: str) -> set[str]:
    """Return what a target copies out of the context, with the stages that it takes from."""
    text = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", dockerfile))
    stages: dict[str, str] = {}
    for stage in re.split(r"(?m)^(?=FROM )", text)[1:]:
        _, _, name = stage.partition("\n")[0].partition(" AS ")
        stages[name.strip()] = stage
    found: set[str] = set()
    waiting, seen = [target], set[str]()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for words in re.findall(r"(?m)^COPY (.*)$", stages[name]):
            *sources, _ = (each for each in words.split() if not each.startswith("--"))
            (other,) = re.findall(r"--from=(\S+)", words) or [""]
            if other in stages:
                waiting += {other} - seen
            elif not other:
                found.update(sources)
    return found


def _hash(*parts: bytes | str) -> str:
    """Return a hash in which no two lists of parts meet by being joined."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(b"%d:" % len(data) + data)
    return total.hexdigest()[:16]
