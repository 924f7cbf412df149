"""Answers that are gathered while no worker waits for them."""

import asyncio
import gc

import pytest

from controller.runtime.crew import Crew
from controller.runtime.source import Why
from controller.runtime.workqueue.queue import WorkQueue
from informers.clock import LoopClock
from reconcilers.vertice.scaler.answers import Nothing
from reconcilers.vertice.scaler.gathering import HOLD, LONGEST, SLOW, Gathering, NotYet
from reconcilers.vertice.scaler.pace import PERIOD
from tests.kit.leaks import no_leaks
from tests.unit.reconcilers.vertice.scaler.world import metric, workload

KEY = "ns/web"
CPU = metric(type="cpu", target={"averageUtilization": 70})
pytestmark = pytest.mark.virtual(seeds=5)


class Desk:
    """One gathering, with a queue and somebody to ask, who takes so long."""

    def __init__(self):
        self.clock = LoopClock()
        self.queue = WorkQueue("scalers", clock=self.clock)
        self.why = Why(self.clock)
        self.gathering = Gathering(self.clock)
        self.seconds = 0.0
        self.error = None
        self.asked = 0

    async def open(self):
        """Begin."""
        await self.gathering.start(self.queue, self.why, Crew("none"))
        await self.gathering.wait_synced()
        return self

    async def ask(self):
        """Answer by the number of the question, or fail."""
        self.asked += 1
        number = self.asked
        await self.clock.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return (Nothing(CPU, f"answer {number}"),)

    async def look(self, key=KEY, asked="spec"):
        """Reconcile: return what was said and when the look began, and for how long that took."""
        began = self.clock.monotonic()
        try:
            found = await self.gathering.gather(key, asked, self.ask, began=began)
        except NotYet:
            return "not yet", self.clock.monotonic() - began
        (figure,) = found.figures(workload(1), now=0)
        return figure.heard.error, found.began

    async def called(self):
        """Wait until a key is called for; return it."""
        key = await self.queue.get()
        self.queue.done(key)
        return key


async def test_who_answers_at_once_is_waited_for():
    """One reconcile is a look, and nobody is called for."""
    desk = await Desk().open()
    desk.seconds = HOLD / 2

    for number in (1, 2):
        began = desk.clock.monotonic()
        assert (f"answer {number}", began) == await desk.look()
    assert (0, 0) == (len(desk.queue), len(desk.gathering))


async def test_who_is_slow_keeps_nobody():
    """The key is called for when the answer is there, of the look as it began."""
    desk = await Desk().open()
    desk.seconds = 5.0
    assert ("not yet", HOLD) == await desk.look()

    assert KEY == await desk.called()
    assert 5.0 == desk.clock.monotonic()
    assert (5.0, "its metrics have answered") == desk.why.of(KEY)
    assert ("answer 1", 0.0) == await desk.look()
    assert (1, 0) == (desk.asked, len(desk.queue))


async def test_a_look_that_is_under_way_is_not_begun_again():
    """Whatever calls for it meanwhile is not kept, and changes nothing."""
    desk = await Desk().open()
    desk.seconds = 5.0
    await desk.look()
    await desk.clock.sleep(1.0)

    assert [("not yet", 0.0)] * 3 == [await desk.look() for _ in range(3)]
    assert (KEY, 1) == (await desk.called(), desk.asked)
    assert ("answer 1", 0.0) == await desk.look()
    assert 0 == len(desk.queue)


async def test_who_was_slow_is_not_waited_for_until_it_is_quick_again():
    """Each scaler for itself."""
    desk = await Desk().open()
    desk.seconds = 5.0
    await desk.look()
    await desk.called()
    await desk.look()

    desk.seconds = HOLD / 2
    assert ("not yet", 0.0) == await desk.look()
    assert 5.0 == desk.clock.monotonic()
    assert "not yet" != (await desk.look("ns/other"))[0]
    assert KEY == await desk.called()
    assert 5.0 == (await desk.look())[1]
    assert ("answer 4", 5.0 + HOLD / 2) == await desk.look()
    assert 0 == len(desk.queue)


async def test_who_takes_a_little_longer_is_waited_for_each_time():
    """It may be quick again, and a worker that waits keeps others from asking as well."""
    desk = await Desk().open()
    desk.seconds = SLOW
    for _ in range(2):
        assert ("not yet", HOLD) == await desk.look()
        assert KEY == await desk.called()
        assert "not yet" != (await desk.look())[0]


