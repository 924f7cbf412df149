"""Reconciles and sources that take no notice of their cancellation, when the manager stops."""

import asyncio

import pytest

from controller.runtime.builder import Builder
from controller.runtime.election.machine import Outcome
from controller.runtime.manager import EXIT_LEASE_LOST
from controller.runtime.source import IteratorSource
from informers.errors import FenceClosed
from tests.kit.eventually import eventually
from tests.unit.controller.runtime.manager_world import Case
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
        assert await case.stopped_at_work(run) <= 10
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


@pytest.mark.virtual(seeds=10)
@pytest.mark.parametrize(
    ("seconds", "left"), [(0.5, 0), (1000, 1)], ids=["takes a moment", "goes on"]
)
async def test_a_failure_elsewhere_tells_of_a_deaf_reconcile_as_well(seconds, left):
    """It has its time to clean up while its caches live, and who must end the process knows."""

    async def fail():
        await case.clock.sleep(5)
        raise KeyError("a bug")

    case = Case(background=[fail], stop_seconds=10.0)
    case._act = Deaf(case.clock, seconds=seconds)
    with pytest.raises(ExceptionGroup) as caught:
        await case.manager.run()

    assert caught.group_contains(KeyError, match="a bug")
    assert left == case.manager.left_behind
    assert 5 + min(seconds, 1) == round(case.clock.monotonic(), 3)
    [told] = case.log.told("reconcile_ignores_cancellation")
    assert "ns/w" == told["key"]
    assert (not left) == ("reconciled" in case.story)


async def test_a_source_that_ignores_its_cancellation_is_left_behind_as_well():
    """It is named with the remedy, the stop takes its time and no more, and the lease is kept."""
    case = Case(elects=True, stop_seconds=10.0)
    go_on = Deaf(case.clock, seconds=1000)

    async def keys():
        yield "ns/w"
        await go_on()

    source = IteratorSource("others", keys, clock=case.clock)
    builder = Builder(case.runtime, "outside").and_source(source)
    case.manager.controllers = (builder.complete(case),)
    async with case.running() as run:
        assert 1 == round(await case.stopped_at_work(run), 3)
        assert 1 == case.manager.left_behind
        await case.clock.sleep(1000)

    assert "lease released" not in case.story
    [told] = case.log.told("source_ignores_cancellation")
    assert ("outside", "others") == (told["controller"], told["source"])
    assert "catch Exception and not BaseException" in told["remedy"]
    assert 0 == case.manager.left_behind


async def test_an_error_in_a_clean_up_is_told_as_what_it_is():
    """The reconcile did end when it was told to; that its last write was refused is no deafness."""
    case = Case(elects=True, stop_seconds=10.0)

    async def act():
        try:
            await asyncio.Event().wait()
        finally:
            raise FenceClosed("not leading")

    case._act = act
    async with case.running() as run:
        case.election.win()
        await eventually(lambda: "reconcile ns/w" in case.story)
        case.election.end(Outcome.LOST)
        assert EXIT_LEASE_LOST == await run

    assert [] == case.log.told("reconcile_ignores_cancellation")
    [told] = case.log.told("reconcile_failed")
    assert ("ns/w", "FenceClosed", None) == (told["key"], told["reason"], told["exc_info"])
    assert 0 == case.manager.left_behind
