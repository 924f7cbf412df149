"""The door of the admission server: connections are accepted, counted, and shaken hands with.

asyncio's own server accepts whatever comes and tells of a connection when its TLS handshake is
done, so thousands that never begin one would take the files that the manager's own connections
need. Here each has one of a number of `Places` from the moment it is accepted.

Each handshake is a task; what goes wrong in it ends that connection and nothing else.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Final

from aiohttp.web_protocol import RequestHandler

from controller.runtime.webhook.places import Places
from informers.clock import Clock

BACKLOG: Final = 1024
NO_FILE_SECONDS: Final = 0.1
"""Until the next try where a connection cannot be accepted, mostly as no file is free."""


class Reception:
    """Accepts at one address; `close` ends what has not been let in by then."""

    def __init__(
        self,
        serve: Callable[[], RequestHandler],
        places: Places[RequestHandler],
        *,
        context: ssl.SSLContext,
        handshake: float,
        farewell: float,
        clock: Clock,
    ) -> None:
        self._serve = serve
        self._places = places
        self._context = context
        self._handshake = handshake
        self._farewell = farewell
        self._clock = clock
        self._socket: socket.socket | None = None
        self._group = asyncio.TaskGroup()
        self._accepting: asyncio.Task[None] | None = None
        self._handshakes: dict[RequestHandler, asyncio.Task[None]] = {}

    @property
    def is_open(self) -> bool:
        """Whether connections are accepted."""
        return self._accepting is not None and not self._accepting.done()

    @property
    def port(self) -> int | None:
        """Where; None while it is closed."""
        return int(self._socket.getsockname()[1]) if self._socket is not None else None

    async def open(self, host: str, port: int) -> None:
        """Accept from now on.

        Raises:
            OSError: If that is not possible at the address.
        """
        self._socket = _listening(host, port)
        await self._group.__aenter__()
        self._accepting = self._group.create_task(self._accept(), name="webhook connections")

    async def close(self, *, limit: float) -> None:
        """Accept nothing more; handshakes under way may take until the limit."""
        if self._accepting is None or self._socket is None:
            return
        self._accepting.cancel()
        await asyncio.wait([self._accepting])
        self._socket.close()
        if under_way := list(self._handshakes.values()):
            _, late = await asyncio.wait(under_way, timeout=limit)
            for task in late:
                task.cancel()
        await self._group.__aexit__(None, None, None)
        self._socket = self._accepting = None

    async def _accept(self) -> None:
        loop, listening = asyncio.get_running_loop(), self._socket
        assert listening is not None, "it was opened"
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError:
                await self._clock.sleep(NO_FILE_SECONDS)
                continue
            guest = self._serve()
            if (leaves := self._places.enter(guest)) is not None:
                self._show_out(leaves)
            if leaves is guest:
                connection.close()
                continue
            task = self._group.create_task(self._greet(guest, connection), name="webhook handshake")
            self._handshakes[guest] = task
            await self._clock.sleep(
                0
            )  # others get their turn, also when many are waiting to come in

    async def _greet(self, guest: RequestHandler, connection: socket.socket) -> None:
        """Shake hands, and let it in."""
        is_in = False
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: guest,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=self._handshake,
                ssl_shutdown_timeout=self._farewell,
            )
            is_in = True
        except Exception:  # noqa: BLE001 - strangers may do anything, and it is theirs alone
            connection.close()
        finally:
            del self._handshakes[guest]
            if not is_in:
                self._places.leave(guest)

    def _show_out(self, guest: RequestHandler) -> None:
        """End a connection whose place another got."""
        if (handshake := self._handshakes.get(guest)) is not None:
            handshake.cancel()
        elif guest.transport is not None:
            guest.transport.abort()


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens: at all addresses of both families where no host is named."""
    dual = not host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if dual or ":" in host else socket.AF_INET
    found = socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=dual)
    found.settimeout(0)  # the loop waits
    return found
