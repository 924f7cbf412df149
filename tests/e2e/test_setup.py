"""`make setup`: silent where nothing is missing, one line where this machine lacks something.

On a terminal one more, that it is done.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hack.gen.__main__ import ROOT

CACHE = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
NEEDED = ("make", "sh")


@pytest.fixture
def checkout(tmp_path):
    """Return a copy of the tree whose environment is made, as its stamp says."""
    folder = tmp_path / "checkout"
    for name in ("hack", "informers", "requirements"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    python = folder / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    lock = (folder / "requirements/dev.txt").read_bytes()
    stamp = hashlib.sha256(lock + sys.version.encode()).hexdigest()
    (folder / ".venv/.made-from").write_text(stamp)
    return folder


@pytest.fixture
def without_go(tmp_path):
    """Return a PATH on which there is `make`, and no Go."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in NEEDED:
        (folder / name).symlink_to(str(shutil.which(name)))
    return str(folder)


def setup(checkout, path, *, stderr=subprocess.PIPE, **environ):
    """Run `make setup` with nothing in the environment but what it is given."""
    return subprocess.run(
        [str(shutil.which("make")), "setup", f"PYTHON={sys.executable}"],
        cwd=checkout,
        env={"PATH": path, "HOME": str(checkout), **environ},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        timeout=60,
        check=False,
    )


def everything(folder):
    """Return every file with its time of change, apart from what Python keeps for itself."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: path.stat().st_mtime_ns for path in files if path.parent.name != "__pycache__"}


@pytest.mark.usefixtures("cluster")
def test_where_all_is_there_it_does_nothing_and_says_nothing(checkout, without_go):
    """Not even Go is needed; no file changes."""
    before = everything(checkout)

    done = setup(checkout, without_go, XDG_CACHE_HOME=CACHE)

    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
    assert before == everything(checkout)


@pytest.mark.usefixtures("cluster")
def test_on_a_terminal_it_says_what_comes_next(checkout, without_go):
    """Somebody is there to read it, and would otherwise see nothing happen."""
    screen, terminal = os.openpty()
    try:
        done = setup(checkout, without_go, stderr=terminal, XDG_CACHE_HOME=CACHE)
        assert (0, "") == (done.returncode, done.stdout)
        assert b"setup: done; next: make run\r\n" == os.read(screen, 1000)
    finally:
        os.close(terminal)
        os.close(screen)


def test_without_go_one_line_says_where_it_is_had(checkout, without_go, tmp_path):
    """With an empty cache Go is needed: that is told in one line, with both ways out."""
    done = setup(checkout, without_go, XDG_CACHE_HOME=str(tmp_path / "cache"))

    told = [line for line in done.stderr.splitlines() if not line.startswith("make: ")]
    assert 0 != done.returncode
    assert "" == done.stdout
    [line] = told
    assert line.startswith("error: the control plane is built once with Go, which is not on PATH")
    assert "go.dev" in line
    assert "KUBEBUILDER_ASSETS" in line


def test_programs_that_fit_replace_go_and_cache(checkout, without_go, cluster, tmp_path):
    """KUBEBUILDER_ASSETS with every program of the version is enough on an empty machine."""
    assets = tmp_path / "assets"
    assets.mkdir()
    for name, path in cluster.life.record().binaries.items():
        (assets / name).symlink_to(path)

    done = setup(
        checkout,
        without_go,
        XDG_CACHE_HOME=str(tmp_path / "cache"),
        KUBEBUILDER_ASSETS=str(assets),
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert not (tmp_path / "cache").exists()
