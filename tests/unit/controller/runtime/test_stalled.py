"""The Stalled condition: told, found again, taken back."""

import pytest

from controller.runtime.reconcile import Request, TerminalError
from controller.runtime.runtime import cached
from controller.runtime.stalled import STALLED, Stalled
from informers.errors import Forbidden
from tests.kit.answers import status as refusal
from tests.kit.widget.api import WIDGET, Widget
from tests.unit.controller.runtime.world import World, thing

pytestmark = pytest.mark.virtual

REQUEST = Request.of("ns/w")
ERROR = TerminalError("size is too big: make it smaller", reason="TooBig")


class Case:
    """A Stalled over one cached Widget."""

    def __init__(self, *objects):
        self.world = World()
        self.world.wire.content["widgets"] = list(objects)
        runtime = self.world.runtime
        self.informer = runtime.informers.acquire(cached(WIDGET))
        writer = runtime.status_writer("t", Widget)
        self.stalled = Stalled(WIDGET, self.informer, writer, runtime.recorder)
        self.world.wire.answer = lambda _: (200, self.answered)

    @property
    def answered(self):
        """Return the object with the conditions sent last."""
        status = self.world.wire.sent("PATCH")[-1]["status"]
        return thing(version=60 + len(self.world.wire.requests), status=status)

    def reflecting(self):
        """Begin when the Widget is cached."""
        return self.world.reflecting(self.informer)


def conditions(case):
    """Return type, status and reason of the conditions of each write."""
    return [
        [(c["type"], c["status"], c["reason"]) for c in body["status"]["conditions"]]
        for body in case.world.wire.sent("PATCH")
    ]


async def test_it_is_told_on_the_object_and_by_an_event_and_taken_back():
    """The condition speaks of the generation it saw; the Event is a Warning."""
    case = Case(thing(meta={"generation": 4}))
    async with case.reflecting():
        assert not case.stalled.is_told("ns/w")

        await case.stalled.tell(REQUEST, ERROR)

        assert case.stalled.is_told("ns/w")
        [body] = case.world.wire.sent("PATCH")
        [condition] = body["status"]["conditions"]
        assert (4, "size is too big: make it smaller") == (
            condition["observedGeneration"],
            condition["message"],
        )
        notice, _, _ = case.world.runtime.recorder._queue.get_nowait()
        assert ("Warning", "TooBig", "u-w") == (notice.type, notice.reason, notice.about.uid)

        await case.stalled.clear(REQUEST)

    assert [[(STALLED, "True", "TooBig")], [(STALLED, "False", "Reconciled")]] == conditions(case)


async def test_what_is_said_already_is_no_news():
    """Looked at again and again, it is neither written nor told by another Event."""
    case = Case(thing())
    async with case.reflecting():
        await case.stalled.tell(REQUEST, ERROR)
        await case.stalled.tell(REQUEST, ERROR)

    assert 1 == len(case.world.wire.sent("PATCH"))
    assert 1 == case.world.runtime.recorder._queue.qsize()


async def test_taking_back_is_written_once():
    """The condition stays on the object as False; asking for it again costs no request."""
    told = {"type": STALLED, "status": "True", "reason": "TooBig"}
    case = Case(thing(status={"conditions": [told]}))
    async with case.reflecting():
        assert case.stalled.is_told("ns/w")
        await case.stalled.clear(REQUEST)
        assert not case.stalled.is_told("ns/w")
        await case.stalled.clear(REQUEST)

    assert [[(STALLED, "False", "Reconciled")]] == conditions(case)


async def test_a_process_that_starts_finds_what_another_told():
    """The object itself says so; a word in its spec does not."""
    told = {"type": STALLED, "status": "True", "reason": "TooBig"}
    case = Case(
        thing("old", status={"conditions": [told]}),
        thing("talks", spec={"payload": STALLED}),
        thing("quotes", spec={"door": {"type": STALLED}}),
    )
    async with case.reflecting():
        found = [case.stalled.is_told(f"ns/{name}") for name in ("old", "talks", "quotes", "gone")]

    assert [True, False, False, False] == found


async def test_an_object_that_is_gone_or_going_is_spared():
    """Nothing is written of the one, and nothing taken back on the other."""
    case = Case(thing("going", meta={"deletionTimestamp": "2030-01-01T00:00:00Z"}))
    async with case.reflecting():
        await case.stalled.tell(Request.of("ns/gone"), ERROR)
        await case.stalled.clear(Request.of("ns/gone"))
        await case.stalled.clear(Request.of("ns/going"))

    assert [] == case.world.wire.sent()
    assert case.world.runtime.recorder._queue.empty()


async def test_a_refused_write_is_the_controllers_to_try_again():
    """It hears of it by the error."""
    case = Case(thing())
    case.world.wire.answer = lambda _: (403, refusal(403))
    async with case.reflecting():
        with pytest.raises(Forbidden):
            await case.stalled.tell(REQUEST, ERROR)
