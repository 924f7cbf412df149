"""Reading a clock directly must tell what the clock tells."""

import asyncio

import pytest
import uvloop

from controller.runtime.workqueue.reading import reading_of
from informers.clock import LoopClock
from tests.kit.virtual import VirtualClock


class _Custom(LoopClock):
    def monotonic(self) -> float:
        return 42.0


async def _reading_and_loop_time(clock) -> tuple[float, float]:
    return reading_of(clock)(), asyncio.get_running_loop().time()


@pytest.mark.virtual
@pytest.mark.parametrize("clock", [LoopClock(), VirtualClock()], ids=["loop", "virtual"])
async def test_virtual_time_is_read_from_the_virtual_loop(clock) -> None:
    """Under a virtual loop the reading is virtual."""
    await clock.sleep(1000)

    assert 1000.0 == reading_of(clock)()


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_real_loops_are_read_through_the_system(run) -> None:
    """The system's clock is the loop's own, apart from the turn by which uvloop lags."""
    reading, loop_time = run(_reading_and_loop_time(LoopClock()))

    assert pytest.approx(loop_time, abs=0.1) == reading


async def test_a_clock_of_another_make_is_asked_itself() -> None:
    """A subclass that tells its own time is believed."""
    assert 42.0 == reading_of(_Custom())()
