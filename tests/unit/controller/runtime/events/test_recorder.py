"""What becomes of Events whose writing goes wrong."""

import pytest

from controller.runtime.events.recorder import TRY_SECONDS, Recorder
from informers.errors import OutcomeUnknown
from informers.meta.builtin import CONFIG_MAP
from tests.kit.answers import status
from tests.unit.controller.runtime.world import World, picture

pytestmark = pytest.mark.virtual


async def test_an_event_whose_answer_was_lost_is_counted_up_and_not_written_twice():
    """The second try says that it exists; the same notice later finds it by its name."""
    world = World()
    recorder = Recorder(world.client, controller="c", instance="i")
    answers = [
        OutcomeUnknown("lost"),
        (409, status(409) | {"reason": "AlreadyExists"}),
        (200, {"kind": "Event", "metadata": {"name": "e"}}),
    ]
    world.wire.answer = lambda _: answers.pop(0)

    recorder.tell(CONFIG_MAP, picture(), "Done", "it is done")
    await recorder.flush()
    recorder.tell(CONFIG_MAP, picture(), "Done", "it is done")
    await recorder.flush()

    first, again, counted = world.wire.requests
    assert first.body == again.body
    assert ("PATCH", 2) == (counted.method, world.wire.sent("PATCH")[0]["count"])
    assert counted.path.endswith("/" + world.wire.sent("POST")[0]["metadata"]["name"])
    assert (2, 0) == (recorder.written, recorder.dropped)
    assert world.clock.monotonic() >= TRY_SECONDS
