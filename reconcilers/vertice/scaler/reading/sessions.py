"""Connections that are kept from one look to the next: a session for each server.

Two servers that differ in anything, such as a credential that was renewed, share no connection; so
what is no longer right is never asked again, and its session goes when nobody has used it for four
looks, or when it is the one that was used longest ago of too many. What is in use is never closed:
there may be more sessions than are kept for as long as that many are used at the same time.

What servers do share is what they trust: to read the certificates of a whole system takes as long
as thirty queries.
"""

import contextlib
import ssl
from collections.abc import AsyncIterator, Hashable
from typing import TYPE_CHECKING, Final

import attrs

from informers.clock import Clock
from reconcilers.vertice.scaler.pace import PERIOD
from reconcilers.vertice.scaler.reading.server import Server

if TYPE_CHECKING:
    from aiohttp import ClientSession

MOST: Final = 1024
KEPT: Final = 4 * PERIOD
_CONTEXTS: Final = 64
_IDLE_SECONDS: Final = 55.0
"""Longer than scalers wait between two looks, shorter than balancers keep what is idle (60 s)."""
_HEADERS: Final = {
    "Accept": "application/json",
    # What is not packed cannot unpack to more than was allowed.
    "Accept-Encoding": "identity",
    "User-Agent": "pentad",
}


@attrs.define(eq=False)
class _Held:
    """A session, and how many use it now."""

    session: "ClientSession"
    users: int = 0
    used_at: float = 0.0


class Sessions:
    """A session for each server."""

    def __init__(self, clock: Clock, *, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._held: dict[Server, _Held] = {}  # the one that was used last is the last
        self._contexts: dict[Hashable, ssl.SSLContext] = {}

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._held)

    @contextlib.asynccontextmanager
    async def of(self, server: Server) -> "AsyncIterator[ClientSession]":
        """Use the session of a server.

        Raises:
            Unanswered: If there can be none.
        """
        held = self._held.pop(server, None) or _Held(self._session(server))
        self._held[server] = held
        held.users += 1
        held.used_at = self._clock.monotonic()
        try:
            await self._forget()
            yield held.session
        finally:
            held.users -= 1

    async def close(self) -> None:
        """Close all of them, which nobody uses any more."""
        while self._held:
            _, held = self._held.popitem()
            await held.session.close()

    async def _forget(self) -> None:
        """Close what nobody has used for long, and what was used longest ago of too many."""
        since, spare = self._clock.monotonic() - KEPT, len(self._held) - self._most
        unused = list[Server]()
        for server, held in self._held.items():
            if held.used_at >= since and len(unused) >= spare:
                break
            if not held.users:
                unused.append(server)
        for server in unused:
            if (idle := self._held.get(server)) is not None and not idle.users:
                del self._held[server]
                await idle.session.close()

    def _tls(self, server: Server) -> ssl.SSLContext | bool:
        """Return what TLS is spoken by, which is not read a second time for another server."""
        if not server.address.startswith("https:"):
            return True
        context = self._contexts.pop(server.trust, None) or server.context()
        if len(self._contexts) >= _CONTEXTS:
            del self._contexts[next(iter(self._contexts))]
        self._contexts[server.trust] = context
        return context

    def _session(self, server: Server) -> "ClientSession":
        import aiohttp  # noqa: PLC0415 - nobody needs it before the first query

        connector = aiohttp.TCPConnector(ssl=self._tls(server), keepalive_timeout=_IDLE_SECONDS)
        # The address alone says where it is: no proxy of the environment, and nobody's cookies.
        return aiohttp.ClientSession(
            connector=connector,
            headers=_HEADERS | server.headers(),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )
