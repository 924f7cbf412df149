"""One connection without a socket: what it keeps, when it is free, how it tells of its end."""

import asyncio
import ssl

import pytest

from informers.clock import LoopClock
from informers.errors import TransportError
from informers.http1 import LONGEST_HEAD, Head, Malformed
from informers.link import MOST_HELD, TURNS, Late, Link, Refused, Stale
from informers.transport import Stream

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


class Wire:
    """The loop's side of a connection; it remembers what was asked of it."""

    def __init__(self, link):
        self.link = link
        self.sent = []
        self.is_reading = True
        self.unsent = 0
        link.connection_made(self)

    def write(self, data):
        """What goes out."""
        self.sent.append(data)

    def get_write_buffer_size(self):
        """What has not gone out yet."""
        return self.unsent

    def pause_reading(self):
        """The peer is to wait."""
        assert self.is_reading
        self.is_reading = False

    def resume_reading(self):
        """The peer may go on."""
        assert not self.is_reading
        self.is_reading = True

    def abort(self):
        """The end, as the loop tells it: a moment later."""
        asyncio.get_running_loop().call_soon(self.link.connection_lost, None)


def connected():
    """A link and the wire under it."""
    link = Link()
    return link, Wire(link)


async def asked(link, *pieces):
    """The head of the answer that comes in these pieces."""
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(link.ask(b"GET"))
        for piece in pieces:
            await LoopClock().sleep(0)
            link.data_received(piece)
    return asking.result()


async def test_it_is_free_again_only_when_the_answer_was_read():
    """Before, in the middle and after: another request may follow only at the end."""
    link, wire = connected()
    assert not link.is_free

    await asked(link, OK, b"o")
    assert not link.is_free
    link.data_received(b"k")
    assert b"ok" == await link.body()
    assert (True, [b"GET"]) == (link.is_free, wire.sent)


async def test_it_is_not_free_while_an_answer_is_owed():
    """A request given up before its answer came must not be answered to somebody else."""
    link, _ = connected()
    await asked(link, OK + b"ok")
    await link.body()
    assert link.is_free

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(link.ask(b"GET"), 0.001)

    assert not link.is_free


async def test_it_is_not_free_while_a_part_of_the_request_is_unsent():
    """Who answers before it has heard all may hang up, or answer the rest once more."""
    link, wire = connected()
    wire.unsent = 1
    await asked(link, OK + b"ok")
    await link.body()

    assert not link.is_free


async def test_what_came_unasked_makes_it_useless():
    """Bytes after an answer belong to nobody."""
    link, _ = connected()
    await asked(link, OK + b"ok")
    await link.body()

    link.data_received(b"HTTP/1.1 408 Request Timeout\r\n\r\n")

    assert not link.is_free


async def test_interim_answers_are_passed_over():
    """100 and 103 come before the answer, as often as a proxy likes."""
    link, _ = connected()
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"

    head = await asked(link, interim + interim[:9], interim[9:] + OK[:5], OK[5:] + b"ok")

    assert (200, b"ok") == (head.code, await link.body())


