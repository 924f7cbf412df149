"""No reconcile from data that our own writes made doubtful.

Answered writes are in the cache at once (`informers.store`). A write whose answer was lost is not:
it may have happened. Before the object on whose behalf it was made is reconciled again, what it
wrote to is read live, so a create that did happen is found and not repeated (T36e). Only that
object waits; all others go on (KEP-5647: gate per object, never the whole controller).
"""

import asyncio
from collections.abc import Iterable
from typing import Final

from informers.shared import Informer

SETTLE_SECONDS: Final = 5.0


class Gate:
    """Settles the doubts of one controller's caches, object by object."""

    def __init__(self, informers: Iterable[Informer]) -> None:
        self.informers = tuple(informers)
        self.settled = 0

    def is_open(self, cause: str, key: str) -> bool:
        """Whether nothing this object wrote is in doubt, nor the object itself."""
        for informer in self.informers:
            if informer.store.doubtful and self._doubts(informer, cause, key):
                return False
        return True

    async def pass_(self, cause: str, key: str) -> None:
        """Settle what is in doubt; raises what the reads raise, to be tried again later."""
        async with asyncio.timeout(SETTLE_SECONDS):
            for informer in self.informers:
                for doubtful in self._doubts(informer, cause, key):
                    await informer.settle(doubtful)
                    self.settled += 1

    def _doubts(self, informer: Informer, cause: str, key: str) -> list[str]:
        store = informer.store
        doubts = store.doubts_of(cause)
        if store.is_doubtful(key) and informer is self.informers[0]:
            doubts.append(key)
        return list(dict.fromkeys(doubts))
