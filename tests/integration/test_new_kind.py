"""A scaffolded kind is complete: it costs what CONTRIBUTING says, passes the checks, and works."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from hack.gen.__main__ import ROOT
from hack.gen.tree import MARK

NEW_FILES: Final = 10
EDITED_FILES: Final = 2
_COPIED: Final = (
    *("informers", "controller", "reconcilers", "hack", "manifests", "docs", "requirements"),
    *("pyproject.toml", "tests"),
)


def run(folder, *command):
    """Run a Python module in the copy; return what it prints, or fail with that."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def contents(folder):
    """Return every file of the tree with its text; caches of tools aside."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and "cache" not in str(path.relative_to(folder))
    }


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """Return a copy of the tree in which a family has its first kind."""
    folder = tmp_path_factory.mktemp("tree")
    ignored = shutil.ignore_patterns("__pycache__", "go", "controller-runtime", "*.json")
    for name in _COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    if (ROOT / ".mypy_cache").exists():
        shutil.copytree(ROOT / ".mypy_cache", folder / ".mypy_cache")
    run(folder, "hack.new_kind", "throwaway", "First")
    return folder


@pytest.fixture(scope="module")
def changes(copy) -> dict[str, set[str]]:
    """Return what one more kind of that family adds and edits, generated files apart."""
    before = contents(copy)
    run(copy, "hack.new_kind", "throwaway", "SecondThing")
    after = contents(copy)
    by_hand = {name for name, text in after.items() if MARK not in text[:200]}
    return {
        "new": by_hand - before.keys(),
        "edited": {name for name in by_hand & before.keys() if before[name] != after[name]},
        "generated": {name for name in after.keys() - by_hand if before.get(name) != after[name]},
    }


def test_a_kind_costs_ten_new_files_and_two_edits(changes):
    """What is to be written by hand is counted, and the number is the one that is promised."""
    assert len(changes["new"]) == NEW_FILES
    assert len(changes["edited"]) == EDITED_FILES


def test_contributing_tells_the_cost(changes):
    """The guide for contributors names the same numbers."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    told = re.search(r"(\d+) new files and (\d+) edited ones", text)

    assert told
    assert (len(changes["new"]), len(changes["edited"])) == (int(told[1]), int(told[2]))


def test_everything_that_follows_is_generated(changes, copy):
    """CRD, roles and reference page of the kind are there and agree with its types."""
    assert "manifests/crd/secondthings.throwaway.io.yaml" in changes["generated"]
    assert "manifests/rbac/throwaway.yaml" in changes["generated"]
    assert "docs/reference/secondthing.throwaway.io_v1alpha1.md" in changes["generated"]
    assert "up to date" in run(copy, "hack.gen", "verify")


def test_a_new_kind_passes_every_check(changes, copy):
    """Linted, formatted, typed and within the architecture's limits as it comes."""
    files = sorted(name for name in changes["new"] | changes["edited"] if name.endswith(".py"))

    run(copy, "ruff", "check", *files)
    run(copy, "ruff", "format", "--check", *files)
    run(copy, "mypy", "-p", "reconcilers", "-p", "controller.families")
    run(copy, "pytest", "-q", "tests/arch/test_sizes.py")
    run(copy, "pytest", "-q", "tests/arch/test_imports.py", "-k", "kept or detour")


@pytest.mark.usefixtures("changes")
def test_a_new_kind_works(copy):
    """Its own tests pass, the one on a real cluster included."""
    assert "passed" in run(copy, "pytest", "-q", "tests/unit/reconcilers/throwaway")
    assert "1 passed" in run(
        copy, "pytest", "-q", "tests/integration/throwaway/test_second_thing.py"
    )


@pytest.mark.usefixtures("changes")
def test_what_was_there_holds_with_a_family_as_well(copy):
    """Tests of the manager's settings do not rely on there being no family."""
    assert "passed" in run(copy, "pytest", "-q", "tests/unit/controller/test_config.py")
