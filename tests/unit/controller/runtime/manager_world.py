"""A manager with one controller in virtual time, and the story of its life."""

import asyncio

from controller.runtime.builder import Builder
from controller.runtime.election.elector import Ended
from controller.runtime.election.fence import CandidacyEnded
from controller.runtime.election.machine import Outcome
from controller.runtime.manager import EXIT_CLEAN, Manager
from controller.runtime.reconcile import done
from tests.kit.eventually import eventually
from tests.kit.widget.api import Widget
from tests.unit.controller.runtime.world import World, thing


class Server:
    """Notes its life in the story of a test; fails to start or lingers if told so."""

    def __init__(self, story, name, error=None, lingers=None):
        self._story, self._name, self._error, self._lingers = story, name, error, lingers

    async def start(self):
        """Start, or not."""
        if self._error is not None:
            raise self._error
        self._story.append(f"{self._name} starts")

    async def stop(self, *, limit):
        """Stop, and take all the time there is, if told so."""
        if self._lingers is not None:
            await self._lingers.sleep(limit)
        self._story.append(f"{self._name} stops")


class Candidacy:
    """An election whose outcome the test decides; the real one has a thread of its own."""

    def __init__(self, story):
        self._story = story
        self._leads, self._over = asyncio.Event(), asyncio.Event()
        self._ended = None

    async def __aenter__(self):
        self._story.append("election starts")
        return self

    async def __aexit__(self, *error):
        self._story.append("election ends")

    def win(self):
        """Lead."""
        self._leads.set()

    def end(self, outcome):
        """End the candidacy, be it before it led."""
        self._ended = Ended(outcome, outcome.value)
        self._leads.set()
        self._over.set()

    async def wait_leading(self):
        """Wait for either."""
        await self._leads.wait()
        if self._ended is not None:
            raise CandidacyEnded(self._ended.reason)

    async def wait_lost(self):
        """Wait for the end."""
        await self._over.wait()
        return self._ended

    async def release(self, *, timeout):
        """Give the lease back."""
        del timeout
        self._story.append("lease released")
        self.end(Outcome.RELEASED)
        return self._ended


class Case(World):
    """A manager with one controller, and the story of its life."""

    def __init__(self, act=None, **options):
        super().__init__()
        self.story = []
        self.wire.content["widgets"] = [thing()]
        self._act = act
        builder = Builder(self.runtime, "widget").for_(Widget)
        self.controller = builder.complete(self)
        if options.pop("elects", False):
            options["elector"] = self.election = Candidacy(self.story)
        options.setdefault("servers", [Server(self.story, "a"), Server(self.story, "b")])
        self.manager = Manager(self.runtime, [self.controller], log=self.log, **options)

    async def reconcile(self, request):
        """Note it, and do what the test says."""
        self.story.append(f"reconcile {request}")
        if self._act is not None:
            await self._act()
            self.story.append("reconciled")
        return done()

    def running(self):
        """Run the manager beside the test."""
        return Running(self)

    async def leading(self):
        """Wait until the workers have started."""
        await eventually(lambda: self.manager.progress.leading, within=200)

    async def stopped_at_work(self, run):
        """Lead, stop cleanly in the middle of a reconcile, and return how many seconds it took."""
        self.election.win()
        await eventually(lambda: "reconcile ns/w" in self.story)
        began = self.clock.monotonic()
        self.manager.stop()
        assert EXIT_CLEAN == await run
        return self.clock.monotonic() - began


class Running:
    """A manager that runs; a test that leaves it running stops it."""

    def __init__(self, case):
        self._case, self._group = case, asyncio.TaskGroup()

    async def __aenter__(self):
        await self._group.__aenter__()
        return self._group.create_task(self._case.manager.run())

    async def __aexit__(self, *error):
        self._case.manager.stop()
        await self._group.__aexit__(*error)
