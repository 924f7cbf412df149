"""One TCP or TLS connection as the fault proxy needs it: blocks in, bytes out, cruel endings.

Promises: blocks keep the time they arrived, so a delay can be counted from there; the backlog is
bounded and fills the peer's window when it is full; `sever` first waits until what was written has
left the process, so a cut after N bytes is a cut after exactly N bytes; a deaf wire swallows
whatever comes and keeps the connection open.
"""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Any, Literal

from informers.clock import LoopClock
from tests.kit.http1 import END_OF_HEAD, MalformedError

Ending = Literal["rst", "fin"]
"""How a connection is cut: by a reset, or by a bare FIN (no TLS goodbye), as from a killed peer."""

BACKLOG = 1 << 20
HEAD_LIMIT = 1 << 18

_CLOCK = LoopClock()
_LETTING_GO = 5.0
_ROUNDS = 5
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def _nothing() -> None:
    """No one listens."""


class Wire(asyncio.Protocol):
    """A connection with a bounded backlog of received blocks.

    It is in the set `home` from its making until its transport is gone.
    """

    def __init__(self, home: set["Wire"], on_made: Callable[["Wire"], None] | None = None) -> None:
        self.on_lost: Callable[[], object] = _nothing
        self._home = home
        self.backlog = BACKLOG
        self.ended = False
        self.news = asyncio.Event()
        self._on_made = on_made
        self._blocks: deque[tuple[float, bytes]] = deque()
        self._size = 0
        self._deaf = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport | None = None

    # -- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._home.add(self)
        transport.set_write_buffer_limits(high=BACKLOG)
        # asyncio does this only for sockets that were made with the protocol's number.
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._on_made is not None:
            self._on_made(self)

    def data_received(self, data: bytes) -> None:
        """A block has come."""
        if self._deaf:
            return
        self._blocks.append((_CLOCK.monotonic(), data))
        self._size += len(data)
        if self._size > self.backlog:
            self.transport.pause_reading()
        self.news.set()

    def eof_received(self) -> None:
        """The peer sends no more; asyncio closes the connection."""
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is no more."""
        del exc
        self._home.discard(self)
        self._writable.set()
        self._end()

    def pause_writing(self) -> None:
        """The peer is slow."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The peer has caught up."""
        self._writable.set()

    # -- reading

    @property
    def transport(self) -> asyncio.Transport:
        """What the connection is made of."""
        assert self._transport is not None
        return self._transport

    @property
    def is_closing(self) -> bool:
        """Whether this side has given the connection up, or found that the peer has."""
        return self.transport.is_closing()

    def take_nowait(self) -> tuple[float, bytes] | None:
        """The oldest block and when it came, if there is one."""
        if not self._blocks:
            return None
        item = self._blocks.popleft()
        was_full = self._size > self.backlog
        self._size -= len(item[1])
        if was_full and self._size <= self.backlog and not self.transport.is_closing():
            self.transport.resume_reading()
        return item

    def put_back(self, block: bytes) -> None:
        """Return what was taken too much."""
        if block:
            self._blocks.appendleft((_CLOCK.monotonic(), block))
            self._size += len(block)

    async def wait_news(self) -> None:
        """Wait for a block, the end, or someone who sets `news`."""
        await self.news.wait()
        self.news.clear()

    async def read_head(self) -> bytes:
        """A whole head; nothing at a clean end."""
        return await self.read_until(END_OF_HEAD)

    async def read_until(self, mark: bytes) -> bytes:
        """All up to and with the mark; nothing when the peer ends before the first byte."""
        got = b""
        while (end := got.find(mark)) < 0:
            if len(got) > HEAD_LIMIT:
                raise MalformedError("a head longer than 256 KiB")
            if (block := await self._read_block()) is None:
                if got:
                    raise ConnectionResetError("the peer closed within a head")
                return b""
            got += block
        end += len(mark)
        self.put_back(got[end:])
        return got[:end]

    async def read_exactly(self, size: int) -> bytes:
        """So many bytes."""
        blocks, have = [], 0
        while have < size:
            if (block := await self._read_block()) is None:
                raise ConnectionResetError("the peer closed within a body")
            blocks.append(block)
            have += len(block)
        got = b"".join(blocks)
        self.put_back(got[size:])
        return got[:size]

    async def _read_block(self) -> bytes | None:
        while (item := self.take_nowait()) is None:
            if self.ended:
                return None
            await self.wait_news()
        return item[1]

    # -- writing and ending

    async def write(self, data: bytes) -> None:
        """Send, and wait while the peer is slow."""
        self.transport.write(data)
        await self._writable.wait()
        if self.transport.is_closing():
            raise ConnectionResetError("the peer is gone")

    async def flush(self) -> None:
        """Wait until all that was written has left the process."""
        while self._unsent() and not self.transport.is_closing():
            await _CLOCK.sleep(0.001)

    def deafen(self) -> None:
        """Swallow all that comes from now on, and tell nobody of the end."""
        self._deaf = True
        self._blocks.clear()
        self.transport.resume_reading()

    async def sever(self, how: Ending) -> None:
        """End the connection as a failure would, after what was written."""
        await self.flush()
        self.sever_nowait(how)

    def sever_nowait(self, how: Ending) -> None:
        """End the connection as a failure would, now."""
        if self.transport.is_closing():
            return
        raw = self.transport.get_extra_info("socket")
        with contextlib.suppress(OSError):  # the peer was faster
            if how == "rst":
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            else:
                raw.shutdown(socket.SHUT_WR)
        self.transport.abort()

    def close(self) -> None:
        """End the connection politely."""
        self.transport.close()

    def abort(self) -> None:
        """End the connection at once, without a sound."""
        self.transport.abort()

    def _unsent(self) -> int:
        inner: Any = getattr(self.transport, "_ssl_protocol", None)
        below = inner._transport if inner is not None else None
        deep = below.get_write_buffer_size() if below is not None else 0
        return self.transport.get_write_buffer_size() + deep

    def _end(self) -> None:
        if not self.ended:
            self.ended = True
            self.news.set()
            self.on_lost()


async def close_all(home: set[Wire]) -> None:
    """Abort all wires of a home, and wait until asyncio has let go of their sockets."""
    async with asyncio.timeout(_LETTING_GO):
        while home:
            for wire in list(home):
                wire.abort()
            await _CLOCK.sleep(0)
    for _ in range(_ROUNDS):  # those that were never handed to a wire, in their handshake
        await _CLOCK.sleep(0)
