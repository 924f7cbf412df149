"""What the first caches wait for, told with what would end it."""

import pytest

from controller.runtime.obstacles import obstacles
from informers.reflector import Source
from tests.kit.widget.api import WIDGET
from tests.unit.controller.runtime.world import World

pytestmark = pytest.mark.virtual


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (403, "widgets is refused: grant get, list and watch on widgets.test.pentad.dev to"),
        (404, "is not served: install its CustomResourceDefinition (kubectl apply"),
        (500, "Widget.test.pentad.dev/v1alpha1: widgets is refused"),
    ],
    ids=["forbidden", "no CRD", "anything else"],
)
async def test_an_obstacle_is_told_with_its_remedy(code, says):
    """In the server's words where it has any."""
    world = World()
    world.wire.refused["widgets"] = code
    informer = world.informers.acquire(Source(kind=WIDGET))
    async with world.informers:
        await world.clock.sleep(5)
        [line] = obstacles([informer])

    assert says in line
    assert "\n" not in line


async def test_a_cache_that_is_only_slow_says_how_far_it_is():
    """There is nothing to be done but wait."""
    world = World()
    informer = world.informers.acquire(Source(kind=WIDGET))

    assert ["Widget.test.pentad.dev/v1alpha1: 0 objects so far"] == obstacles([informer])


async def test_what_is_complete_is_no_obstacle():
    """An optional kind that is not served counts as complete."""
    world = World()
    world.wire.refused["widgets"] = 404
    informer = world.informers.acquire(Source(kind=WIDGET), optional=True)
    async with world.reflecting(informer):
        assert [] == obstacles(world.informers)
