"""One connection to the API server, on which one thing at a time is said and answered.

Bytes are kept as they come and given to whoever waits; when nobody takes them for a while the
socket is left alone, so that a slow reader slows the server and not this process's memory. An
error of the connection is told to the reader once it has taken all that came before.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Final, TypeGuard, cast

from informers import tls
from informers.clock import Clock
from informers.errors import TransportError
from informers.http1 import (
    END,
    INTERIM,
    LONGEST_HEAD,
    SWITCHING,
    Body,
    Counted,
    Head,
    Malformed,
    body_of,
    parse_head,
)

MOST_HELD: Final = 1024 * 1024
TURNS: Final = 3
"""Of the loop, for bytes that wait in the socket to be read, and for whoever waits for them."""
_WHO_WE_ARE: Final = (
    "CERTIFICATE",
    "UNKNOWN_CA",
    "ACCESS_DENIED",
    "DECRYPT_ERROR",
    "HANDSHAKE_FAILURE",
)
"""In alerts that end a handshake; others may come at any time."""
UNANSWERED: Final = Head(code=0, keeps_alive=False)


class Stale(TransportError):
    """A connection that was used before ended without a byte: the peer had given it up."""


class Late(TransportError):
    """The time for an answer is over."""


class Refused(TransportError):
    """The server ended the TLS handshake after the fact: nothing of what was said was read.

    That is how TLS 1.3 refuses a client's certificate.
    """


class Link(asyncio.Protocol):
    """A connection; `identity` is what it was made with, `on_lost` is called at its end."""

    def __init__(self, identity: object = None) -> None:
        self.identity = identity
        self.on_lost: Callable[[Link], None] | None = None
        self.idle_since = 0.0
        self.is_lost = False
        self._is_gone = False
        self._transport: asyncio.Transport | None = None
        self._pieces: list[bytes] = []
        self._held = 0
        self._is_paused = False
        self._failure: BaseException | None = None
        self._reader: asyncio.Future[None] | None = None
        self._farewell: asyncio.Future[None] | None = None
        self._timer: asyncio.Handle | None = None
        self._rings_at = 0.0
        self._deadline: float | None = None
        self._loop: asyncio.AbstractEventLoop
        self._answered = 0
        self._head = UNANSWERED
        self._body: Body = Counted(0)

    # What the loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The way is open."""
        self._transport = cast("asyncio.Transport", transport)
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        """Keep it until somebody reads."""
        self._pieces.append(data)
        self._held += len(data)
        if self._reader is not None:
            self._wake()
        elif self._held > MOST_HELD and not self._is_paused:
            self._pause()

    def eof_received(self) -> None:
        """The peer says no more, so neither do we.

        Over TLS the loop would wait for half a minute for a goodbye that a killed peer never sends.
        """
        self.is_lost = True
        self._wake()
        self.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """It is over; what came is still there to be read."""
        self.is_lost = self._is_gone = True
        self._failure = self._failure or error
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wake()
        if self.on_lost is not None:
            self.on_lost(self)
        if self._farewell is not None and not self._farewell.done():
            self._farewell.set_result(None)

    # What users call

    @property
    def transport(self) -> asyncio.Transport:
        """The loop's end of it."""
        assert self._transport is not None, "not connected"
        return self._transport

    @property
    def is_free(self) -> bool:
        """Whether all was said, the last answer was read to its end, and another may follow."""
        return (
            not self.is_lost
            and not self._pieces
            and self._head.keeps_alive
            and self._body.is_complete
            and not self._body.has_surplus
            and not self.transport.get_write_buffer_size()
        )

    @property
    def has_more(self) -> bool:
        """Whether something came that nobody has read."""
        return bool(self._pieces)

    async def ask(self, payload: bytes) -> Head:
        """Send a request and read the head of its answer.

        Raises:
            Stale: If the peer had closed a connection that was used before.
            Late: If the limit passes.
            Refused: If the server does not accept our certificate.
            TransportError: If it ends, or what comes is no answer.
        """
        self._head = UNANSWERED
        self.transport.write(payload)
        rest, allowed = b"", LONGEST_HEAD
        while True:
            raw, rest = await self._raw_head(rest, allowed)
            head = parse_head(raw)
            if head.code not in INTERIM:
                break
            if head.code == SWITCHING:
                raise Malformed("the server speaks another protocol now, which nobody asked for")
            allowed -= len(raw) + len(END)
        self._answered += 1
        self._head, self._body = head, body_of(head)
        if rest:
            self._pieces.insert(0, rest)
        return head

    async def piece(self) -> bytes:
        """Some of the body, as much as has come; empty at its end.

        Raises:
            Late: If the limit passes.
            TransportError: If the connection breaks instead of ending.
        """
        body = self._body
        while not body.is_complete:
            data = await self._some()
            if not data:
                self._raise_failure()
                body.end()
                return b""
            if content := body.feed(data):
                return content
        return b""

    async def body(self) -> bytes:
        """All of the body."""
        first = await self.piece()
        if self._body.is_complete:
            return first
        pieces = [first]
        while piece := await self.piece():
            pieces.append(piece)
        return b"".join(pieces)

    async def gather(self, clock: Clock, seconds: float) -> None:
        """Leave the socket alone for a moment, so that the next piece is a large one."""
        self._pause()
        try:
            await clock.sleep(seconds)
        finally:
            self._resume()

    def abort(self) -> None:
        """End it now.

        A polite TLS shutdown would leave it open until the peer answers, past the loop's own end.
        """
        if self._transport is not None:
            self._transport.abort()

    def limit(self, seconds: float) -> None:
        """Allow this much time from now until `unlimit`; then the connection is ended.

        A timer that rings early looks again, so that most calls cost an assignment and no timer.
        """
        self._deadline = self._loop.time() + seconds
        if self._timer is None or self._rings_at > self._deadline:
            self._set_timer(self._deadline)

    def unlimit(self) -> None:
        """It came in time."""
        self._deadline = None

    async def closed(self) -> None:
        """Wait until the loop has let go of it."""
        if not self._is_gone:
            self._farewell = self._farewell or self._loop.create_future()
            await asyncio.shield(self._farewell)

    # How it is done

    async def _raw_head(self, raw: bytes, allowed: int) -> tuple[bytes, bytes]:
        """A head, given what came of it before, and what came after it."""
        while (end := raw.find(END)) < 0 or allowed < 0:
            if len(raw) > allowed:
                raise TransportError("the answer's head has no end: is this an API server?")
            data = await self._some()
            if not data:
                self._raise_failure(stale=not raw and self._answered > 0)
                raise TransportError("the connection was closed instead of an answer")
            raw += data
        return raw[:end], raw[end + len(END) :]

    async def _some(self) -> bytes:
        """All that has come; empty when the connection is over."""
        pieces = self._pieces
        if not pieces and not self.is_lost:
            self._reader = self._loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._held = 0
        if self._is_paused:
            self._resume()
        return data

    def _ring(self, turns: int = TURNS) -> None:
        """Time is over: end it, unless what came in time was only not looked at in time.

        After a stall of this process the timer is as late as everything else, and may come first.
        """
        self._timer = None
        if self._deadline is None:
            return
        if self._loop.time() < self._deadline:
            self._set_timer(self._deadline)
            return
        if turns:
            self._timer = self._loop.call_soon(self._ring, turns - 1)
            return
        self._failure = Late("the time for an answer is over")
        self.abort()

    def _set_timer(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = at
        self._timer = self._loop.call_at(at, self._ring)

    def _raise_failure(self, *, stale: bool = False) -> None:
        """Say how it ended; a clean end is for the caller to judge."""
        if isinstance(self._failure, Late):
            raise self._failure
        if stale:
            raise Stale("the server had closed the connection") from self._failure
        if not self._answered and _is_refusal(self._failure):
            raise Refused(str(tls.explain(self._failure))) from self._failure
        if self._failure is not None:
            text = str(self._failure) or type(self._failure).__name__
            raise TransportError(f"the connection broke: {text}") from self._failure

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _pause(self) -> None:
        if not self._is_paused and not self.is_lost:
            self._is_paused = True
            self.transport.pause_reading()

    def _resume(self) -> None:
        if self._is_paused:
            self._is_paused = False
            if not self.is_lost:
                self.transport.resume_reading()


def _is_refusal(failure: BaseException | None) -> TypeGuard[ssl.SSLError]:
    """Whether the peer ended TLS because of who we are, before it read anything."""
    reason = (isinstance(failure, ssl.SSLError) and failure.reason) or ""
    return "ALERT" in reason and any(word in reason for word in _WHO_WE_ARE)
