"""The alarm: one timer, set to the earliest moment, never trusted for long."""

import asyncio
import math

import pytest

from controller.runtime.workqueue.alarm import HEARTBEAT, Alarm
from informers.clock import LoopClock

pytestmark = pytest.mark.virtual
CLOCK = LoopClock()


class _Bell:
    def __init__(self) -> None:
        self.rang: list[float] = []
        self.alarm = Alarm(lambda: self.rang.append(CLOCK.monotonic()))


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        ((3.0,), [3.0]),
        ((3.0, 1.0), [1.0]),
        ((1.0, 3.0), [1.0]),
        ((-5.0,), [0.0]),
        ((60.0,), [HEARTBEAT]),
        ((math.inf,), []),
    ],
    ids=["one", "earlier", "later-is-ignored", "past", "heartbeat", "never"],
)
async def test_it_rings_once_at_the_earliest_moment(moments, expected) -> None:
    """The earliest moment counts, and a far one is looked at again after a heartbeat."""
    bell = _Bell()
    for moment in moments:
        bell.alarm.set(moment, now=0.0)
    await CLOCK.sleep(100)

    assert expected == bell.rang


async def test_it_can_be_cancelled_and_set_again() -> None:
    """A cancelled alarm is silent, and a later moment may be set then."""
    bell = _Bell()
    bell.alarm.set(1.0, now=0.0)
    bell.alarm.cancel()
    bell.alarm.cancel()
    bell.alarm.set(2.0, now=0.0)
    await CLOCK.sleep(5)

    assert [2.0] == bell.rang


async def test_it_keeps_one_timer() -> None:
    """However often the moment moves, the loop holds one live timer."""
    bell, loop = _Bell(), asyncio.get_running_loop()
    for i in range(1000):
        bell.alarm.set(5.0 - i / 1000, now=0.0)

    assert 1 == sum(not timer.cancelled() for timer in loop._scheduled)
