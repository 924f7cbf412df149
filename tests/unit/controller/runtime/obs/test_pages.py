"""`/debug/why`: what called for an object last, whatever that was."""

import asyncio

import pytest

from controller.runtime.builder import Builder
from controller.runtime.obs import pages
from controller.runtime.reconcile import Postponed, TerminalError, after, done
from informers.errors import Conflict, TransportError
from tests.kit.eventually import eventually
from tests.kit.widget.api import WIDGET, Widget
from tests.unit.controller.runtime.world import World, thing

pytestmark = pytest.mark.virtual


class Case(World):
    """A controller of Widgets, of which one is there, and what becomes of its looks in turn."""

    def __init__(self, *answers):
        super().__init__()
        self.wire.content["widgets"] = [thing()]
        self._answers = list(answers)
        builder = Builder(self.runtime, "widget").for_(Widget).with_options(timeout=5.0)
        self.controller = builder.complete(self)

    async def reconcile(self, _):
        """Answer as the test wants, and then that all is done."""
        answer = self._answers.pop(0) if self._answers else done()
        if isinstance(answer, BaseException):
            raise answer
        if answer == "hangs":
            await asyncio.Event().wait()
        return answer

    async def looked(self, times):
        """Wait until there were so many looks."""
        outcomes = self.controller.statistics.outcomes
        await eventually(lambda: sum(outcomes.values()) >= times, within=600)

    def why(self, key="ns/w"):
        """Return what the page says called for an object last."""
        return pages.why(self.controller, key, now=self.clock.monotonic())["last_reason"]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (after(60), "it asked for another look"),
        (Postponed("later", seconds=60), "it was postponed"),
        (TransportError("cut"), "retry 1, after TransportError"),
        (KeyError("a bug"), "retry 1, after KeyError"),
        (Conflict("faster", code=409), "retry 1, after Conflict"),
        ("hangs", "retry 1, after Timeout"),
        (TerminalError("never"), "it was in the first list"),
        (done(), "it was in the first list"),
    ],
    ids=["after", "postponed", "failure", "bug", "conflict", "timeout", "terminal", "done"],
)
async def test_what_calls_for_another_look_is_told(answer, says):
    """And where nothing did since the start, that it was there then."""
    case = Case(answer)
    case.controller._on_terminal = None
    async with case.working(case.controller):
        await case.looked(1)
        assert says == case.why()["what"]


async def test_the_newest_reason_is_told_with_its_age():
    """Retries are numbered; a change takes their place."""
    case = Case(KeyError("a"), KeyError("b"))
    async with case.working(case.controller):
        await case.looked(3)
        assert "retry 2, after KeyError" == case.why()["what"]
        case.wire.push(WIDGET, "MODIFIED", thing(version=60))
        await case.looked(4)
        await case.clock.sleep(7)

        assert "Widget ns/w changed" == case.why()["what"]
        assert 7 == pytest.approx(case.why()["seconds_ago"], abs=0.5)


async def test_nothing_is_made_up():
    """What is not there has no reason, and one whose reason had to go may have had any."""
    case = Case()
    async with case.working(case.controller):
        await case.looked(1)
        assert {"seconds_ago": None, "what": "it was in the first list"} == case.why()
        assert None is case.why("ns/none")

        for number in range(4097):
            case.controller.why.note(f"ns/other-{number}", "a change")
        assert (
            "it was in the first list, or its reason is no longer remembered"
            == (case.why()["what"])
        )
