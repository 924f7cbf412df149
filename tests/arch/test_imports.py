"""Imports go one way, and the contracts that say so are shown to catch who goes the other."""

import graphlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import grimp
import pytest

from tests.arch.source import ROOT

PACKAGES: Final = ("informers", "controller", "reconcilers", "hack")

# For each contract: a module, and an import that it must not have.
VIOLATIONS: Final = {
    "C1": ("informers/violation.py", "import controller.runtime"),
    "C2": ("reconcilers/violation.py", "import reconcilers.neighbour"),
    "C3": ("informers/violation.py", "import kubernetes_asyncio.client"),
    "C4": ("informers/meta/violation.py", "import aiohttp"),
    "C7": ("controller/cli/violation.py", "import controller.runtime.apply"),
    "C8": ("reconcilers/violation.py", "import hack"),
}


def lint(folder: Path) -> dict[str, bool]:
    """Run import-linter on a tree; return which contracts are kept."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    results = re.findall(r"^(C\d+) .* (KEPT|BROKEN)(?: \(.*\))?$", done.stdout, re.MULTILINE)
    assert results, done.stdout + done.stderr
    return {name: verdict == "KEPT" for name, verdict in results}


def declared() -> set[str]:
    """Return the names of the contracts in pyproject.toml."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {entry["name"].split()[0] for entry in config["tool"]["importlinter"]["contracts"]}


@pytest.fixture(scope="module")
def broken(tmp_path_factory) -> dict[str, bool]:
    """Return the verdicts on a copy of the tree with one violation of each contract."""
    folder = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, folder / package, ignore=lambda _, names: _not_python(names)
        )
    (folder / "reconcilers" / "neighbour.py").touch()
    for file, statement in VIOLATIONS.values():
        with (folder / file).open("a") as module:
            module.write(f"{statement}\n")
    return lint(folder)


def _not_python(names: list[str]) -> set[str]:
    return {name for name in names if "." in name and not name.endswith(".py")} | {"__pycache__"}


def test_every_contract_is_kept():
    """The tree as it is breaks no contract."""
    assert dict.fromkeys(declared(), True) == lint(ROOT)


@pytest.mark.parametrize("contract", sorted(VIOLATIONS))
def test_a_contract_catches_its_violation(contract, broken):
    """An import the contract forbids turns it red, so green means something."""
    assert not broken[contract]


def test_every_contract_has_its_violation():
    """A new contract comes with an import that breaks it."""
    assert declared() == set(VIOLATIONS)


def test_no_module_imports_itself_by_a_detour():
    """There is no import cycle, imports for type checking and late ones included."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as cycle:
        pytest.fail(" → ".join(cycle.args[1]))
