"""The Makefile is the one way in: what it offers, prepares and passes on."""

import itertools
import os
import re
import shlex
import shutil
import subprocess
from typing import Final

import pytest

from tests.arch.source import ROOT

TARGETS: Final = (
    *("setup", "run", "test", "e2e", "bench", "check", "generate", "verify", "fmt", "lint"),
    *("types", "arch", "soak", "env"),
)
OFFERED: Final = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
LIGHT: Final = (
    *("env", "check", "lint", "fmt", "types", "imports", "arch", "generate", "verify", "vectors"),
    *("lock", "images", "oracle-hpa", "oracle-cron"),
)
"""What needs no control plane."""
OUTER: Final = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "ARGS"}
"""What the make that runs these tests has told its children."""
ARGS: Final = "--some-argument"


def make(*arguments: str, dry: bool = True) -> str:
    """Return what make would do."""
    done = subprocess.run(
        [str(shutil.which("make")), *(["-n"] if dry else []), *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in OUTER},
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    return done.stdout


def commands(target: str, *arguments: str) -> str:
    """Return the last command that make would run for a target."""
    *_, last = make(target, *arguments).replace("\\\n", "").splitlines()
    return last


def test_help_comes_first():
    """Without a target the list of targets is printed, each with a word about it."""
    assert "help" == OFFERED[0]
    assert make(dry=False) == make("help", dry=False)
    listed = [line.split()[0] for line in make(dry=False).splitlines()]
    assert set(TARGETS) - {"lint", "types"} <= set(listed)


@pytest.mark.parametrize("target", [each for each in OFFERED if each != "help"])
def test_every_target_prepares_what_it_needs(target):
    """The first thing any target does is `hack/setup.py`; what runs nothing builds no programs."""
    first, *rest = make(target, "PYTHON=python3").splitlines()

    is_light = target in LIGHT
    assert f"python3 hack/setup.py{' --no-cluster' if is_light else ''}" == first
    assert not [line for line in rest if "hack/setup.py" in line]


def test_only_setup_itself_says_what_comes_next():
    """Who asked for anything else gets that next."""
    says = [target for target in OFFERED if "next: make run" in make(target)]

    assert ["setup"] == [target for target in says if target != "help"]
    assert "next: make run" not in make("setup", "test") + make("test", "setup")


@pytest.mark.parametrize(
    "target", [each for each in OFFERED if each in ("test", "e2e", "arch") or "test-" in each]
)
def test_arguments_reach_pytest(target):
    """ARGS= is passed on by every target that runs tests."""
    last = commands(target, f"ARGS={ARGS}")

    assert "-m pytest" in last or "-m hack.lanes" in last
    assert last.endswith(ARGS)


LANES: Final = [
    (target, shlex.split(lane))
    for target in ("test", "e2e")
    for lane in itertools.takewhile("--".__ne__, shlex.split(commands(target))[3:])
    if lane != "--then"
]
"""The lanes of a target, as pytest hears them; before them stands `python -m hack.lanes`."""


def taken(path, lane):
    """Whether a lane takes a file of tests: it is in what the lane says, and not left out."""
    said = [word for word in lane if not word.startswith("-")]
    left_out = [word.removeprefix("--ignore=") for word in lane if word.startswith("--ignore=")]
    return any(f"{path}/".startswith(f"{each}/") for each in said) and not any(
        f"{path}/".startswith(f"{each}/") for each in left_out
    )


def test_every_test_is_in_one_lane():
    """None is forgotten and none run twice; what of a file needs a real node is in another lane."""
    files = [path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")]
    lanes = [lane for _, lane in LANES if "--real-node=only" not in lane]
    (of_nodes,) = [lane for _, lane in LANES if "--real-node=only" in lane]
    (without,) = [lane for _, lane in LANES if "--real-node=none" in lane]
    counted = {path: sum(taken(path, lane) for lane in lanes) for path in files}

    assert {} == {path: count for path, count in counted.items() if count != 1}
    assert {True} == {taken(path, of_nodes) for path in files if taken(path, without)}


def test_every_folder_of_tests_is_run():
    """None is forgotten: `make test` and `make e2e` together run all there are."""
    run = set(re.findall(r"tests/\w+", make("test") + make("e2e")))
    folders = {
        f"tests/{path.name}" for path in (ROOT / "tests").iterdir() if any(path.rglob("test_*.py"))
    }

    assert folders == run


def test_the_first_commands_of_the_readme_are_the_first_of_the_checks():
    """`make run` and `make test` stand up front; CI runs the latter, then check, then e2e."""
    readme = (ROOT / "README.md").read_text()
    commands = re.findall(r"^    (make \w+)", readme, re.MULTILINE)
    steps = re.findall(r"^step (make \w+)$", (ROOT / ".ci/run").read_text(), re.MULTILINE)

    assert ["make run", "make test"] == commands[:2]
    assert ["make test", "make check", "make e2e"] == [
        each for each in steps if "setup" not in each
    ]
