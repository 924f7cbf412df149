"""A cluster needs no root."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hack.cluster.cluster import Cluster
from tests.integration.cluster.conftest import REPOSITORY
from tests.kit.footprint import Footprint

NOBODY = 65534
# Imported first: the interpreter and the code may lie where only their owner can read them.
PROGRAM = """
import concurrent.futures.thread, encodings.idna, os, sys
from hack.cluster.__main__ import main
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid({user})
    os.setuid({user})
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def home(cluster):
    """Return a home folder of an ordinary user, with the programs in a folder all can read."""
    del cluster  # its programs are there once it is
    folder = Path(tempfile.mkdtemp(prefix="pentad-home-"))
    folder.chmod(0o755)
    programs = folder / "programs"
    programs.mkdir()
    for name, path in Cluster.provide_programs().items():
        try:
            os.link(path, programs / name)
        except OSError:  # another file system
            shutil.copy(path, programs / name)
    (folder / "home").mkdir()
    if os.geteuid() == 0:
        os.chown(folder / "home", NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


def run(home, *arguments):
    """Run the command as a user without rights."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(user=NOBODY), *arguments],
        env={
            "HOME": str(home / "home"),
            "PATH": os.environ["PATH"],
            "KUBEBUILDER_ASSETS": str(home / "programs"),
        },
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_cluster_runs_without_root(home):
    """An ordinary user gets a whole cluster, of which no process is root's, and ends it again."""
    root = home / "home/.local/state/pentad/clusters/plain"
    up = run(home, "up", "--name", "plain", "--fake-nodes", "1")
    try:
        status = run(home, "status", "--name", "plain")
        processes = Footprint.take(root, folders=()).processes
        users = {Path(f"/proc/{pid}").stat().st_uid for pid in processes}
    finally:
        down = run(home, "down", "--name", "plain")

    assert up.returncode == 0, up.stderr
    assert status.returncode == 0, status.stderr
    assert len(processes) == 5
    assert 0 not in users
    assert down.returncode == 0, down.stderr
    assert not root.exists()
