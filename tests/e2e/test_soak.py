"""A minute of `make soak`, which otherwise runs for half an hour (T49)."""

import subprocess
import sys

import pytest

from hack.gen.__main__ import ROOT

SECONDS = 60
LIMIT = 480


@pytest.mark.timeout(LIMIT + 20)
def test_t49_a_minute_of_churn_faults_and_killed_leaders_ends_well():
    """Caches agree with the server, Widgets are what they should be, nothing has grown."""
    command = [sys.executable, "-m", "hack.soak", f"--seconds={SECONDS}"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    sys.stdout.write(done.stdout)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "all is as it should be" in done.stdout
    assert "leaders killed): running for" in done.stderr, "nobody was told what goes on"
