"""Processes are recognised across commands, and never mistaken."""

import os
import signal
import sys

import msgspec
import pytest

from hack.cluster import process
from hack.cluster.process import Incarnation
from tests.kit.eventually import eventually_blocking


@pytest.fixture
def sleeper(tmp_path):
    """Start a program that does nothing for a minute; it ends with the test."""
    started = process.start(["/bin/sleep", "60"], environment={}, log=tmp_path / "log")
    yield started
    started.send(signal.SIGKILL)
    eventually_blocking(lambda: not started.is_alive())


def test_started_process_stands_alone(sleeper):
    """It leads a session of its own, so the terminal's signals do not reach it."""
    assert sleeper.is_alive()
    assert os.getsid(sleeper.pid) == sleeper.pid


def test_output_is_appended_to_the_log(tmp_path):
    """Both streams end up in the file, after what was there."""
    log = tmp_path / "log"
    log.write_text("before\n")

    started = process.start(
        ["/bin/sh", "-c", "echo out; echo err >&2; echo $ONLY"], environment={"ONLY": "x"}, log=log
    )

    eventually_blocking(lambda: not started.is_alive())
    assert log.read_text() == "before\nout\nerr\nx\n"


def test_killed_process_is_dead_at_once_and_collected(sleeper):
    """After SIGKILL it does not count as alive, not even as a zombie, and none is left."""
    assert sleeper.send(signal.SIGKILL)

    eventually_blocking(lambda: not sleeper.is_alive())
    eventually_blocking(lambda: Incarnation.of(sleeper.pid) is None)
    assert not sleeper.send(signal.SIGKILL)


HEADLESS = """
import ctypes, os, threading
threading.Thread(target=os.read, args=(os.pipe()[0], 1)).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def test_process_without_its_first_thread_is_alive(tmp_path):
    """As long as any thread holds its files and sockets it counts; a zombie alone does not."""
    program = [sys.executable, "-c", HEADLESS]
    headless = process.start(program, environment={}, log=tmp_path / "log")

    eventually_blocking(lambda: process._stat(headless.pid)[0], equals="Z")
    assert headless.is_alive()
    assert headless.send(signal.SIGKILL)
    eventually_blocking(lambda: not headless.is_alive())


@pytest.mark.parametrize(
    "change", [{"started": 1}, {"boot": "another"}], ids=["another process", "another boot"]
)
def test_reused_number_is_never_hit(sleeper, change):
    """A process with the same number but another start or boot is neither seen nor signalled."""
    former = msgspec.structs.replace(sleeper, **change)

    assert not former.is_alive()
    assert not former.send(signal.SIGKILL)
    assert sleeper.is_alive()


def test_process_is_found_by_its_command_line(tmp_path):
    """A program is found by a text among its arguments, if it is one of those looked for."""
    marker = f"{tmp_path}/marker/"
    script = tmp_path / "etcd"
    script.write_text("#!/bin/sh\nsleep 60 & wait\n")
    script.chmod(0o755)
    started = process.start(["/bin/sh", str(script), marker], environment={}, log=tmp_path / "log")

    # A shell that is about to become its sleep looks like its parent.
    eventually_blocking(lambda: list(process.mentioning(marker, programs=["sh"])), equals=[started])
    others = list(process.mentioning(marker, programs=["kwok"]))

    os.killpg(started.pid, signal.SIGKILL)
    eventually_blocking(lambda: not started.is_alive())
    assert [] == others
