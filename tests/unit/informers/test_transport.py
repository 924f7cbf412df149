"""Deadlines of requests, over connections without sockets."""

import asyncio

import pytest

from informers.clock import LoopClock
from informers.contact import Contact
from informers.errors import DeadlineExceeded, OutcomeUnknown, TransportError
from informers.http1 import Head
from informers.link import Link
from informers.request import Request
from informers.transport import Stream, Transport
from tests.unit.controller.runtime.world import Nowhere
from tests.unit.informers.test_link import Wire, asked, connected

pytestmark = pytest.mark.virtual

READ = Request(method="GET", path="/api/v1/pods/p")
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


class Reaching(Transport):
    """One whose every connection is made, or not, as the test says."""

    def __init__(self, outcome, *, connections=1):
        self.outcome, self.contact = outcome, Contact()
        super().__init__(
            Nowhere(), user_agent="test", connections=connections, contact=self.contact
        )

    async def _dial(self, _):
        if self.outcome is None:
            raise TransportError("no way")
        link = Link()
        Wire(link)
        loop = asyncio.get_running_loop()
        loop.call_later(1, link.data_received, self.outcome)
        loop.call_later(2, link.connection_lost, None)
        return link


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"


@pytest.mark.parametrize("before", [True, False], ids=["was lost", "was there"])
@pytest.mark.parametrize(
    ("outcome", "timeout", "is_lost"),
    [(None, 9, True), (b"HTTP/1.1 200", 9, True), (HEAD, 0.5, True), (HEAD, 9, False)],
    ids=["no way", "ends within the head", "no head in time", "ends within the body"],
)
async def test_the_head_of_an_answer_shows_that_the_server_is_there(
    outcome, timeout, is_lost, before
):
    """Whatever becomes of the answer after that, for requests and for streams."""
    transport = Reaching(outcome)

    async def follow():
        async with transport.stream(READ, timeout=timeout) as stream:
            await stream.read(within=9)

    for ask in (lambda: transport.send(READ, timeout=timeout), follow):
        transport.contact.is_lost = before
        with pytest.raises(TransportError):
            await ask()

        assert is_lost == transport.contact.is_lost


@pytest.mark.parametrize("before", [True, False], ids=["was lost", "was there"])
async def test_who_found_no_free_connection_has_learned_nothing_of_the_server(before):
    """Others are being answered on all of them, perhaps."""
    transport = Reaching(HEAD, connections=0)
    transport.contact.is_lost = before

    with pytest.raises(DeadlineExceeded):
        await transport.send(READ, timeout=9)

    assert before == transport.contact.is_lost


@pytest.mark.parametrize("before", [True, False], ids=["was lost", "was there"])
@pytest.mark.parametrize(
    ("make", "timeout"),
    [
        (lambda: Dialled(stall=60), 10),
        (lambda: Transport(Nowhere(), user_agent="test", connections=1), 0),
    ],
    ids=["since it was dialled", "before"],
)
async def test_who_had_no_time_left_to_ask_has_learned_nothing_of_the_server(make, timeout, before):
    """This process stood still, or whoever asks came too late."""
    transport = make()
    transport._contact.is_lost = before

    with pytest.raises(DeadlineExceeded):
        await transport.send(WRITE, timeout=timeout)

    assert before == transport._contact.is_lost


class Kept(Transport):
    """One that has a connection from before."""

    def __init__(self, link):
        self.link = link
        super().__init__(Nowhere(), user_agent="test", connections=1)

    def _take(self):
        return self.link


@pytest.mark.parametrize("before", [True, False], ids=["was lost", "was there"])
async def test_the_end_of_an_old_connection_tells_nothing_of_the_server(before):
    """It may have ended long ago; who asks next makes a new one."""
    link, _ = connected()
    await asked(link, b"HTTP/1.1 204 No Content\r\n\r\n")
    transport = Kept(link)
    transport._contact.is_lost = before
    asyncio.get_running_loop().call_later(1, link.connection_lost, None)

    with pytest.raises(OutcomeUnknown):
        await transport.send(WRITE, timeout=9)

    assert before == transport._contact.is_lost
