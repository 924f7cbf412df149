"""Sources that hang, fail or take no notice, when a controller begins and when it ends."""

import asyncio

import pytest

from controller.runtime.builder import Builder
from controller.runtime.manager import EXIT_CLEAN
from informers.errors import ConfigError
from tests.kit.eventually import eventually
from tests.kit.widget.api import WIDGET
from tests.unit.controller.runtime.manager_world import Case
from tests.unit.controller.runtime.world import picture

pytestmark = pytest.mark.virtual


class Odd:
    """A source that misbehaves in one of its steps."""

    def __init__(self, clock, step, how):
        self._clock, self._step, self._how = clock, step, how
        self.done = []

    async def start(self, *_, **__):
        """Begin, or not."""
        await self._do("start")

    async def wait_synced(self):
        """Be ready, or not."""
        await self._do("wait_synced")

    async def stop(self):
        """End, or not."""
        await self._do("stop")

    async def _do(self, step):
        self.done.append(step)
        if step != self._step:
            return
        if self._how == "fails":
            raise KeyError("a bug")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if self._how == "hangs":
                raise
            await self._clock.sleep(1000)


def case_with(step, how, **options):
    """Return a manager with ten seconds to stop, one of whose controllers has such a source."""
    case = Case(elects=True, stop_seconds=10.0, **options)
    case.odd, case.other = Odd(case.clock, step, how), Odd(case.clock, "", "")
    case.odd.name = "odd"
    builder = Builder(case.runtime, "outside").and_source(case.odd).and_source(case.other)
    case.manager.controllers += (builder.complete(case),)
    return case


@pytest.mark.parametrize("how", ["hangs", "is deaf"])
@pytest.mark.parametrize("step", ["start", "wait_synced"])
async def test_a_start_that_hangs_lets_a_stop_through(step, how):
    """In its time; one that takes no notice of it is named and left behind."""
    case = case_with(step, how)
    async with case.running() as run:
        await eventually(lambda: step in case.odd.done)
        await case.clock.sleep(5)
        began = case.clock.monotonic()
        case.manager.stop()
        assert EXIT_CLEAN == await run

        assert (0 if how == "hangs" else 1) == round(case.clock.monotonic() - began, 3)
        assert (how == "is deaf") == case.manager.left_behind
        await case.clock.sleep(1000)

    assert "caches_synced" not in case.log.events()
    told = [line["source"] for line in case.log.told("source_ignores_cancellation")]
    assert (["odd"] if how == "is deaf" else []) == told


@pytest.mark.parametrize("how", ["hangs", "is deaf"])
@pytest.mark.parametrize("step", ["start", "wait_synced"])
async def test_a_start_that_hangs_is_given_up(step, how):
    """As a cache is that does not come."""
    case = case_with(step, how, sync_seconds=20.0)
    with pytest.raises(ConfigError, match="outside are not complete after 20 s"):
        await case.manager.run()

    assert case.clock.monotonic() <= 22
    await case.clock.sleep(1000)


@pytest.mark.parametrize(
    ("how", "says", "seconds"),
    [
        ("fails", "KeyError('a bug')", 0),
        ("hangs", "it took longer than 0.5 s", 0.5),
        ("is deaf", "it took longer than 0.5 s", 0.5),
    ],
)
async def test_a_source_that_does_not_stop_keeps_nothing_else_from_it(how, says, seconds):
    """It is named; other sources are stopped, Events written, and the lease is given back.

    Unless it takes no notice of being told to end: then it may still act.
    """
    case = case_with("stop", how)
    async with case.running() as run:
        case.election.win()
        await case.leading()
        case.runtime.recorder.tell(WIDGET, picture(), "Ended", "the last word")
        began = case.clock.monotonic()
        case.manager.stop()
        assert EXIT_CLEAN == await run

        assert seconds == round(case.clock.monotonic() - began, 3)
        assert (how == "is deaf") == case.manager.left_behind
        await case.clock.sleep(1000)

    assert "stop" in case.other.done
    assert 1 == len(case.wire.sent("POST"))
    assert (how != "is deaf") == ("lease released" in case.story)
    [told] = case.log.told("source_not_stopped")
    assert ("outside", "odd", says) == (told["controller"], told["source"], told["error"])
    assert (how == "fails") == (told["exc_info"] is not None)


async def test_a_source_without_a_name_is_called_by_its_class():
    """Nobody has to give it one."""
    case = case_with("stop", "fails")
    del case.odd.name
    async with case.running() as run:
        case.election.win()
        await case.leading()
        case.manager.stop()
        await run

    assert ["Odd"] == [line["source"] for line in case.log.told("source_not_stopped")]
