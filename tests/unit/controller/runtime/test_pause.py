"""Objects that people asked to be left alone, and how they are told."""

import pytest

from controller.runtime.pause import PAUSED
from tests.kit.eventually import eventually
from tests.kit.widget.api import WIDGET
from tests.unit.controller.runtime.paused_world import Served
from tests.unit.controller.runtime.test_controller import Noted, outcomes, widgets
from tests.unit.controller.runtime.world import World, thing

pytestmark = pytest.mark.virtual


@pytest.mark.parametrize(
    ("meta", "calls"),
    [
        ({"annotations": {PAUSED: "true"}}, []),
        ({"annotations": {PAUSED: "false"}}, ["ns/w"]),
        ({"annotations": {"note": f"not {PAUSED}"}}, ["ns/w"]),
        ({"labels": {PAUSED: "true"}}, ["ns/w"]),
        ({"annotations": {PAUSED: "true"}, "deletionTimestamp": "2030-01-01T00:00:00Z"}, ["ns/w"]),
    ],
    ids=["paused", "not paused", "only mentioned", "a label", "being deleted"],
)
async def test_a_paused_object_is_left_alone_but_for_its_deletion(meta, calls):
    """The annotation says true, and the object is not on its way out."""
    world, reconciler = World(), Noted()
    world.wire.content["widgets"] = [thing(meta=meta)]
    world.wire.answer = Served(world, meta=meta)
    controller = widgets(world, reconciler)
    async with world.working(controller):
        await world.clock.sleep(1)

    assert calls == reconciler.calls
    assert {"success" if calls else "paused"} == outcomes(controller).keys()


async def test_paused_objects_are_counted_as_they_come_and_go():
    """The cache knows, so a standby that reconciles nothing tells the same."""
    world = World()
    world.wire.content["widgets"] = [
        thing(meta={"annotations": {PAUSED: "true"}}),
        thing("b"),
    ]
    world.wire.answer = Served(world)
    controller = widgets(world, Noted())
    async with world.working(controller):
        await eventually(lambda: controller.paused, equals=1)
        paused = thing("b", version=160, meta={"annotations": {PAUSED: "true"}})
        world.wire.push(WIDGET, "MODIFIED", paused)
        await eventually(lambda: controller.paused, equals=2)
        world.wire.push(WIDGET, "MODIFIED", thing(version=161))
        world.wire.push(WIDGET, "DELETED", paused)
        await eventually(lambda: controller.paused, equals=0)


async def test_a_paused_object_goes_on_when_the_annotation_goes():
    """Taking it away is a change like any other."""
    world, reconciler = World(), Noted()
    world.wire.content["widgets"] = [thing(meta={"annotations": {PAUSED: "true"}})]
    world.wire.answer = Served(world, meta={"annotations": {PAUSED: "true"}})
    async with world.working(widgets(world, reconciler)):
        await world.clock.sleep(1)
        world.wire.push(WIDGET, "MODIFIED", thing(version=160))
        await eventually(lambda: reconciler.calls, equals=["ns/w"])
