"""The load on real processors as a process: it burns what it is told, and answers."""

import http.client
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hack.cluster.ports import free_port
from hack.gen.__main__ import ROOT
from tests.kit.eventually import eventually_blocking

PROGRAM = ROOT / "tests/standin/load/__main__.py"
TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture
def start(tmp_path):
    """Return a function that starts it; it returns the process, and how it is asked."""
    (tmp_path / "pods").mkdir()
    running = []

    def launch(ready="yes"):
        port = free_port()
        environment = {"LOAD": str(tmp_path), "LOAD_READY": ready, "LOAD_PORT": str(port)}
        running.append(subprocess.Popen([sys.executable, PROGRAM], env=environment))

        def ask(path):
            server = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            try:
                server.request("GET", path)
                answer = server.getresponse()
                return answer.status, answer.read().decode()
            except ConnectionError as error:
                raise AssertionError("it does not listen yet") from error
            finally:
                server.close()

        return running[-1], ask

    yield launch
    for process in running:
        process.kill()
        process.wait(timeout=10)


def burnt(process):
    """Return how many seconds of a processor a process has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def test_a_ready_pod_burns_its_part(start, tmp_path):
    """And says how many jobs wait."""
    (tmp_path / "cores").write_text("0.5")
    (tmp_path / "jobs").write_text("35")
    process, ask = start()

    eventually_blocking(lambda: ask("/health"), equals=(200, ""))
    assert (200, "jobs 35\n") == ask("/metrics")
    before = burnt(process)
    eventually_blocking(lambda: burnt(process) - before > 0.5, within=30)


def test_what_all_share_is_not_for_one_that_is_not_ready(start, tmp_path):
    """It has no file among theirs."""
    _, ask = start("no")

    eventually_blocking(lambda: ask("/health"), equals=(503, ""))
    assert [] == list((tmp_path / "pods").iterdir())


def test_one_that_is_to_fail_ends(start):
    """At once, so that nothing is measured of it."""
    process, _ = start("crash")

    assert 1 == process.wait(timeout=10)


def test_it_ends_when_it_is_told_to(start):
    """In the orderly way."""
    process, ask = start()
    eventually_blocking(lambda: ask("/health"), equals=(200, ""))

    process.terminate()

    assert 0 == process.wait(timeout=10)
