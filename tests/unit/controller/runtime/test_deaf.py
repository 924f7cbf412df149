"""Reconciles that take no notice of their cancellation, when the manager stops."""

import asyncio

import pytest

from controller.runtime.manager import EXIT_CLEAN
from tests.kit.eventually import eventually
from tests.unit.controller.runtime.test_manager import Case
from tests.unit.controller.runtime.world import thing

pytestmark = pytest.mark.virtual


class Deaf:
    """A reconcile that takes no notice of its cancellation, until the test lets it end."""

    def __init__(self, clock, *, seconds):
        self._clock, self._seconds = clock, seconds

    async def __call__(self):
        """Go on for so long after it was told to end."""
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await self._clock.sleep(self._seconds)


@pytest.mark.parametrize(
    ("seconds", "is_released", "left"),
    [(0, True, 0), (0.5, True, 0), (1000, False, 1)],
    ids=["returns", "takes a moment", "goes on"],
)
async def test_a_reconcile_that_ignores_its_cancellation_is_told(seconds, is_released, left):
    """Once, with its key and the remedy; the stop goes on in its time, and keeps the lease."""
    case = Case(elects=True, stop_seconds=10.0)
    case._act = Deaf(case.clock, seconds=seconds)
    async with case.running() as run:
        case.election.win()
        await eventually(lambda: "reconcile ns/w" in case.story)
        began = case.clock.monotonic()
        case.manager.stop()
        assert EXIT_CLEAN == await run
        assert case.clock.monotonic() - began <= 10
        assert left == case.manager.left_behind
        await case.clock.sleep(2000)

    [told] = case.log.told("reconcile_ignores_cancellation")
    assert ("widget", "ns/w") == (told["controller"], told["key"])
    assert "catch Exception and not BaseException" in told["remedy"]
    assert is_released == ("lease released" in case.story)


async def test_a_worker_that_was_told_to_end_takes_no_further_key():
    """Though its reconcile swallowed what told it: the queue is not emptied past the limit."""
    case = Case(stop_seconds=10.0)
    case.wire.content["widgets"] = [thing(f"w{number}") for number in range(20)]
    case._act = Deaf(case.clock, seconds=0)
    async with case.running() as run:
        await eventually(
            lambda: len([line for line in case.story if "reconcile " in line]), equals=4
        )
        case.manager.stop()
        await run

    assert 4 == len([line for line in case.story if "reconcile " in line])
    assert 4 == len(case.log.told("reconcile_ignores_cancellation"))
