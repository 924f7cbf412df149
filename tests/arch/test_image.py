"""What of the image can be judged without building it: what goes in, who it is, how it starts."""

import fnmatch
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.arch.source import ROOT, SHIPPED, sources

DOCKERFILE: Final = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
STEPS: Final = [
    line.split(maxsplit=1) for line in re.sub(r"\\\n\s*", "", DOCKERFILE).splitlines() if line
]
COPIED: Final = [
    words.split() for step, words in STEPS if step == "COPY" and not words.startswith("--from")
]
REMOVED: Final = [
    path.replace("/", ".") for path in re.findall(r"/packages/(kubernetes_asyncio/\S+)", DOCKERFILE)
]
EXTRAS: Final = {"opentelemetry"}
"""What is loaded on request alone, and asked for in one line where it is not there."""
ENTER: Final = """
import sys
class Gone:
    def find_spec(self, name, *_):
        if name.startswith(tuple(sys.argv[1:])):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Gone())
from informers.connection import _enter
print(*(_enter(name).__name__ for name in ("incluster_config", "kube_config", "openid")))
"""


def of(step: str) -> list[str]:
    """Return what all steps of a kind say."""
    return [words for name, words in STEPS if name == step]


@pytest.fixture(scope="module")
def app(tmp_path_factory) -> Path:
    """Return the folder of the program as the image has it, with nothing else of the tree."""
    folder = tmp_path_factory.mktemp("image")
    for source, target in COPIED:
        if target != "/":
            shutil.copytree(ROOT / source, folder / Path(target).relative_to("/image"))
    return folder / "app"


def run(app: Path, *command: str) -> str:
    """Run a command as the image would, on the packages of this environment."""
    done = subprocess.run(
        command,
        cwd=app,
        env={"PYTHONPATH": str(app), "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout


def test_the_image_takes_what_ships_and_its_lock():
    """The three packages and the requirements, all there, and nothing else gets into the build."""
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    taken = {line.removeprefix("!") for line in ignored if line.startswith("!")}

    assert {*SHIPPED, "requirements/runtime.txt"} == taken
    assert taken == {source for source, _ in COPIED}
    assert "*" in ignored
    assert all((ROOT / source).exists() for source in taken)


def test_packages_are_those_of_the_lock():
    """Versions and hashes are the lock's, and nothing is built from source."""
    (install,) = [words for words in of("RUN") if "pip install" in words]

    assert "--require-hashes --only-binary=:all:" in install
    assert "-r /runtime.txt" in install


def test_the_image_runs_as_nobody_in_particular():
    """Neither root nor a user that the host may know."""
    (user,) = of("USER")

    assert all(int(part) >= 10_000 for part in user.split(":"))


def test_stages_share_one_python_and_it_is_one_that_is_supported():
    """What is compiled in the first is what runs in the second."""
    assert {"${BASE}"} == {words.split()[0] for words in of("FROM")}

    (default,) = of("ARG")
    assert fnmatch.fnmatch(default, "BASE=python:3.1[1-9]-slim-*")


def test_the_entry_command_starts_the_manager(app):
    """On the copied folders alone, `docker run IMAGE manager --help` lists the settings."""
    (entry,), (command,) = of("ENTRYPOINT"), of("CMD")
    python, *rest = [*json.loads(entry), *json.loads(command)]
    assert "python" == python

    assert "--lease-name" in run(app, sys.executable, *rest, "--help")


def test_nothing_needs_the_folders_that_are_left_out(app):
    """The library is entered in every way there is while what was removed cannot be imported."""
    assert 2 == len(REMOVED)

    entered = run(app, sys.executable, "-c", ENTER, *REMOVED)

    assert 3 == len(entered.split())


def test_all_that_ships_imports_is_in_the_lock():
    """A package that only a developer's environment has would be missed at run time."""
    locked = set(
        re.findall(r"^([\w-]+)==", (ROOT / "requirements/runtime.txt").read_text(), re.MULTILINE)
    )
    roots = {
        name
        for source in sources()
        if source.name.startswith(SHIPPED)
        for name in re.findall(r"^ *(?:from|import) (\w+)", source.text, re.MULTILINE)
    }
    distributions = importlib.metadata.packages_distributions()
    needed = {
        name: [each.lower().replace("_", "-") for each in distributions[name]]
        for name in roots - {*SHIPPED, *sys.stdlib_module_names, *EXTRAS}
        if name in distributions
    }

    assert len(needed) > 5
    assert {} == {name: found for name, found in needed.items() if not locked & set(found)}
