"""The program around the manager: one line and an exit code for whatever goes wrong."""

import signal
import subprocess
import sys

import pytest

from controller import __main__ as program
from controller import app
from controller.cmd.manager import main
from controller.runtime.manager import stop_signals
from informers.errors import ConfigError, TransportError


def ending(monkeypatch, outcome):
    """Have the manager end so."""

    def run_forever(*_args, **_options):
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    monkeypatch.setattr(app, "run_forever", run_forever)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [(0, 0), (3, 3), (KeyboardInterrupt(), 0)],
    ids=["clean", "lost the lease", "Ctrl-C while it still waits for the server"],
)
def test_the_managers_code_is_the_programs(monkeypatch, outcome, code, capsys):
    """Nothing is added to what it said."""
    ending(monkeypatch, outcome)

    assert code == main([])
    assert ("", "") == tuple(capsys.readouterr())


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ConfigError("port 1 is taken", remedy="choose another"), 2, "port 1 is taken: choose"),
        (TransportError("cut"), 1, "TransportError: cut"),
    ],
    ids=["configuration", "anything expected"],
)
def test_an_error_is_one_line(monkeypatch, error, code, line, capsys):
    """On stderr, under the program's name, without a traceback."""
    ending(monkeypatch, error)

    assert code == main([])
    out, err = capsys.readouterr()
    assert err.startswith(f"pentad: {line}")
    assert ("", 1) == (out, err.count("\n"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_signals_to_stop_end_it_before_it_listens(monkeypatch, number):
    """Also a terminal that closes; what was done about them before is done again afterwards."""
    before = signal.getsignal(number)
    monkeypatch.setattr(app, "run_forever", lambda *_, **__: signal.raise_signal(number))

    assert 0 == main([])
    assert before == signal.getsignal(number)


def test_who_is_to_outlive_its_terminal_does(monkeypatch):
    """Under nohup SIGHUP is ignored from the start, and stays so."""
    monkeypatch.setattr(
        app, "run_forever", lambda *_, **__: signal.raise_signal(signal.SIGHUP) or 7
    )
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert 7 == main([])
        assert (signal.SIGTERM, signal.SIGINT) == stop_signals()
    finally:
        signal.signal(signal.SIGHUP, before)


def test_wrong_settings_end_before_anything_begins(capsys):
    """All of them in one go, with exit code 2."""
    assert 2 == main(["--log-level=loud", "--nonsense"])
    assert 3 == capsys.readouterr().err.count("\n")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [([], 2, "usage"), (["--help"], 0, "usage"), (["managr"], 2, "there is no program 'managr'")],
    ids=["nothing", "help", "a typing error"],
)
def test_a_program_has_to_be_named(arguments, code, says, capsys):
    """The usage lists those there are."""
    assert code == program.main(arguments)
    said = "".join(capsys.readouterr())
    assert says in said
    assert "manager" in said


def left(command, *, to):
    """Run this by a shell, with standard error going there; return the exit code."""
    script = f'exec "$0" "$@" 2>{to}'
    return subprocess.run(["sh", "-c", script, sys.executable, *command], check=False).returncode


def test_a_manager_can_be_started_without_standard_error():
    """It goes to nowhere then, so that no file or connection gets its number."""
    code = (
        "import os, sys; from controller import app; from controller.cmd.manager import main; "
        "app.run_forever = lambda *_, **__: 7 * os.path.samestat(os.fstat(2), os.stat(os.devnull));"
        "sys.exit(main([]))"
    )

    assert 7 == left(["-c", code], to="&-")


def test_what_cannot_be_told_is_still_an_exit_code():
    """A disk that is full makes no other failure of a wrong setting."""
    assert 2 == left(["-m", "controller", "manager", "--log-level=loud"], to="/dev/full")
