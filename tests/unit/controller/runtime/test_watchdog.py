"""One timer for all slots of a controller."""

import asyncio

import pytest

from controller.runtime.watchdog import Watchdog
from tests.kit.virtual import VirtualClock

pytestmark = pytest.mark.virtual


async def work(watchdog, clock, *durations):
    """Do several things one after the other; return which were cut short, and when all ended."""
    slot, cut = watchdog.enter(), []
    for duration in durations:
        watchdog.begin(slot, "k")
        try:
            await clock.sleep(duration)
        except asyncio.CancelledError:
            assert slot.expired
        cut.append(watchdog.end(slot))
    watchdog.leave(slot)
    return cut, clock.monotonic()


async def test_only_what_is_over_the_limit_is_cut_short():
    """Each thing has the whole limit for itself."""
    clock = VirtualClock()

    cut, ended = await work(Watchdog(clock, limit=10), clock, 9.9, 11, 10.5, 0.3, 100)

    assert [False, True, True, False, True] == cut
    assert ended == pytest.approx(9.9 + 10 + 10 + 0.3 + 10)


async def test_slots_do_not_disturb_each_other():
    """Many at once, begun at odd moments: each is cut at its own limit."""
    clock = VirtualClock()
    watchdog = Watchdog(clock, limit=10)

    async def later(wait, duration):
        await clock.sleep(wait)
        (cut,), ended = await work(watchdog, clock, duration)
        return cut, ended - wait

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(later(n * 0.37, 20 if n % 3 else 9)) for n in range(50)]

    for number, task in enumerate(tasks):
        cut, took = task.result()
        assert cut == bool(number % 3)
        assert took == pytest.approx(10 if cut else 9)


async def test_without_slots_there_is_no_timer():
    """A controller that has stopped keeps nothing alive."""
    clock = VirtualClock()
    watchdog = Watchdog(clock, limit=10)
    await work(watchdog, clock, 1)

    assert watchdog._timer is None
    assert [] == watchdog._slots