async def test_interim_answers_without_end_are_none():
    """Neither many small ones in one piece nor one after the other are listened to for ever."""
    link, _ = connected()
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"

    with pytest.raises(ExceptionGroup) as caught:
        await asked(link, *[interim * 10] * (LONGEST_HEAD // len(interim)))

    assert caught.group_contains(TransportError, match="no end")


async def test_a_protocol_nobody_asked_for_is_not_spoken():
    """After a 101 nothing that comes is HTTP."""
    link, _ = connected()

    with pytest.raises(ExceptionGroup) as caught:
        await asked(link, b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + OK + b"ok")

    assert caught.group_contains(Malformed)


async def test_all_who_wait_for_its_end_hear_of_it():
    """Two may close at the same time."""
    link, _ = connected()

    async with asyncio.timeout(1), asyncio.TaskGroup() as group:
        group.create_task(link.closed())
        group.create_task(link.closed())
        await LoopClock().sleep(0)
        link.abort()


async def test_what_nobody_reads_stops_the_peer():
    """A slow reader is felt by the server; reading lets it go on."""
    link, wire = connected()
    await asked(link, b"HTTP/1.1 200 OK\r\n\r\n")

    link.data_received(b"x" * MOST_HELD)
    assert wire.is_reading
    link.data_received(b"x")
    link.data_received(b"x")
    assert not wire.is_reading

    assert MOST_HELD + 2 == len(await link.piece())
    assert wire.is_reading


async def test_gathering_leaves_the_socket_alone_for_a_moment():
    """Nothing is read meanwhile, and a connection lost meanwhile is no error."""
    link, wire = connected()
    seen = []

    class Clock(LoopClock):
        """Looks while time passes."""

        async def sleep(self, seconds):
            """See whether the socket is read."""
            seen.append((seconds, wire.is_reading))

    await link.gather(Clock(), 0.01)
    link.connection_lost(None)
    await link.gather(Clock(), 0.01)

    assert [(0.01, False), (0.01, True)] == seen


async def test_whoever_is_cancelled_while_it_gathers_leaves_the_socket_as_it_was():
    """The last answer may have been complete; the next one would never be read."""
    link, wire = connected()
    await asked(link, OK, b"ok")
    await link.body()
    async with asyncio.TaskGroup() as group:
        gathering = group.create_task(link.gather(LoopClock(), 60))
        await LoopClock().sleep(0)
        assert not wire.is_reading
        gathering.cancel()

    assert (True, True) == (link.is_free, wire.is_reading)


@pytest.mark.parametrize(
    ("answered", "failure", "expected"),
    [
        (False, None, TransportError),
        (False, ConnectionResetError("reset"), TransportError),
        (True, None, Stale),
        (True, ConnectionResetError("reset"), Stale),
    ],
    ids=["first closed", "first reset", "later closed", "later reset"],
)
async def test_an_end_without_a_byte(answered, failure, expected):
    """On a connection that was used before it only says that the server had given it up."""
    link, _ = connected()
    if answered:
        await asked(link, OK + b"ok")
        await link.body()

    lose_soon(link, failure)

    with pytest.raises(TransportError) as caught:
        await link.ask(b"GET")

    assert expected is type(caught.value)


async def test_a_certificate_that_is_refused_late_is_no_lost_request():
    """TLS 1.3 tells after the handshake that the client's certificate is not accepted."""
    alert = ssl.SSLError(1, "[SSL]")
    alert.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    link, _ = connected()

    lose_soon(link, alert)

    with pytest.raises(Refused, match="wants a client certificate"):
        await link.ask(b"GET")


@pytest.mark.parametrize("said", ["TLSV1_ALERT_INTERNAL_ERROR", "SSLV3_ALERT_BAD_RECORD_MAC"])
async def test_an_alert_about_anything_else_may_have_come_after_the_request(said):
    """That nothing was read can be claimed only where the certificate is what was refused."""
    alert = ssl.SSLError(1, "[SSL]")
    alert.reason = said
    link, _ = connected()

    lose_soon(link, alert)

    with pytest.raises(TransportError, match="broke") as caught:
        await link.ask(b"PUT")
    assert TransportError is type(caught.value)


async def test_its_limit_ends_it():
    """Time is over: whoever reads is told, and the connection is gone."""
    link, _ = connected()
    link.limit(0.001)

    with pytest.raises(Late):
        await link.ask(b"GET")

    assert link.is_lost


@pytest.mark.virtual
async def test_a_limit_that_was_kept_does_nothing():
    """The timer of one request does not end the next."""
    link, _ = connected()
    link.limit(0.001)
    await asked(link, OK + b"ok")
    link.unlimit()

    await LoopClock().sleep(0.01)

    assert not link.is_lost


@pytest.mark.virtual
@pytest.mark.parametrize("turns", [1, TURNS], ids=["with the timer", "behind it"])
async def test_what_came_in_time_counts_however_late_it_is_looked_at(turns):
    """A process that stood still has to read first, which some loops do behind their timers."""
    link, _ = connected()
    await asked(link, b"HTTP/1.1 200 OK\r\n\r\n")
    loop = asyncio.get_running_loop()

    def read(after):
        if after:
            loop.call_soon(read, after - 1)
        else:
            link.data_received(b"in time")

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(Stream(link, Head(code=200)).chunk(within=1.0))
        await LoopClock().sleep(0)
        loop.stall(5)
        read(turns)
    await LoopClock().sleep(1)

    assert (b"in time", False) == (reading.result(), link.is_lost)


async def test_what_came_before_the_end_is_read_first():
    """The last piece of an answer and the end may arrive together."""
    link, _ = connected()
    await asked(link, b"HTTP/1.1 200 OK\r\n\r\n")
    link.data_received(b"the last")
    link.connection_lost(ConnectionResetError("reset"))

    assert b"the last" == await link.piece()
    with pytest.raises(TransportError, match="reset"):
        await link.piece()


def lose_soon(link, failure):
    """The connection ends while somebody waits."""
    asyncio.get_running_loop().call_soon(link.connection_lost, failure)
