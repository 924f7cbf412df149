"""A process that stood still for a while: what it makes of that when it goes on."""

import asyncio
import socket
import time

import pytest

from informers.clock import LoopClock
from informers.http1 import Head
from informers.link import Link
from informers.transport import Stream

pytestmark = pytest.mark.every_loop

SILENCE = 0.05
STALL = 0.2


async def test_what_came_meanwhile_is_no_silence():
    """Its timers are as late as it is, but what waits in the socket came in time."""
    ours, theirs = socket.socketpair()
    link = Link()
    await asyncio.get_running_loop().create_connection(lambda: link, sock=ours)
    theirs.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    await link.ask(b"GET")
    stream = Stream(link, Head(code=200))
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(stream.chunk(within=SILENCE))
        await LoopClock().sleep(0)
        theirs.sendall(b"in time")
        time.sleep(STALL)  # noqa: ASYNC251, TID251 - nothing else is to run
    theirs.sendall(b"later")

    assert (b"in time", b"later") == (reading.result(), await stream.chunk(within=5.0))
    link.abort()
    await link.closed()
    theirs.close()
