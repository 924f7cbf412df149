"""Why an object is looked at again, as `/debug/why` tells it."""

import pytest

from controller.runtime.builder import Builder
from controller.runtime.reconcile import Postponed, after
from informers.errors import Conflict
from tests.kit.eventually import eventually
from tests.kit.widget.api import WIDGET, Widget
from tests.unit.controller.runtime.world import World, thing

pytestmark = pytest.mark.virtual


class Busy:
    """A reconciler that takes its time, while its object may change, and then says something."""

    def __init__(self, world, outcome, *, changes):
        self._world, self._outcome, self._changes = world, outcome, changes
        self.calls = 0

    async def reconcile(self, _):
        """Work, be it on an object that changes, and end so."""
        self.calls += 1
        if self.calls == 1:
            if self._changes:
                self._world.wire.push(WIDGET, "MODIFIED", thing(version=60))
            await self._world.clock.sleep(1)
        else:
            await self._world.clock.sleep(1000)
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


@pytest.mark.parametrize("changes", [False, True], ids=["nothing else", "a change meanwhile"])
@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (after(60), "it asked for another look"),
        (Postponed("later", seconds=60), "it was postponed"),
        (Conflict("faster", code=409), "retry 1, after Conflict"),
        (KeyError("a bug"), "retry 1, after KeyError"),
    ],
    ids=["requeue", "postponed", "conflict", "error"],
)
async def test_the_reason_is_that_of_the_next_look(outcome, says, changes):
    """What a reconcile asks for comes after the change that came while it was at work."""
    world = World()
    world.wire.content["widgets"] = [thing()]
    busy = Busy(world, outcome, changes=changes)
    controller = Builder(world.runtime, "widget").for_(Widget).complete(busy)
    async with world.working(controller):
        await eventually(lambda: busy.calls, equals=2, within=100)

        _, reason = controller.why.of("ns/w")

    assert ("Widget ns/w changed" if changes else says) == reason
