"""What users see of a pause: one condition, one Event at each end."""

import pytest

from controller.runtime.builder import Builder
from controller.runtime.pause import PAUSED, REASON
from controller.runtime.paused import has_conditions
from reconcilers.penin.family import FAMILY
from tests.kit.widget.api import WIDGET, Widget
from tests.kit.widget.gadget import Gadget
from tests.unit.controller.runtime.paused_world import Served
from tests.unit.controller.runtime.test_controller import Noted, widgets
from tests.unit.controller.runtime.world import World

pytestmark = pytest.mark.virtual

TEXT = f"nothing is changed or repaired until the annotation {PAUSED} goes"
PAUSE = {"annotations": {PAUSED: "true"}}


class Case:
    """A controller of Widgets and a server that has one."""

    def __init__(self, meta=None, **more):
        self.world, self.reconciler = World(), Noted()
        self.world.wire.answer = self.served = Served(self.world, meta=meta, **more)
        self.world.wire.content["widgets"] = [self.served.body()]
        self.controller = widgets(self.world, self.reconciler)

    def change(self, **meta):
        """Have somebody change the metadata."""
        self.served.meta = meta
        self.served.version += 1
        self.world.wire.push(WIDGET, "MODIFIED", self.served.body())

    def writes(self):
        """Return how often the status was written."""
        return len(self.world.wire.sent("PATCH"))

    def events(self):
        """Return the reasons of the Events that were told."""
        queue = self.world.runtime.recorder._queue
        return [notice.reason for notice, _, _ in list(queue._queue)]

    async def settled(self):
        """Wait until all there is to do is done, whatever calls for it."""
        await self.world.clock.sleep(1)


async def test_a_pause_is_told_once():
    """However often something calls for a look meanwhile."""
    case = Case(PAUSE)
    async with case.world.working(case.controller):
        await case.settled()
        for number in range(3):
            case.change(labels={"n": str(number)}, **PAUSE)
            await case.settled()

    assert [("True", "PausedByAnnotation", TEXT)] == case.served.said
    assert (1, ["Paused"]) == (case.writes(), case.events())
    assert [] == case.reconciler.calls


@pytest.mark.parametrize(
    ("reason", "programs", "message"),
    [
        ("", ("kubectl-annotate",), f"{TEXT} (set with kubectl-annotate)"),
        ("Ana moves the disk", (), f"{TEXT}: Ana moves the disk"),
        ("Ana", ("b", "a"), f"{TEXT}: Ana (set with a, b)"),
        ("x" * 600, (), f"{TEXT}: {'x' * 500}"),
    ],
    ids=["a program", "words", "both, and several", "too many words"],
)
async def test_it_says_who_as_far_as_that_is_known(reason, programs, message):
    """What people wrote, and with which program the annotation was set; never a guess."""
    case = Case({"annotations": {PAUSED: "true", REASON: reason}}, programs=programs)
    async with case.world.working(case.controller):
        await case.settled()

    assert [("True", "PausedByAnnotation", message)] == case.served.said


async def test_a_new_reason_is_taken_up_without_another_event():
    """The object is as paused as before; so is it without a reason."""
    case = Case(PAUSE, programs=("kubectl",))
    async with case.world.working(case.controller):
        await case.settled()
        for words, said in (("Ana", ": Ana"), ("", "")):
            case.change(annotations={PAUSED: "true", REASON: words})
            await case.settled()
            assert f"{TEXT}{said} (set with kubectl)" == case.served.said[0][2]

    assert (3, ["Paused"]) == (case.writes(), case.events())


async def test_its_end_is_told_before_the_object_is_looked_after():
    """Once; the condition keeps the time at which it ended."""
    case = Case(PAUSE)
    async with case.world.working(case.controller):
        await case.settled()
        for number in range(3):
            case.change(labels={"n": str(number)})
            await case.settled()

    assert [("False", "Resumed", "it is looked after again")] == case.served.said
    assert (2, ["Paused", "Resumed"]) == (case.writes(), case.events())
    assert len(case.reconciler.calls) >= 3


async def test_what_was_never_paused_costs_nothing():
    """Neither a read nor a write."""
    case = Case()
    async with case.world.working(case.controller):
        await case.settled()

    assert [] == [each for each in case.world.wire.requests if each.method != "GET"]
    assert {} == case.served.status


async def test_a_deleted_object_is_told_nothing():
    """Its deletion is not paused, and needs no condition."""
    case = Case(PAUSE)
    async with case.world.working(case.controller):
        await case.settled()
        case.change(deletionTimestamp="2030-01-01T00:00:00Z", **PAUSE)
        await case.settled()

    assert (1, ["Paused"]) == (case.writes(), case.events())
    assert ["ns/w"] == case.reconciler.calls


async def test_one_controller_of_a_kind_tells():
    """The others reconcile the same objects and leave it to the first."""
    case = Case(PAUSE)
    second = Noted()
    other = Builder(case.world.runtime, "other").for_(Widget).complete(second)
    async with case.world.working(case.controller, other):
        await case.settled()

    assert (1, ["Paused"]) == (case.writes(), case.events())
    assert other.statistics.outcomes["paused"]
    assert [] == second.calls


def test_kinds_without_conditions_say_nothing():
    """Of those that people pause here, all have some."""
    assert has_conditions(Widget)
    assert all(map(has_conditions, FAMILY.kinds))
    assert not has_conditions(Gadget)
