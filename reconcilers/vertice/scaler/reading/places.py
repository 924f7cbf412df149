"""Places for what is asked at the same time: so many in all, and fewer for each who shares them.

One who asks much of a slow server would have all places, and nobody else an answer. So whoever has
had its share waits for its own, and leaves the rest to others.

A turn is waited for as long as it is between two looks: of however many ask at once, all who can
be answered at their pace have their turn, and none of them an error.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import attrs

from reconcilers.vertice.scaler.pace import PERIOD
from reconcilers.vertice.scaler.reading.answer import Unanswered

OF_ASKER: Final = 8
TO_SERVER: Final = 16
IN_ALL: Final = 32


@attrs.frozen
class _Kind:
    """Who shares places with whom, in the words of a message, and how many each may have."""

    words: str
    most: int


@attrs.define(eq=False)
class _Share:
    places: asyncio.Semaphore
    users: int = 0


class Places:
    """Lends places, those of who asks first, so that nobody waits with what others need."""

    def __init__(
        self,
        *,
        of_asker: int = OF_ASKER,
        to_server: int = TO_SERVER,
        in_all: int = IN_ALL,
        turn: float = PERIOD,
    ) -> None:
        self._of_asker = _Kind(" of this namespace", of_asker)
        self._to_server = _Kind(" to this server", to_server)
        self._in_all = _Kind("", in_all)
        self._turn = turn
        self._shares: dict[tuple[_Kind, str], _Share] = {}

    @contextlib.asynccontextmanager
    async def one(self, asker: str, server: str) -> AsyncIterator[None]:
        """Have a place; whoever asks it of whom is a name.

        Raises:
            Unanswered: If no turn comes.
        """
        wanted = ((self._of_asker, asker), (self._to_server, server), (self._in_all, ""))
        async with contextlib.AsyncExitStack() as held:
            kind = self._in_all
            try:
                async with asyncio.timeout(self._turn):
                    for kind, name in wanted:
                        await held.enter_async_context(self._of(kind, name))
            except TimeoutError:
                raise Unanswered(
                    f"{kind.most} other queries{kind.words} were under way for {self._turn:g} s: "
                    "one of the servers that are asked may be slow"
                ) from None
            yield

    @contextlib.asynccontextmanager
    async def _of(self, kind: _Kind, name: str) -> AsyncIterator[None]:
        """Have one of those that some share; what nobody uses is forgotten."""
        key = kind, name
        share = self._shares.setdefault(key, _Share(asyncio.Semaphore(kind.most)))
        share.users += 1
        try:
            async with share.places:
                yield
        finally:
            share.users -= 1
            if not share.users:
                del self._shares[key]
