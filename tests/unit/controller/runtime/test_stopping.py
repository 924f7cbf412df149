"""One deadline for the whole stop, whatever stands in its way."""

import asyncio
import os
import signal

import attrs
import pytest

from controller.runtime.builder import Builder
from controller.runtime.manager import CLOSED
from controller.runtime.source import IteratorSource
from informers.clock import LoopClock
from tests.kit.eventually import eventually
from tests.kit.widget.api import WIDGET
from tests.unit.controller.runtime.manager_world import Candidacy, Case, Server
from tests.unit.controller.runtime.world import picture

SECONDS = 30.0


class Stuck(Candidacy):
    """An election whose server does not answer and whose thread hangs in the system."""

    async def release(self, *, timeout):
        """Take all the time there is, in vain."""
        self._story.append(f"asked for the lease within {timeout:.2f} s")
        await LoopClock().sleep(timeout)

    async def __aexit__(self, *error):
        """Wait for the thread, longer than anybody may."""
        self._story.append("election ends")
        await asyncio.Event().wait()


@attrs.define
class Obstacles:
    """What stands in the way of a stop, and the manager that is to be stopped."""

    deaf: bool
    case: Case = attrs.field(init=False)

    def __attrs_post_init__(self):
        """Put the manager together."""
        self.case = case = Case(self.act, elects=True, stop_seconds=SECONDS)
        case.manager._elector = case.election = Stuck(case.story)
        servers = [Server(case.story, name, lingers=case.clock) for name in ("a", "b")]
        case.manager._servers = tuple(servers)
        case.wire.answer = lambda _: self.silence()
        source = IteratorSource("outside", self.keys, clock=case.clock)
        builder = Builder(case.runtime, "outside").and_source(source)
        case.manager.controllers += (builder.complete(case),)

    async def silence(self):
        """Answer nothing."""
        await asyncio.Event().wait()

    async def hang(self):
        """Wait for ever; if deaf, take no notice of being told to end."""
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not self.deaf:
                raise
            await self.case.clock.sleep(1000)

    async def act(self):
        """Hang in a reconcile that has told an Event."""
        self.case.runtime.recorder.tell(WIDGET, picture(), "Hangs", "nobody will read it")
        await self.hang()

    async def keys(self):
        """Hang in a source that has said nothing."""
        await self.hang()
        yield "never"


@pytest.mark.virtual(seeds=10)
@pytest.mark.parametrize("deaf", [False, True], ids=["all hang", "and some are deaf"])
async def test_all_obstacles_at_once_do_not_make_a_stop_longer(deaf):
    """A hung reconcile and source, a silent server, a stuck election, servers that linger."""
    obstacles = Obstacles(deaf)
    case = obstacles.case
    async with case.running() as run:
        assert await case.stopped_at_work(run) <= SECONDS * CLOSED + 0.001
        assert (2 if deaf else 0) == case.manager.left_behind
        await case.clock.sleep(2000)

    assert ["election ends", "b stops", "a stops"] == case.story[-3:]
    assert deaf == (not any("asked for the lease" in line for line in case.story))
    assert ["events_not_written"] == [e for e in case.log.events() if e == "events_not_written"]


@pytest.mark.virtual
async def test_what_one_step_does_not_need_the_next_ones_have():
    """A server that lingers has nearly all the time when nothing else needs any."""
    case = Case(stop_seconds=SECONDS)
    case.manager._servers = (Server(case.story, "a", lingers=case.clock),)
    async with case.running() as run:
        await case.leading()
        began = case.clock.monotonic()
        case.manager.stop()
        await run

    assert SECONDS * CLOSED == pytest.approx(case.clock.monotonic() - began)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
async def test_a_second_signal_is_left_to_the_system(number):
    """Python would turn it into an exception, which waits for what does not end."""
    before = signal.getsignal(number)
    case = Case()
    try:
        case.manager.install_signals()
        os.kill(os.getpid(), number)
        await eventually(case.log.events, equals=["stopping"])
        assert signal.SIG_DFL == signal.getsignal(number)
    finally:
        loop = asyncio.get_running_loop()
        for installed in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(installed)
        signal.signal(number, before)
