"""`make soak`: what a run does before anything is disturbed, and what it is judged by."""

import os
import signal
import subprocess
import sys

import pytest

from hack.soak import __main__ as soak
from hack.soak.managers import Candidate
from hack.soak.reckoning import unproven


class NoRoomError(Exception):
    """Nothing is started here."""


@pytest.fixture
def as_before():
    """Have the tests be ended as before: a run that is told to end says so by itself."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("as_before")
def test_each_run_has_a_control_plane_of_its_own(monkeypatch):
    """Two at once neither write into nor remove each other's; one that is killed is swept away."""
    asked, ended = [], []

    def up(name, *, owner_pid):
        asked.append((name, owner_pid))
        raise NoRoomError

    monkeypatch.setattr(soak.Cluster, "up", up)
    monkeypatch.setattr(soak.Cluster, "down", lambda cluster: ended.append(cluster.name))
    for _ in range(2):
        with pytest.raises(NoRoomError):
            soak.main(["--seconds=1"])

    assert 2 == len({name for name, _ in asked})
    assert {os.getpid()} == {owner for _, owner in asked}
    assert [name for name, _ in asked] == ended


@pytest.mark.usefixtures("as_before")
def test_a_run_that_is_told_to_end_leaves_no_control_plane(monkeypatch):
    """A job that is cancelled is sent SIGTERM, which would end it where it stands."""
    ended = []

    def up(_name, *, owner_pid):
        os.kill(owner_pid, signal.SIGTERM)

    monkeypatch.setattr(soak.Cluster, "up", up)
    monkeypatch.setattr(soak.Cluster, "down", lambda cluster: ended.append(cluster.name))
    with pytest.raises(SystemExit) as caught:
        soak.main(["--seconds=1"])

    assert (128 + signal.SIGTERM, 1) == (caught.value.code, len(ended))


@pytest.mark.parametrize("said", ["-5", "0", "nan", "inf"])
def test_a_time_that_is_none_is_refused_before_anything_is_started(said, capsys):
    """With what would be one."""
    with pytest.raises(SystemExit) as caught:
        soak.main([f"--seconds={said}"])

    assert 2 == caught.value.code
    assert f"--seconds: '{said}': say more than 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("happened", "says"),
    [
        ({}, []),
        ({"writes": [3, 0]}, ["writer 1 wrote nothing"]),
        ({"faults": {"cut": 0, "lag": 0}, "seconds": 60.0}, ["nothing was disturbed"]),
        ({"faults": {"cut": 9, "lag": 0}, "seconds": 60.0}, []),
        ({"faults": {"cut": 9, "lag": 0}}, ["no fault of the kind lag"]),
        ({"leaders_killed": 0}, ["no leader was killed"]),
    ],
    ids=["all", "a lazy writer", "no fault", "by chance", "never in half an hour", "no kill"],
)
def test_a_run_in_which_something_did_not_happen_proves_nothing(happened, says):
    """It fails, and says what was missing."""
    all_of_it = {"writes": [3, 1], "faults": {"cut": 1, "lag": 1}, "leaders_killed": 2}

    assert says == unproven(**({"seconds": 1800.0} | all_of_it | happened))


@pytest.mark.parametrize(
    ("code", "is_wrong"), [(0, True), (1, True), (3, False)], ids=["clean", "failed", "lease lost"]
)
def test_a_manager_that_ends_by_itself_has_failed(tmp_path, code, is_wrong):
    """Unless it lost its Lease; its last words are told."""
    log = tmp_path / "log"
    log.write_text("I give up")
    process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])
    process.wait(timeout=20)

    told = Candidate(process, log).failure()

    assert (is_wrong, is_wrong) == (told is not None, "I give up" in (told or ""))
