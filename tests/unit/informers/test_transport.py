"""Deadlines of requests, over connections without sockets."""

import asyncio

import pytest

from informers.clock import LoopClock
from informers.errors import DeadlineExceeded, OutcomeUnknown
from informers.http1 import Head
from informers.link import Link
from informers.request import Request
from informers.transport import Stream, Transport
from tests.unit.controller.runtime.world import Nowhere
from tests.unit.informers.test_link import Wire, asked, connected

pytestmark = pytest.mark.virtual

WRITE = Request(method="PATCH", path="/api/v1/pods/p", body=b"{}")


class Stalling(LoopClock):
    """A clock that jumps, as it does for a process that was stopped."""

    ahead = 0.0

    def monotonic(self):
        """Seconds, and those of the jump."""
        return super().monotonic() + self.ahead


class Dialled(Transport):
    """Whose dialling ends in the moment in which the process goes on after a stall."""

    def __init__(self, *, stall):
        self.clock, self.stall, self.wires = Stalling(), stall, []
        super().__init__(Nowhere(), user_agent="test", connections=1, clock=self.clock)

    async def _dial(self, _):
        link = Link()
        self.wires.append(Wire(link))
        self.clock.ahead += self.stall
        return link


@pytest.mark.parametrize(
    ("stall", "sent", "error"),
    [(9.0, 1, OutcomeUnknown), (10.0, 0, DeadlineExceeded), (60.0, 0, DeadlineExceeded)],
)
async def test_nothing_is_sent_when_its_time_is_over(stall, sent, error):
    """A deadline may be all that proves who leads."""
    transport = Dialled(stall=stall)

    with pytest.raises(error):
        await transport.send(WRITE, timeout=10.0)

    assert sent == len(transport.wires[0].sent)


async def test_the_reason_of_a_refusal_has_its_time_for_all_of_it():
    """A server that trickles keeps nobody for ever."""
    link, _ = connected()
    await asked(link, b"HTTP/1.1 500 No\r\n\r\n")

    async def trickle():
        while True:
            link.data_received(b"x")
            await LoopClock().sleep(1)

    async with asyncio.TaskGroup() as group:
        trickling = group.create_task(trickle())
        with pytest.raises(DeadlineExceeded, match="did not end within 5 s"):
            async with asyncio.timeout(60):
                await Stream(link, Head(code=500)).read(within=5.0)
        trickling.cancel()
