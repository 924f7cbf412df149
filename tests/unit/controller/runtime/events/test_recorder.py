"""What becomes of Events whose writing goes wrong."""

import pytest

from controller.runtime.events.recorder import QUEUE, TRY_SECONDS, Recorder
from controller.runtime.obs.collectors import RecorderCollector
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


async def test_what_waits_to_be_written_is_told_at_scrape():
    """Up to the bound of the queue; what comes then is dropped, and nothing waits after a flush."""
    world = World()
    recorder = Recorder(world.client, controller="c", instance="i")
    world.wire.answer = lambda _: (200, {"kind": "Event", "metadata": {"name": "e"}})

    def figures():
        samples = [s for m in RecorderCollector([recorder]).collect() for s in m.samples]
        return {(s.name, *s.labels.values()): s.value for s in samples}

    depth, dropped = ("pentad_events_queue_depth",), ("pentad_events_total", "dropped")
    assert 0 == figures()[depth]
    for _ in range(QUEUE + 5):
        recorder.tell(CONFIG_MAP, picture(), "Done", "it is done")
    assert (QUEUE, 5) == (figures()[depth], figures()[dropped])

    await recorder.flush()
    assert 0 == figures()[depth]