async def test_what_was_asked_for_another_spec_is_dropped():
    """Also where its answer is there already; nobody is called for what nobody wants."""
    desk = await Desk().open()
    desk.seconds = 5.0
    await desk.look(asked="old")
    await desk.clock.sleep(3.0 - HOLD)
    assert ("not yet", HOLD) == await desk.look(asked="new")

    assert (KEY, 8.0) == (await desk.called(), desk.clock.monotonic())
    assert ("not yet", HOLD) == await desk.look(asked="newest")
    await desk.called()
    assert ("answer 3", 8.0) == await desk.look(asked="newest")
    assert 0 == len(desk.queue)


async def test_a_scaler_that_is_gone_is_forgotten():
    """With what is under way for it."""
    desk = await Desk().open()
    desk.seconds = 5.0
    async with no_leaks():
        await desk.look()
        desk.gathering.forget(KEY)
    await desk.clock.sleep(10.0)
    assert (0, 0) == (len(desk.queue), len(desk.gathering))
    desk.gathering.forget(KEY)


async def test_answers_that_nobody_took_are_asked_for_anew():
    """A scaler may have been paused meanwhile: what was so then is not so now."""
    desk = await Desk().open()
    desk.seconds = 5.0
    await desk.look()
    await desk.called()
    await desk.clock.sleep(PERIOD)

    assert "not yet" == (await desk.look())[0]
    await desk.called()
    assert ("answer 2", 5.0 + PERIOD) == await desk.look()


async def test_what_asking_raises_is_raised_to_its_own_look():
    """A bug costs one object, now or later, and the next look asks anew."""
    desk = await Desk().open()
    desk.error = KeyError("a bug")
    with pytest.raises(KeyError, match="a bug"):
        await desk.look()

    desk.seconds = 5.0
    assert "not yet" == (await desk.look())[0]
    await desk.called()
    with pytest.raises(KeyError, match="a bug"):
        await desk.look()
    desk.error, desk.seconds = None, 0.0
    await desk.look()
    await desk.called()
    assert "answer 3" == (await desk.look())[0]


async def test_a_look_that_never_ends_is_ended():
    """Whatever it waits for; it fails as any other does, and the next one begins anew."""
    desk = await Desk().open()
    desk.seconds = 10 * LONGEST
    assert "not yet" == (await desk.look())[0]
    assert (KEY, LONGEST) == (await desk.called(), desk.clock.monotonic())
    with pytest.raises(TimeoutError):
        await desk.look()

    desk.seconds = 1.0
    assert "not yet" == (await desk.look())[0]
    await desk.called()
    assert ("answer 2", LONGEST) == await desk.look()


@pytest.mark.parametrize("asked", ["other", None], ids=["another spec", "scaler is gone"])
async def test_what_a_dropped_look_raised_is_nobodys_complaint(asked):
    """Nobody asks for its answers, so nobody asks for its failure, and no log has it."""
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
    desk = await Desk().open()
    desk.seconds, desk.error = 5.0, KeyError("a bug")
    await desk.look()
    await desk.called()

    desk.error = None
    if asked is None:
        desk.gathering.forget(KEY)
    else:
        await desk.look(asked=asked)
        await desk.called()
    gc.collect()
    await desk.gathering.stop()

    assert [] == complaints


async def test_who_ends_itself_ends_no_pace():
    """Nobody told it to: that is a failure like others, after which the key is tried again."""
    desk = await Desk().open()
    desk.error = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await desk.look()

    desk.error = None
    assert "answer 2" == (await desk.look())[0]


async def test_a_look_that_is_told_to_end_is_called_for():
    """Its answers are not lost, as the key comes back with them."""
    desk = await Desk().open()
    desk.seconds = 5.0
    async with asyncio.TaskGroup() as group:
        looking = group.create_task(desk.look())
        await desk.clock.sleep(HOLD / 2)
        looking.cancel()

    assert KEY == await desk.called()
    assert ("answer 1", 0.0) == await desk.look()


async def test_stopping_ends_what_is_under_way():
    """In no time, and nothing begins any more."""
    desk = await Desk().open()
    desk.seconds = 1000.0
    async with no_leaks():
        assert ["not yet"] * 3 == [(await desk.look(f"ns/{each}"))[0] for each in range(3)]
        began = desk.clock.monotonic()
        desk.queue.shut_down()
        await desk.gathering.stop()

    assert began == desk.clock.monotonic()
    assert ("not yet", 0.0) == await desk.look("ns/late")
    assert "not yet" == (await desk.look("ns/0"))[0]
    assert 3 == desk.asked
