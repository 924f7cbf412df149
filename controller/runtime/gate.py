"""No reconcile from data that our own writes made doubtful.

Answered writes are in the cache at once (`informers.store`). A write whose answer was lost is not:
it may have happened. Before the object on whose behalf it was made is reconciled again, what it
wrote to is read live, so a create that did happen is found and not repeated (T36e). Only that
object waits; all others go on (KEP-5647: gate per object, never the whole controller).

Every cache of the program counts, since a reconciler also writes kinds that do not call it. Only
those in doubt are looked at, and mostly there are none: then the gate costs a reconcile nothing.

Nor is anything reconciled from half a cache. Workers begin when the caches of their controller are
complete; where a namespace is added later, its keys come one kind at a time, and are put off until
every kind has come. Otherwise an owner would be seen without the children that it has.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from controller.runtime.reconcile import Postponed
from informers.errors import DeadlineExceeded
from informers.shared import Informer

SETTLE_SECONDS: Final = 5.0
INCOMPLETE_SECONDS: Final = 1.0
"""When to look again at a namespace whose caches were not complete: mostly they take less."""


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
        own: The caches whose content the controller relies on.
    """

    def __init__(
        self, caches: Caches | None, primary: Informer | None = None, own: Sequence[Informer] = ()
    ) -> None:
        self.caches = caches
        self.settled = 0
        self._primary = primary
        self._own = own

    def check_namespace(self, key: str) -> None:
        """Put off what is in a namespace that not all caches of the controller have the content of.

        Raises:
            Postponed: If one does not, which it names.
        """
        namespace = key.rpartition("/")[0]
        for informer in self._own:
            if not _is_complete(informer, namespace):
                text = f"the cache of {informer.source.kind} is not complete"
                raise Postponed(f"{text} for {key}", seconds=INCOMPLETE_SECONDS)

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


def _is_complete(informer: Informer, namespace: str) -> bool:
    """Whether an informer knows what there is in a namespace; no namespace means anywhere."""
    if not namespace:
        return informer.has_synced
    scope = informer.scopes.get("") or informer.scopes.get(namespace)
    return scope is None or scope.ready.is_set()  # nothing comes from where nobody looks
