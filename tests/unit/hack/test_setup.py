"""What `make setup` tells while packages are installed; tests/e2e/test_setup.py runs all of it."""

import sys

import pytest

from hack import setup

SLOW = "import time; print('Collecting aiohttp (from x)', flush=True); time.sleep(0.5)"
STUCK = "import time; time.sleep(60)"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Tell more often than people need."""
    monkeypatch.setattr(setup, "PULSE_SECONDS", 0.1)


def test_it_is_told_what_goes_on_and_for_how_long(capsys):
    """Which package is at hand, and the time it takes; what pip says otherwise is left out."""
    assert 0 == setup._install([sys.executable, "-c", SLOW])

    told = capsys.readouterr()
    assert "" == told.out
    lines = told.err.splitlines()
    assert "setup: installing packages (Collecting aiohttp): running for 0 s" in lines


def test_it_ends_at_its_limit(monkeypatch):
    """An installation that hangs is ended, and has failed."""
    monkeypatch.setattr(setup, "INSTALL_SECONDS", 0.3)

    assert 0 != setup._install([sys.executable, "-c", STUCK])


def test_what_is_quick_says_nothing(capsys):
    """A failure is told by its code; its reason pip has said itself."""
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
