"""The end of the process: its code, its last words, and what does not let the loop end."""

import asyncio
import os
import threading

import pytest

from controller import app
from controller.config import Config
from controller.ending import Ending
from controller.runtime.manager import EXIT_FAILED
from informers.clock import LoopClock
from informers.errors import ConfigError, TransportError

WITHIN = 0.05
NEVER = 600.0


@pytest.fixture
def left(monkeypatch):
    """Note the codes that the process was left with, and let then go what hung."""

    class Left(list):
        """Codes, and whether there are any."""

        let_go = threading.Event()

        def by(self, code):
            """Be `os._exit`."""
            self.append(code)
            self.let_go.set()

    found = Left()
    monkeypatch.setattr(os, "_exit", found.by)
    return found


def ended(work, *, within=NEVER):
    """Run this as the program does; return its code."""
    with Ending(within=within) as ending, asyncio.Runner() as runner:
        return runner.run(ending.of(work))


async def come_to(outcome):
    """End so."""
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


@pytest.mark.parametrize(
    ("outcome", "code", "says"),
    [
        (3, 3, ""),
        (ConfigError("no content", remedy="grant it"), 2, "pentad: no content: grant it\n"),
        (TransportError("cut"), 1, "pentad: TransportError: cut\n"),
        (ExceptionGroup("bugs", [KeyError("a bug")]), 1, "KeyError: 'a bug'"),
        (asyncio.CancelledError(), 1, "CancelledError"),
    ],
    ids=["a code", "configuration", "anything expected", "a bug", "a cancellation of its own"],
)
def test_what_ends_the_program_is_its_code_and_is_told(left, capsys, outcome, code, says):
    """In one line what is expected, with its traceback what is a bug; the loop ends by itself."""
    assert code == ended(come_to(outcome))

    said = capsys.readouterr().err
    assert says in said
    assert ("Traceback" in said) == (code == EXIT_FAILED and not said.startswith("pentad: "))
    assert [] == left


async def deaf(let_go):
    """Take no notice of being told to end, until let go."""
    while not let_go.is_set():
        try:
            await LoopClock().sleep(0.01)
        except asyncio.CancelledError:
            continue


async def begin_deaf_task(held, let_go):
    """Leave a task that nobody can end."""
    held.append(asyncio.get_running_loop().create_task(deaf(let_go)))
    await LoopClock().sleep(0)


async def begin_hung_thread(held, let_go):
    """Leave a thread in a call that does not return, as one that asks for a name may be."""
    held.append(asyncio.get_running_loop().run_in_executor(None, let_go.wait))


@pytest.mark.parametrize("begin", [begin_deaf_task, begin_hung_thread], ids=["task", "thread"])
@pytest.mark.parametrize("outcome", [3, ConfigError("no")], ids=["a code", "an error"])
def test_what_does_not_end_keeps_no_process_alive(left, capsys, begin, outcome):
    """The loop would wait for ever; the process ends with the code that it would have had."""
    held = []

    async def work():
        await begin(held, left.let_go)
        return await come_to(outcome)

    code = ended(work(), within=WITHIN)

    assert [code] == left
    assert ("pentad: no\n" == capsys.readouterr().err) == (code == 2)


def test_who_ends_in_time_is_not_cut_off(left):
    """Nor is whoever runs on after the loop has ended: a test, or a program around it."""
    assert 0 == ended(come_to(0), within=WITHIN)

    assert not left.let_go.wait(WITHIN * 3)


def test_an_interrupt_is_passed_on(left):
    """Whoever runs the program knows what it means; if something hangs, it was a clean end."""

    async def work():
        await begin_hung_thread([], left.let_go)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ended(work(), within=WITHIN)

    assert [0] == left


def test_a_program_that_is_cancelled_says_nothing(left, capsys):
    """An interrupt that asyncio caught cancels it; that is no bug."""

    async def work():
        asyncio.current_task().cancel()
        await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        ended(work())

    assert ([], "") == (left, capsys.readouterr().err)


def test_the_program_takes_its_end_from_the_time_to_stop(left, monkeypatch):
    """Two hundredths of it are for what does not let the loop end."""

    async def run(*_, **__):
        await begin_hung_thread([], left.let_go)
        return 3

    monkeypatch.setattr(app, "run", run)

    assert 3 == app.run_forever(Config(stop_seconds=5.0), log=None)
    assert [3] == left
