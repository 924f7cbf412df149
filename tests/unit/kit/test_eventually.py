"""Waits end when the condition holds, and say what was there when it does not."""

import asyncio
import itertools
import socket
import threading

import pytest

from tests.kit.eventually import eventually, eventually_blocking
from tests.kit.leaks import no_leaks


def counting():
    """A probe that returns 0, 1, 2, …."""
    return itertools.count().__next__


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param({}, 1, id="truthy"),
        pytest.param({"equals": 3}, 3, id="equal"),
        pytest.param({"where": lambda n: n > 1}, 2, id="accepted"),
    ],
)
async def test_the_first_right_value_is_returned(condition, expected):
    """Looking stops at the first value that is right, in both ways of waiting."""
    assert expected == await eventually(counting(), **condition)
    assert expected == eventually_blocking(counting(), **condition)


async def test_a_probe_may_be_async():
    """A coroutine function is awaited at each look."""
    numbers = counting()

    async def probe():
        return numbers()

    assert 2 == await eventually(probe, equals=2)


async def test_a_failed_assertion_means_not_yet():
    """A probe may assert what it looks for."""
    numbers = counting()

    def probe():
        number = numbers()
        assert number == 2
        return "two"

    assert "two" == await eventually(probe)
    assert "done" == eventually_blocking(lambda: "done")


async def test_the_failure_tells_the_last_value():
    """The message has the bound, what was wanted and what was seen."""
    with pytest.raises(AssertionError, match=r"not within 0.02 s, wanted 3; last seen: \['a'\]"):
        await eventually(lambda: ["a"], equals=3, within=0.02)
    with pytest.raises(AssertionError, match=r"not within 0.02 s; last seen: 0"):
        eventually_blocking(lambda: 0, within=0.02)


async def test_the_failure_is_caused_by_the_last_assertion():
    """An assertion that never came true is the cause of the failure."""

    def probe():
        raise AssertionError("still wrong")

    with pytest.raises(AssertionError, match="not within") as failure:
        await eventually(probe, within=0.02)
    assert "still wrong" == str(failure.value.__cause__)


async def test_a_probe_that_hangs_is_bounded():
    """The bound holds for the probe as well."""
    with pytest.raises(AssertionError, match="the first look never ended"):
        await eventually(asyncio.Event().wait, within=0.02)


@pytest.mark.parametrize("error", [KeyError("k"), TimeoutError("the probe's own")])
async def test_any_other_exception_fails_at_once(error):
    """What is not a matter of time is not waited for."""

    def probe():
        raise error

    with pytest.raises(type(error)):
        await eventually(probe)
    with pytest.raises(type(error)):
        eventually_blocking(probe)


async def test_nothing_left_passes():
    """Tasks, sockets and threads that end within the block, or soon after, are no leaks."""
    async with no_leaks():
        end, other = socket.socketpair()
        end.close()
        other.close()
        thread = threading.Thread(target=str)
        thread.start()
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.Event().wait()).cancel()


async def test_a_task_left_behind_is_named():
    """The message has the task."""
    leaks = no_leaks(within=0.05)
    async with asyncio.TaskGroup() as group:
        await leaks.__aenter__()
        task = group.create_task(asyncio.Event().wait(), name="forgotten")
        with pytest.raises(AssertionError, match="name='forgotten'"):
            await leaks.__aexit__(None, None, None)
        task.cancel()


def test_a_socket_left_behind_is_named_with_its_ends():
    """The message has the addresses, so the owner can be told."""
    leaks = no_leaks(within=0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        leaks.__enter__()
        with (
            socket.create_connection(server.getsockname()),
            pytest.raises(AssertionError, match=str(server.getsockname()[1])),
        ):
            leaks.__exit__(None, None, None)


def test_a_thread_left_behind_is_named():
    """The message has the thread's name."""
    leaks = no_leaks(within=0.05)
    leaks.__enter__()
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="forgotten")
    thread.start()
    with pytest.raises(AssertionError, match="thread forgotten"):
        leaks.__exit__(None, None, None)
    end.set()
    thread.join()


def test_a_reused_descriptor_is_still_a_leak(tmp_path):
    """One closed and another opened in its place are two things, not a balance of zero."""
    (tmp_path / "one").touch()
    (tmp_path / "two").touch()
    first = (tmp_path / "one").open()
    leaks = no_leaks(within=0.05)
    leaks.__enter__()
    first.close()
    with (
        (tmp_path / "two").open(),
        pytest.raises(AssertionError, match=r"/two'\]$"),
    ):
        leaks.__exit__(None, None, None)


def test_a_failing_block_tells_its_own_failure():
    """What went wrong in the block is not hidden by what it left."""
    leaks = no_leaks(within=0.05)
    leaks.__enter__()
    with socket.socket():
        error = KeyError("the block's own")
        assert leaks.__exit__(KeyError, error, None) is None
