"""What a build of an image runs ends with it (needs root, as the build does)."""

import asyncio
import sys
from pathlib import Path

import pytest

from hack.cluster.errors import BuildError
from hack.images import programs
from tests.kit.eventually import eventually_blocking

LEAVES_A_CHILD = """
import subprocess, sys
child = subprocess.Popen(["sleep", "987.654"])
print("child started", flush=True)
child.wait()
"""


def run(script, *, seconds=30.0):
    """Run a script as programs are run."""
    return asyncio.run(programs.run(sys.executable, "-c", script, seconds=seconds))


def sleepers():
    """Return the command lines of processes that the script above left."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes())
        except OSError:  # it ended meanwhile
            continue
    return [each for each in found if each.startswith(b"sleep\0" + b"987.654")]


def test_its_output_is_returned():
    """What it printed, without what it complained of."""
    assert "a\n" == run("import sys; print('a'); print('b', file=sys.stderr)")


def test_a_failure_comes_with_its_last_words():
    """The exit code, and the end of what it said."""
    with pytest.raises(BuildError, match=r"failed \(3\)") as failed:
        run("import sys; print('because', file=sys.stderr); sys.exit(3)")

    assert "because" == failed.value.detail


def test_one_that_takes_too_long_ends_with_its_children():
    """Nothing goes on writing where it worked."""
    with pytest.raises(BuildError, match="took over"):
        run(LEAVES_A_CHILD, seconds=2.0)

    eventually_blocking(sleepers, within=30, where=lambda found: not found)
