"""One request and its reply on their way through the fault proxy.

The relay proper is `_relay`: blocks of the reply's payload go from the upstream wire to the client
as they come, framed as the API server framed them. A watch is passed on in whole lines, so that
faults can count events; any other body in whatever blocks arrive. Nothing is collected, but for
`EditReply`, which needs the whole document.

A fault that ends the exchange does so by raising; the connection that runs the exchange
(`tests.kit.link`) then does to its sockets what was asked.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import NoReturn

import attrs
import msgspec

from informers.clock import LoopClock
from tests.kit import faults as f
from tests.kit import http1
from tests.kit.wire import BACKLOG, Ending, Wire

WATCH_BACKLOG = 64 * BACKLOG

_CLOCK = LoopClock()
_SLICES_PER_SECOND = 20


@attrs.define
class SeveredError(Exception):
    """A fault cuts the connection."""

    how: Ending


class SwallowedError(Exception):
    """A fault turns the connection into a hole."""


class _EndedError(Exception):
    """A fault ends the body here."""


@attrs.define(eq=False)
class Active:
    """A rule at work on one exchange, and how far this exchange has come under it."""

    rule: f.Rule
    lifted: asyncio.Event = attrs.field(factory=asyncio.Event)
    struck: bool = False
    _events: int = 0
    _extra: int = 0

    @property
    def waits_at(self) -> f.Place | None:
        """The place where it has yet to strike, if it is a fault that strikes."""
        fault = self.rule.fault
        return fault.at if isinstance(fault, f.Pointed) and not self.struck else None

    def room(self, size: int) -> int:
        """How many of the next bytes, all of one event, may pass before it strikes."""
        fault = self.rule.fault
        assert isinstance(fault, f.Pointed)
        if self._events < fault.after_events:
            return size
        return min(size, max(fault.after_bytes - self._extra, 0))

    def passed(self, size: int, *, whole_event: bool) -> None:
        """So many bytes have passed; the last of them may have ended an event."""
        self._extra += size
        if whole_event:
            self._events, self._extra = self._events + 1, 0

    def touch(self) -> None:
        """Count that it did something, once per exchange."""
        if not self.struck:
            self.struck = True
            self.rule.fired += 1

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until the rule is removed."""
        self.touch()
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.lifted.wait()


