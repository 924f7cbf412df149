"""Connections that are kept from one look to the next: a session for each server, not too many.

Two servers that differ in anything, such as a credential that was renewed, share nothing; so what
is no longer right is never asked again, and its session goes when it is the one that was used
longest ago. What is in use is never closed: there may be more sessions than are kept for as long as
that many are used at the same time.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

import attrs

from reconcilers.vertice.scaler.reading.server import Server

if TYPE_CHECKING:
    from aiohttp import ClientSession

MOST: Final = 64
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


class Sessions:
    """A session for each server."""

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._held: dict[Server, _Held] = {}  # the one that was used last is the last

    @contextlib.asynccontextmanager
    async def of(self, server: Server) -> "AsyncIterator[ClientSession]":
        """Use the session of a server.

        Raises:
            Unanswered: If there can be none.
        """
        held = self._held.pop(server, None) or _Held(_session(server))
        self._held[server] = held
        held.users += 1
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
        """Close what was used longest ago, as far as there are too many."""
        while len(self._held) > self._most:
            idle = next((server for server, held in self._held.items() if not held.users), None)
            if idle is None:
                return
            await self._held.pop(idle).session.close()


def _session(server: Server) -> "ClientSession":
    import aiohttp  # noqa: PLC0415 - nobody needs it before the first query

    is_tls = server.address.startswith("https:")
    connector = aiohttp.TCPConnector(
        ssl=server.context() if is_tls else True, keepalive_timeout=_IDLE_SECONDS
    )
    # The address alone says where it is: no proxy of the environment, and nobody's cookies.
    return aiohttp.ClientSession(
        connector=connector,
        headers=_HEADERS | server.headers(),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )
