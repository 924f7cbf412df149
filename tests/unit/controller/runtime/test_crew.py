"""Tasks that may not end when they are told to, and who answers for them."""

import asyncio

import pytest

from controller.runtime.crew import Crew
from tests.kit.eventually import eventually
from tests.kit.virtual import VirtualClock

pytestmark = pytest.mark.virtual(seeds=5)


async def deaf(clock, seconds, noted=None):
    """Go on for so long after being told to end; note how often that was."""
    until = None
    while until is None or clock.monotonic() < until:
        try:
            await clock.sleep(1000.0 if until is None else until - clock.monotonic())
        except asyncio.CancelledError:
            until = until or clock.monotonic() + seconds
            if noted is not None:
                noted.append(clock.monotonic())


async def fail(clock, seconds):
    """Raise after so long."""
    await clock.sleep(seconds)
    raise KeyError("a bug")


async def test_who_does_not_end_in_time_is_named_and_left_behind():
    """The wait is bounded; who ends later is no longer counted."""
    clock, crew = VirtualClock(), Crew("c")
    async with asyncio.TaskGroup() as group:
        crew.join(group)
        crew.create_task(deaf(clock, 1), name="quick")
        crew.create_task(deaf(clock, 50), name="slow")
        await clock.sleep(1)
        assert 0 == crew.left_behind
        assert ["slow"] == await crew.dismiss(2)

    assert (3, 1) == (clock.monotonic(), crew.left_behind)
    await clock.sleep(50)
    assert 0 == crew.left_behind


async def test_a_failure_ends_the_group_and_the_group_the_others():
    """What it raised is raised there once, and nobody is waited for but by who dismisses."""
    clock, crew, noted = VirtualClock(), Crew("c"), []

    async def live():
        async with asyncio.TaskGroup() as group:
            crew.join(group)
            crew.create_task(deaf(clock, 5, noted), name="deaf")
            crew.create_task(fail(clock, 3), name="fails")
            try:
                await asyncio.Event().wait()
            finally:
                assert [] == await crew.dismiss(60)

    with pytest.raises(ExceptionGroup) as caught:
        await live()

    assert [KeyError] == [type(error) for error in caught.value.exceptions]
    assert (8, [3]) == (clock.monotonic(), noted)


async def test_nobody_is_told_to_end_twice():
    """Whoever tells it: the end of the group, a stop that is cut short, and the next one."""
    clock, crew, noted = VirtualClock(), Crew("c"), []

    async def live():
        async with asyncio.TaskGroup() as group:
            crew.join(group)
            crew.create_task(deaf(clock, 30, noted), name="deaf")
            await clock.sleep(1)
            group.create_task(crew.dismiss(60))
            group.create_task(fail(clock, 2))

    with pytest.raises(ExceptionGroup):
        await live()

    assert ([1], 1) == (noted, crew.left_behind)
    assert [] == await crew.dismiss(60)
    assert (31, [1]) == (clock.monotonic(), noted)


async def test_a_crew_that_nobody_oversees_yet_can_be_dismissed():
    """Or one whose overseer was ended before it began."""
    crew = Crew("c")
    crew.create_task(asyncio.Event().wait(), name="waits")
    assert [] == await crew.dismiss(1)

    other = Crew("d")

    async def live():
        async with asyncio.TaskGroup() as group:
            other.join(group)
            other.create_task(asyncio.Event().wait(), name="waits")
            raise KeyError("at once")

    with pytest.raises(ExceptionGroup):
        await live()
    assert [] == await other.dismiss(1)
    assert 0 == other.left_behind


async def test_a_failure_that_nobody_is_left_to_raise_is_told_by_the_loop():
    """It comes after the end of the group; asyncio reports what nobody asked for."""
    clock, crew, told = VirtualClock(), Crew("c"), []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    async def clean_up():
        try:
            await asyncio.Event().wait()
        finally:
            await fail(clock, 1)

    async with asyncio.TaskGroup() as group:
        crew.join(group)
        crew.create_task(clean_up(), name="late")
        await clock.sleep(1)
        await crew.dismiss(0.5)
    await eventually(lambda: told)

    assert isinstance(told[0]["exception"], KeyError)


@pytest.mark.parametrize(
    ("seconds", "is_done"), [(1, True), (30, False)], ids=["in time", "too late"]
)
async def test_who_waits_for_something_waits_no_longer_than_it_may(seconds, is_done):
    """What takes longer is told to end; if it ends only later, it is of those left behind."""
    clock, crew, noted = VirtualClock(), Crew("c"), []

    async def work():
        if is_done:
            await clock.sleep(seconds)
        else:
            await deaf(clock, seconds, noted)

    assert is_done == await crew.wait_for(work(), name="work", limit=5)

    assert min(seconds, 5) == clock.monotonic()
    assert ([] if is_done else ["work"]) == await crew.dismiss(0)
    await clock.sleep(60)
    assert (0, [] if is_done else [5]) == (crew.left_behind, noted)


async def test_what_is_waited_for_raises_where_it_is_waited_for():
    """It is the business of whoever waits, and ends nobody else."""
    clock, crew = VirtualClock(), Crew("c")
    async with asyncio.TaskGroup() as group:
        crew.join(group)
        with pytest.raises(KeyError, match="a bug"):
            await crew.wait_for(fail(clock, 1), name="work", limit=5)
        await clock.sleep(1)
        assert [] == await crew.dismiss(0)

    assert 2 == clock.monotonic()


async def test_whoever_waits_can_be_told_to_end_whatever_becomes_of_it():
    """What was waited for is told as well, once, and not waited for."""
    clock, crew, noted = VirtualClock(), Crew("c"), []
    async with asyncio.TaskGroup() as group:
        work = deaf(clock, 30, noted)
        waiting = group.create_task(crew.wait_for(work, name="work", limit=100))
        await clock.sleep(1)
        waiting.cancel()

    assert ["work"] == await crew.dismiss(2)
    assert (3, [1]) == (clock.monotonic(), noted)
