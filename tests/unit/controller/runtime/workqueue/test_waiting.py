"""Standing in line: wake-ups go by turn, and none is lost or left behind."""

import asyncio

import pytest

from controller.runtime.workqueue.waiting import Waiters, rest

pytestmark = pytest.mark.virtual(seeds=3)


async def _stand(waiters: Waiters, name: str, woken: list[str]) -> None:
    await waiters.wait()
    woken.append(name)


async def _line_up(group, waiters, names, woken):
    """One task per name, in line in this order under any schedule."""
    tasks = {}
    for name in names:
        tasks[name] = group.create_task(_stand(waiters, name, woken))
        while len(waiters.line) < len(tasks):
            await rest()
    return tasks


async def test_wake_ups_go_by_turn() -> None:
    """Each wake-up wakes the task that has waited longest."""
    waiters, woken = Waiters(), []
    async with asyncio.TaskGroup() as group:
        tasks = await _line_up(group, waiters, "abc", woken)
        for name in "abc":
            waiters.wake()
            await tasks[name]

    assert ["a", "b", "c"] == woken


async def test_waking_nobody_does_nothing() -> None:
    """A wake-up is not saved for later: who comes must look first."""
    waiters = Waiters()
    waiters.wake()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await waiters.wait()


async def test_wake_all_empties_the_line() -> None:
    """Everybody is woken at once."""
    waiters, woken = Waiters(), []
    async with asyncio.TaskGroup() as group:
        await _line_up(group, waiters, "abcd", woken)
        waiters.wake_all()
        assert not waiters.line

    assert set("abcd") == set(woken)


async def test_a_wake_up_is_passed_on_when_its_task_is_cancelled() -> None:
    """The next in line gets what a task that was woken and then cancelled will not use."""
    waiters, woken = Waiters(), []
    async with asyncio.TaskGroup() as group:
        tasks = await _line_up(group, waiters, "ab", woken)
        waiters.wake()
        tasks["a"].cancel()
        await tasks["b"]

    assert ["b"] == woken


async def test_a_cancelled_task_leaves_the_line() -> None:
    """Tasks that gave up take no memory and no wake-up."""
    waiters, woken = Waiters(), []
    async with asyncio.TaskGroup() as group:
        tasks = await _line_up(group, waiters, "abc", woken)
        tasks["b"].cancel()
        await asyncio.wait([tasks["b"]])
        assert 2 == len(waiters.line)
        waiters.wake()
        waiters.wake()

    assert {"a", "c"} == set(woken)


async def test_a_task_may_be_cancelled_as_it_is_woken() -> None:
    """A wake-up that meets a cancelled task goes to the next one."""
    waiters, woken = Waiters(), []
    async with asyncio.TaskGroup() as group:
        tasks = await _line_up(group, waiters, "ab", woken)
        tasks["a"].cancel()
        waiters.wake()

    assert (["b"], 0) == (woken, len(waiters.line))
