"""No reconcile from data that our own writes made doubtful.

Answered writes are in the cache at once (`informers.store`). A write whose answer was lost is not:
it may have happened. Before the object on whose behalf it was made is reconciled again, what it
wrote to is read live, so a create that did happen is found and not repeated (T36e). Only that
object waits; all others go on (KEP-5647: gate per object, never the whole controller).

Every cache of the program counts, since a reconciler also writes kinds that do not call it. Only
those in doubt are looked at, and mostly there are none: then the gate costs a reconcile nothing.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from informers.errors import DeadlineExceeded
from informers.shared import Informer

SETTLE_SECONDS: Final = 5.0


class Caches(Protocol):
    """All caches of a program; `informers.factory.Informers` are."""

    def __iter__(self) -> Iterator[Informer]:
        """Each of them; they come and go."""
        ...

    def in_doubt(self) -> Sequence[Informer]:
        """Those that hold what an unanswered write may have changed."""
        ...


class Gate:
    """Settles the doubts that one controller's writes left in the caches, object by object.

    Args:
        caches: All there are; without any, nothing is in doubt.
        primary: The cache of the reconciled objects themselves, if there is one.
    """

    def __init__(self, caches: Caches | None, primary: Informer | None = None) -> None:
        self.caches = caches
        self.settled = 0
        self._primary = primary

    def is_open(self, cause: str, key: str) -> bool:
        """Whether nothing this object wrote is in doubt, nor the object itself."""
        if self.caches is None or not (found := self.caches.in_doubt()):
            return True
        return not any(self._doubts(informer, cause, key) for informer in found)

    async def pass_(self, cause: str, key: str) -> None:
        """Settle what is in doubt; raises what the reads raise, to be tried again later.

        Raises:
            DeadlineExceeded: If the reads take too long.
        """
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                for informer in () if self.caches is None else self.caches.in_doubt():
                    for doubtful in self._doubts(informer, cause, key):
                        await informer.settle(doubtful)
                        self.settled += 1
        except TimeoutError as error:
            raise DeadlineExceeded(
                f"what {cause} wrote without an answer was not read within {SETTLE_SECONDS:g} s"
            ) from error

    def _doubts(self, informer: Informer, cause: str, key: str) -> list[str]:
        store = informer.store
        doubts = store.doubts_of(cause)
        if informer is self._primary and store.is_doubtful(key):
            doubts.append(key)
        return list(dict.fromkeys(doubts))
