"""How long what failed waits, and what makes that shorter or longer."""

import asyncio
from contextlib import asynccontextmanager

import msgspec
import pytest

from informers.backoff import CAP_SECONDS, FIRST_SECONDS
from informers.client import Client
from informers.contact import Contact
from informers.errors import (
    Gone,
    NotFound,
    ServiceUnavailable,
    TooLargeResourceVersion,
    TooManyRequests,
    TransportError,
)
from informers.factory import Informers
from informers.meta.builtin import CONFIG_MAP
from informers.patience import MOST_ASKED, Patience
from informers.reflector import Source
from tests.kit.answers import status
from tests.kit.virtual import VirtualClock
from tests.unit.controller.runtime.world import Nowhere, Stream, Wire

pytestmark = pytest.mark.virtual

CUT = TransportError("cut")
UNTIL_CAP = 8
"""Failures in a row after which a pause grows no longer."""


class Dice:
    """Jitter as the test wants it: what comes next, and then none."""

    def __init__(self, *falls):
        self.falls = list(falls)

    def random(self):
        """Return a number from 0 to 1."""
        return self.falls.pop(0) if self.falls else 0.0


def shed(retry_after=None):
    """Return what a server says that sheds load."""
    return TooManyRequests("slow down", code=429, retry_after=retry_after)


async def waited(patience, error, *, after=None, event=None):
    """Return how long the wait took, when something happens so long after its begin."""
    clock = VirtualClock()
    began = clock.monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(patience.wait(error))
        if after is not None:
            await clock.sleep(after)
            (event or patience.wake)()
    return clock.monotonic() - began


@pytest.mark.parametrize(
    ("error", "after", "seconds"),
    [
        (NotFound("no such kind", code=404), None, FIRST_SECONDS),
        (NotFound("no such kind", code=404), 0.5, 0.5),
        (CUT, None, FIRST_SECONDS),
        (shed(retry_after=30.0), None, 30.0),
        (shed(retry_after=30.0), 5.0, 30.0),
        (shed(retry_after=0.1), None, FIRST_SECONDS),
        (shed(), None, 1.0),
        (shed(retry_after=MOST_ASKED + 1), None, MOST_ASKED),
        (ServiceUnavailable("starting", code=503, retry_after=5.0), None, 5.0),
        (ServiceUnavailable("starting", code=503), None, FIRST_SECONDS),
    ],
    ids=[
        "refused",
        "refused, woken",
        "cut",
        "asked for more",
        "asked for more, woken",
        "asked for less",
        "asked to go away",
        "asked for too much",
        "starting, says for how long",
        "starting",
    ],
)
async def test_a_wait_is_as_long_as_the_failure_and_the_server_want(error, after, seconds):
    """It may be woken, but not before the time for which the server wants to be left alone."""
    patience = Patience(VirtualClock(), Dice(), Contact())

    assert seconds == pytest.approx(await waited(patience, error, after=after))


@pytest.mark.parametrize(
    ("jitter", "seconds"),
    [((0.0, 0.9), CAP_SECONDS), ((0.9, 0.0), CAP_SECONDS), ((0.9, 0.5), 1.5 * CAP_SECONDS)],
    ids=["the pause is shorter", "the haste is shorter", "both are long"],
)
async def test_an_answer_never_makes_a_wait_longer(jitter, seconds):
    """However long it has failed: the sooner of its own pause and of the haste counts."""
    clock, contact, dice = VirtualClock(), Contact(), Dice()
    patience = Patience(clock, dice, contact)
    for _ in range(UNTIL_CAP):
        contact.lost()
        await waited(patience, CUT, after=0, event=contact.made)
    dice.falls = list(jitter)
    contact.lost()

    assert seconds == pytest.approx(await waited(patience, CUT, after=5.0, event=contact.made))


async def test_whoever_is_woken_tries_again_soon_for_a_while():
    """What woke it may help only in a moment, however long it has failed before."""
    patience = Patience(VirtualClock(), Dice(), Contact())
    missing = NotFound("no such kind", code=404)
    for _ in range(UNTIL_CAP):
        await patience.wait(missing)
    assert CAP_SECONDS == pytest.approx(await waited(patience, missing))

    assert 5 == pytest.approx(await waited(patience, missing, after=5))
    assert FIRST_SECONDS == pytest.approx(await waited(patience, missing))


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (Gone("too old", code=410), [FIRST_SECONDS, 2 * FIRST_SECONDS, 4 * FIRST_SECONDS]),
        (TooLargeResourceVersion("too new", code=504, retry_after=1.0), [1.0, 1.6, 3.2]),
    ],
    ids=["no longer kept", "not known yet"],
)
async def test_that_a_version_does_not_serve_is_a_row_of_its_own(error, seconds):
    """However long the server was away; said again and again, it is left alone for longer."""
    patience = Patience(VirtualClock(), Dice(), Contact())
    for _ in range(UNTIL_CAP):
        await patience.wait(CUT)

    assert seconds == [pytest.approx(await waited(patience, error)) for _ in seconds]
    assert CAP_SECONDS == pytest.approx(await waited(patience, CUT))
    patience.reset()
    assert seconds[0] == pytest.approx(await waited(patience, error))


class Shedding(Wire):
    """Refuses every watch but the first, after some time, and wants to be left alone."""

    def __init__(self, *, hesitates):
        super().__init__()
        self.asked = []
        self._hesitates = hesitates

    @asynccontextmanager
    async def stream(self, request, *, timeout):
        """Say when to come back."""
        clock = VirtualClock()
        self.asked.append(clock.monotonic())
        if len(self.asked) == 1:
            async with super().stream(request, timeout=timeout) as stream:
                stream.pieces.put_nowait(b"")
                yield stream
            return
        await clock.sleep(self._hesitates)
        refusal = Stream(429, msgspec.json.encode(status(429, "slow down")))
        refusal.retry_after = "30"
        yield refusal


@pytest.mark.parametrize("hesitates", [0.0, 2.0], ids=["at once", "slowly"])
async def test_a_watch_that_is_shed_leaves_the_server_alone(hesitates):
    """Nobody asks again before it may, however long it took to be told so."""
    wire = Shedding(hesitates=hesitates)
    client = Client(Nowhere(), clock=VirtualClock())
    client._transport = wire
    async with Informers(client) as informers:
        informers.acquire(Source(kind=CONFIG_MAP))
        await client.clock.sleep(100)

    assert [0, 30 + hesitates, 2 * (30 + hesitates)] == [
        pytest.approx(moment, abs=2) for moment in (at - wire.asked[1] for at in wire.asked[1:4])
    ]
