"""How long what failed waits, when nothing was wrong with the object."""

import pytest

from controller.runtime.controller import MOST_AFTER_OUTAGE
from informers.errors import (
    FenceClosed,
    Invalid,
    ServiceUnavailable,
    TooManyRequests,
    TransportError,
)
from tests.unit.controller.runtime.test_controller import Noted, bare, fail
from tests.unit.controller.runtime.world import World

pytestmark = pytest.mark.virtual


@pytest.mark.parametrize(
    ("error", "is_soon"),
    [
        (TransportError("cut"), True),
        (FenceClosed("not certain"), True),
        (ServiceUnavailable("starting", code=503), True),
        (TooManyRequests("slow down", code=429), True),
        (Invalid("no such colour", code=422), False),
        (KeyError("size"), False),
    ],
    ids=["network", "fence", "starting", "shed", "refused", "bug"],
)
async def test_an_outage_is_over_soon_after_it_is_over(error, is_soon):
    """Failures that say nothing of the object never grow its pause beyond half a minute."""
    world = World()
    reconciler = Noted(fail(error))
    controller = bare(world, reconciler)
    async with world.working(controller):
        controller.queue.add("ns/a")
        await world.clock.sleep(1200)
        before = len(reconciler.calls)
        await world.clock.sleep(MOST_AFTER_OUTAGE * 3 + 1)

    assert is_soon == (len(reconciler.calls) - before >= 3)
