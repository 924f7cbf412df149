"""The command under test, run as a user runs it."""

import os
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

REPOSITORY = Path(__file__).parents[3]


@attrs.frozen
class Command:
    """`python -m hack.cluster` with an environment of its own."""

    environment: dict[str, str]

    def __call__(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run it to its end, whatever that is."""
        return subprocess.run(
            [sys.executable, "-m", "hack.cluster", *arguments],
            env=os.environ | self.environment,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def ok(self, *arguments: str) -> str:
        """Run it and return what it prints; it must succeed."""
        done = self(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
def command(tmp_path, cluster):
    """Return the command with an empty state folder; what it started ends with the test."""
    del cluster  # its programs are there once it is
    state = tmp_path / "state"
    made = Command({"XDG_STATE_HOME": str(state)})
    yield made
    for folder in (state / "pentad/clusters").glob("*/"):
        made.ok("down", "--name", folder.name)
