r"""A server that says exactly the bytes its script says, piece by piece.

For what no real server can be made to do: a chunk that ends in the middle of a character, two
events in one chunk, a 200 that is not chunked, a reply that never comes. Each accepted connection
runs one script, an async function over a `Peer`:

    async def half_an_event(peer: Peer) -> None:
        await peer.expect(Match(path="/widgets$", watch=True))
        await peer.begin_stream()
        await peer.chunk(b'{"type":"ADDED","ob')
        await peer.wait(gate)
        await peer.cut("rst")

    with ScriptedServer(half_an_event) as server:
        gate = server.gate()
        ...

The first connection runs the first script and so on; further connections run `always`, and without
that are an error. An assertion that fails in a script is raised when the server stops. When a
script returns, its connection is closed; when the client goes, its script is cancelled.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from informers.clock import LoopClock
from tests.kit import http1
from tests.kit.certificates import Authority, server_context
from tests.kit.faults import Match
from tests.kit.loopthread import LoopThread
from tests.kit.wire import Ending, Wire, close_all

_CLOCK = LoopClock()
_JSON = (("Content-Type", "application/json"),)


class Gate:
    """Where a script waits until the test says go."""

    def __init__(self, thread: LoopThread) -> None:
        self._thread = thread
        self._event = asyncio.Event()

    def open(self) -> None:
        """Let the scripts pass."""
        self._thread.call(self._event.set)

    async def wait(self) -> None:
        """Wait for `open`; in scripts."""
        await self._event.wait()


class Peer:
    """The server's side of one connection, in the hands of its script."""

    def __init__(self, wire: Wire, record: list[http1.Request]) -> None:
        self._wire = wire
        self._record = record

    async def request(self) -> http1.Request:
        """The next request, with its body."""
        head = await self._wire.read_head()
        if not head:
            raise ConnectionResetError("the client closed instead of asking")
        request = http1.parse_request(head)
        request = request.with_body(await self._wire.read_exactly(request.length or 0))
        self._record.append(request)
        return request

    async def expect(self, where: Match) -> http1.Request:
        """The next request, which must be one of these."""
        request = await self.request()
        assert where.covers(request), f"expected {where}, got {request.method} {request.target}"
        return request

    async def send(self, *pieces: bytes) -> None:
        """Send each piece in a write of its own."""
        for piece in pieces:
            await self._wire.write(piece)
            await self._wire.flush()

    async def reply(
        self, body: bytes, *, status: int = 200, headers: tuple[tuple[str, str], ...] = _JSON
    ) -> None:
        """A whole reply with a Content-Length."""
        head = http1.simple_reply(status, headers).adding("Content-Length", len(body))
        await self.send(head.encode() + body)

    async def begin_stream(self, *, status: int = 200) -> None:
        """The head of a chunked reply."""
        head = http1.simple_reply(status, _JSON).adding("Transfer-Encoding", "chunked")
        await self.send(head.encode())

    async def chunk(self, *payloads: bytes) -> None:
        """Each payload as a chunk and a write of its own."""
        await self.send(*map(http1.chunk, payloads))

    async def end_stream(self) -> None:
        """The last chunk."""
        await self.send(http1.LAST_CHUNK)

    async def wait(self, gate: Gate) -> None:
        """Wait until the test opens the gate."""
        await gate.wait()

    async def silence(self) -> None:
        """Say nothing and swallow all, until the client goes."""
        self._wire.deafen()
        await asyncio.Event().wait()

    async def cut(self, how: Ending) -> None:
        """Cut the connection after what was sent."""
        await self._wire.sever(how)


Script = Callable[[Peer], Awaitable[None]]


class ScriptedServer:
    """A server on loopback whose connections run scripts."""

    def __init__(self, *scripts: Script, always: Script | None = None, tls: bool = False) -> None:
        self.authority = Authority("scripted server")
        self._scripts = list(scripts)
        self._always = always
        self._context = server_context() if tls else None
        self._thread = LoopThread("scripted-server")
        self._wires: set[Wire] = set()
        self._record: list[http1.Request] = []
        self._failures: list[Exception] = []
        self._server: asyncio.Server | None = None
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.connections = 0
        self.port: int = self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    @property
    def requests(self) -> list[http1.Request]:
        """The requests read so far."""
        return self._thread.call(self._record.copy)

    def gate(self) -> Gate:
        """A gate for scripts to wait at."""
        return Gate(self._thread)

    def start(self) -> Self:
        """Listen."""
        if self._context is not None:
            self.authority.arm(self._context)
        self._thread.start()
        self._thread.wait(self._listen())
        return self

    def stop(self) -> None:
        """Close everything; raise what went wrong in a script."""
        try:
            self._thread.wait(self._close())
        finally:
            self._thread.stop()
        if self._failures:
            raise self._failures[0]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def _listen(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Wire(self._wires, self._made), sock=self._socket, ssl=self._context
        )

    def _made(self, wire: Wire) -> None:
        self.connections += 1
        script = self._scripts.pop(0) if self._scripts else self._always
        if script is None:
            self._failures.append(AssertionError(f"no script for connection {self.connections}"))
            wire.sever_nowait("rst")
            return
        self._thread.spawn(self._play(script, wire))

    async def _play(self, script: Script, wire: Wire) -> None:
        task = asyncio.current_task()
        assert task is not None
        wire.on_lost = task.cancel
        try:
            await script(Peer(wire, self._record))
        except OSError:  # the client has gone
            wire.abort()
        except (AssertionError, http1.MalformedError) as failure:
            self._failures.append(failure)
            wire.sever_nowait("rst")
        finally:
            await wire.flush()
            wire.close()

    async def _close(self) -> None:
        assert self._server is not None
        await self._thread.close_server(self._server)
        await close_all(self._wires)
