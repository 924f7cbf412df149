"""The cluster of a test run ends with the run, however the run ends."""

import os
import signal
import subprocess
import sys

import pytest

from tests.integration.cluster.conftest import REPOSITORY
from tests.kit.eventually import eventually_blocking
from tests.kit.footprint import Footprint

WAITS = """
import pathlib, threading

def test_waits(cluster):
    pathlib.Path(__file__).with_name("ready").touch()
    threading.Event().wait(100)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_interrupted_run_leaves_no_cluster(tmp_path, cluster, number):
    """Ctrl-C, or a polite termination, takes the cluster down."""
    del cluster  # its programs are there once it is
    (tmp_path / "test_waits.py").write_text(WAITS)
    state = tmp_path / "state"
    options = ["-q", "-c", REPOSITORY / "pyproject.toml", "-p", "tests.kit.cluster"]
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, tmp_path / "test_waits.py"],
        env=os.environ | {"XDG_STATE_HOME": str(state), "PYTHONPATH": str(REPOSITORY)},
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        eventually_blocking((tmp_path / "ready").exists, within=80)
        during = Footprint.take(state, folders=())
        run.send_signal(number)
        output, _ = run.communicate(timeout=30)
    finally:
        run.kill()

    assert len(during.processes - {run.pid}) == 5
    assert "KeyboardInterrupt" in output
    assert frozenset() == Footprint.take(state, folders=()).processes
    assert [] == list(state.iterdir())
