"""What `make setup` tells while packages are installed; tests/e2e/test_setup.py runs all of it."""

import subprocess
import sys
import threading

import pytest

from hack import setup

SLOW = "import time; print({line!r}, flush=True); time.sleep(0.5)"
STUCK = "import time; time.sleep(60)"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Tell more often than people need."""
    monkeypatch.setattr(setup, "PULSE_SECONDS", 0.1)


@pytest.mark.parametrize(
    ("line", "activity"),
    [
        ("Collecting aiohttp (from x)", "Collecting aiohttp"),
        ("Installing collected packages: six, yarl", "Installing collected packages"),
        ("Successfully installed six-1.17.0 yarl-1.25.1", "Successfully installed"),
    ],
)
def test_it_is_told_what_goes_on_and_for_how_long(capsys, line, activity):
    """Which package is at hand, and the time it takes; what pip says otherwise is left out."""
    assert 0 == setup._install([sys.executable, "-c", SLOW.format(line=line)])

    told = capsys.readouterr()
    assert "" == told.out
    lines = told.err.splitlines()
    assert f"setup: installing packages ({activity}): running for 0 s" in lines


def test_the_environment_itself_is_told_of_while_it_is_made(monkeypatch, tmp_path, capsys):
    """Unpacking pip takes long on a slow disk, before there is any package to name."""
    told = threading.Event()
    say = setup._say

    def heard(text):
        say(text)
        if "running for" in text:
            told.set()

    monkeypatch.setattr(setup, "_say", heard)
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(setup, "PYTHON", tmp_path / ".venv/bin/python")
    monkeypatch.setattr(setup, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(setup, "_install", lambda _: 0)
    monkeypatch.setattr("hack.setup.venv.create", lambda *_, **__: told.wait(10))

    setup._make_environment()

    assert "setup: making .venv: running for 0 s" in capsys.readouterr().err.splitlines()


def test_it_ends_at_its_limit(monkeypatch):
    """An installation that hangs is ended, and has failed."""
    monkeypatch.setattr(setup, "INSTALL_SECONDS", 0.3)

    assert 0 != setup._install([sys.executable, "-c", STUCK])


def test_what_is_quick_says_nothing(monkeypatch, capsys):
    """A failure is told by its code; its reason pip has said itself."""
    monkeypatch.setattr(setup, "PULSE_SECONDS", 60.0)

    assert 3 == setup._install([sys.executable, "-c", "raise SystemExit(3)"])
    assert "" == capsys.readouterr().err


def test_ctrl_c_is_told_in_one_line(monkeypatch, capsys):
    """Whoever does not want to wait for a build sees no traceback, but how it goes on."""

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(setup, "_make_environment", interrupted)

    assert 130 == setup.main()
    assert [
        "setup: interrupted; `make setup` goes on where it was"
    ] == capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("lacks", "says"),
    [
        (("sys.version_info", (3, 10, 4)), "Python 3.11 or newer is needed, this is 3.10"),
        (("venv.create", None), "`apt-get install python3-venv`"),
    ],
    ids=["an older Python", "no ensurepip"],
)
def test_what_a_machine_lacks_is_told_in_one_line(monkeypatch, tmp_path, capsys, lacks, says):
    """With the way to get it."""

    def without_ensurepip(*_, **__):
        raise subprocess.CalledProcessError(1, "ensurepip")

    name, value = lacks
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(setup, "PYTHON", tmp_path / ".venv/bin/python")
    monkeypatch.setattr(f"hack.setup.{name}", value or without_ensurepip)

    with pytest.raises(SystemExit) as ended:
        setup.main()

    assert 1 == ended.value.code
    assert says in capsys.readouterr().err.splitlines()[-1]