class Exchange:
    """A request, its reply, and the faults that lie in their way."""

    def __init__(
        self,
        request: http1.Request,
        client: Wire,
        open_upstream: Callable[[http1.Request], Awaitable[tuple[Wire, http1.Request]]],
    ) -> None:
        self.request = request
        self.active: list[Active] = []
        self.started = _CLOCK.monotonic()
        self.status: int | None = None
        self.sent_bytes = 0
        self.events = 0
        self.is_upstream_spoiled = False
        self._client = client
        self._open_upstream = open_upstream
        self._upstream: Wire | None = None
        self._changed = False
        self._chunked = False
        self._is_json = True
        self._carry: list[bytes] = []

    # -- from outside, while it runs

    def attach(self, active: Active) -> None:
        """A fault comes in its way."""
        self.active.append(active)
        self._changed = True
        if self._upstream is not None:
            self._upstream.news.set()

    def detach(self, rule: f.Rule) -> None:
        """A fault is taken back."""
        for active in [a for a in self.active if a.rule is rule]:
            self.active.remove(active)
            active.lifted.set()

    # -- the way through

    async def run(self) -> bool:
        """Carry the exchange out; whether the connection can take another one."""
        answer = await self._strike("request")
        if answer is not None:
            return await self._answer(answer)
        reply = await self._forward()
        answer = await self._strike("reply")
        if answer is not None:
            self.is_upstream_spoiled = True
            return await self._answer(answer)
        return await self._relay(reply)

    async def _strike(self, place: f.Place) -> f.Answer | None:
        """Let the faults of this place happen; the last answer wins."""
        answer = None
        for active in list(self.active):
            match active.rule.fault:
                case f.Answer(at=at) as fault if at == place:
                    active.touch()
                    answer = fault
                case f.Delay(at=at, seconds=seconds) if at == place:
                    await active.pause(seconds)
                case f.EditRequest(edit=edit) if place == "request":
                    active.touch()
                    self.request = edit(self.request)
                case f.Pointed() if active.waits_at == place:
                    await self._happen(active)
        return answer

    async def _happen(self, active: Active) -> None:
        active.touch()
        match active.rule.fault:
            case f.Cut(how=how):
                raise SeveredError(how)
            case f.HalfOpen():
                raise SwallowedError
            case f.End():
                raise _EndedError
            case f.Stall():
                await active.lifted.wait()
            case f.Inject(line=line, then=then):
                await self._send(line)
                self.events += 1
                if then == "end":
                    raise _EndedError

    async def _answer(self, answer: f.Answer) -> bool:
        self.status = answer.status
        head = http1.simple_reply(answer.status, answer.headers)
        head = head.adding("Content-Length", len(answer.body))
        await self._client.write(head.encode() + answer.body)
        self.sent_bytes = len(answer.body)
        return self.request.keeps_alive

    async def _forward(self) -> http1.Reply:
        upstream, request = await self._open_upstream(self.request)
        self._upstream = upstream
        upstream.backlog = WATCH_BACKLOG if self.request.is_watch else BACKLOG
        await upstream.write(request.encode())
        while True:
            reply = http1.parse_reply(await upstream.read_head() or _lost())
            if reply.status >= 200:
                return reply

    async def _relay(self, reply: http1.Reply) -> bool:
        body = http1.body_of(self.request, reply)
        self.status = reply.status
        edits = [a for a in self.active if isinstance(a.rule.fault, f.EditReply)]
        edited = b""
        if edits and not self.request.is_watch:
            edited = await self._edit(body, edits)
            reply = reply.without("transfer-encoding", "content-length")
            reply = reply.adding("Content-Length", len(edited))
        self._chunked = isinstance(body, http1.ChunkedBody) and not edited
        self._is_json = "json" in (reply.get("content-type") or "")
        await self._client.write(reply.encode())
        is_whole = not isinstance(body, http1.OpenBody)
        try:
            await self._points()
            await self._feed(edited, whole_event=False)
            await self._pump(body)
        except _EndedError:
            self.is_upstream_spoiled = True
            is_whole = self._chunked
        if self._chunked:
            await self._client.write(http1.LAST_CHUNK)
        return is_whole and reply.keeps_alive and self.request.keeps_alive

    async def _pump(self, body: http1.Body) -> None:
        # A watch in protobuf has no lines: whoever waits for the next newline waits for ever.
        in_lines = self.request.is_watch and self.status == 200 and self._is_json
        while (item := await self._next_block(body)) is not None:
            arrived, payload = item
            for active in self._having(f.Lag):
                assert isinstance(active.rule.fault, f.Lag)
                await active.pause(arrived + active.rule.fault.seconds - _CLOCK.monotonic())
            if in_lines:
                await self._pass_lines(payload)
            else:
                await self._feed(payload, whole_event=False)
        if rest := b"".join(self._carry):
            await self._feed(rest, whole_event=False)

    async def _next_block(self, body: http1.Body) -> tuple[float, bytes] | None:
        assert self._upstream is not None
        while True:
            if self._changed:
                self._changed = False
                await self._points()
            if body.done:
                self._upstream.put_back(body.rest)
                return None
            if (item := self._upstream.take_nowait()) is not None:
                if payload := body.decode(item[1]):
                    return item[0], payload
            elif self._upstream.ended:
                return None if body.end() else _lost()
            else:
                await self._upstream.wait_news()

    async def _edit(self, body: http1.Body, edits: list[Active]) -> bytes:
        blocks = []
        while (item := await self._next_block(body)) is not None:
            blocks.append(item[1])
        document = msgspec.json.decode(b"".join(blocks))
        for active in edits:
            assert isinstance(active.rule.fault, f.EditReply)
            active.touch()
            document = active.rule.fault.edit(document)
        return msgspec.json.encode(document)

    # -- bodies

    async def _pass_lines(self, payload: bytes) -> None:
        end = payload.rfind(b"\n") + 1
        if not end:
            self._carry.append(payload)
            return
        whole = b"".join([*self._carry, payload[:end]])
        self._carry = [payload[end:]]
        if not self.active:
            self.events += whole.count(b"\n")
            await self._send(whole)
            return
        for line in whole.split(b"\n")[:-1]:
            for edited in self._edited(line + b"\n"):
                await self._feed(edited, whole_event=True)
                self.events += 1

    def _edited(self, line: bytes) -> Iterable[bytes]:
        lines = [line]
        for active in self._having(f.EditEvents):
            assert isinstance(active.rule.fault, f.EditEvents)
            edit = active.rule.fault.edit
            before, lines = lines, [new for old in lines for new in edit(old)]
            active.rule.fired += before != lines
        return lines

    async def _feed(self, unit: bytes, *, whole_event: bool) -> None:
        """Send a line or a block, and stop at each point within it where a fault waits."""
        while unit:
            points = [a for a in self.active if a.waits_at == "body"]
            room = min((a.room(len(unit)) for a in points), default=len(unit))
            piece, unit = unit[:room], unit[room:]
            await self._send(piece)
            for active in points:
                active.passed(len(piece), whole_event=whole_event and not unit)
            await self._points()

    async def _points(self) -> None:
        for active in list(self.active):
            if active.waits_at == "body" and active.room(1) == 0:
                await self._happen(active)

    async def _send(self, payload: bytes) -> None:
        for piece in self._pieces(payload):
            for active in self._having(f.Throttle):
                assert isinstance(active.rule.fault, f.Throttle)
                await active.pause(len(piece) / active.rule.fault.bytes_per_second)
            self.sent_bytes += len(piece)
            await self._client.write(http1.chunk(piece) if self._chunked else piece)

    def _pieces(self, payload: bytes) -> Iterator[bytes]:
        size = len(payload)
        for active in self.active:
            match active.rule.fault:
                case f.Rechunk(size=limit):
                    active.touch()
                    size = min(size, limit)
                case f.Throttle(bytes_per_second=rate):
                    size = min(size, max(int(rate / _SLICES_PER_SECOND), 1))
        if size == len(payload):
            yield payload
            return
        for at in range(0, len(payload), size):
            yield payload[at : at + size]

    def _having(self, kind: type[f.Fault]) -> list[Active]:
        return [active for active in self.active if isinstance(active.rule.fault, kind)]


def _lost() -> NoReturn:
    raise ConnectionResetError("the API server closed within its reply")
