"""All informers of a process: one per distinct source, alive while somebody holds it.

`Informers` owns every task below it. Acquiring a source that is already reflected shares it;
releasing it for the last time ends its watch, its sockets and its memory (k/k#79610). As the
client's write observer it passes the replies of our own writes to whoever caches the kind.

Whoever asks for metadata only shares the cache of the whole objects where there is one; a
metadata-only cache that was there before gives up its watch and follows (see `Informer.follow`).

The namespaces are the same for all kinds and change for all in one step (`set_namespaces`), so that
nobody sees an owner in a namespace whose children have left already.

Kinds that may be missing are retried when a CustomResourceDefinition changes, so a watch starts
within a moment of its CRD appearing; without permission to watch CRDs they are retried by backoff.
"""

import asyncio
import random
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self

from informers.callbacks import Callbacks
from informers.client import Client
from informers.meta.builtin import CRD
from informers.meta.kinds import Kind
from informers.reflector import Pace, Source, Verdicts
from informers.selection import is_part_of
from informers.shared import EVERYWHERE, Informer
from informers.snapshot import Snapshot
from informers.store import Change


class Informers:
    """The informers of one client; use as an async context manager."""

    def __init__(
        self,
        client: Client,
        *,
        namespaces: Iterable[str] = EVERYWHERE,
        rng: random.Random | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._client = client
        self._namespaces = frozenset(namespaces)
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not secrets
        self._pace = pace
        self._group = asyncio.TaskGroup()
        self._held: dict[Source, Informer] = {}
        self._holders: dict[Source, int] = {}
        self._leads: dict[Source, Informer] = {}
        self._in_doubt: tuple[Informer, ...] = ()
        self._crds: Informer | None = None
        self._is_open = False
        self.verdicts = Verdicts()
        self.callbacks = Callbacks()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        self._client.observers.append(self)
        self._is_open = True
        for informer in self:
            informer.start(self._group)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.observers.remove(self)
        for informer in list(self._held.values()):
            await informer.stop()
        self._held.clear()
        self._holders.clear()
        self._leads.clear()
        await self._group.__aexit__(kind, error, trace)

    def __iter__(self) -> Iterator[Informer]:
        return iter(list(self._held.values()))

    def acquire(self, source: Source, *, optional: bool = False) -> Informer:
        """The informer of a source; it starts with its first holder, once this is entered.

        With `optional`, a kind that the server does not serve counts as empty and is waited for.
        """
        informer = self._held.get(source) or self._whole_of(source)
        if informer is None:
            namespaces = self._namespaces if source.kind.namespaced else EVERYWHERE
            informer = self._held[source] = Informer(
                self._client,
                source,
                verdicts=self.verdicts,
                rng=self._rng,
                namespaces=namespaces,
                pace=self._pace,
                failed=self.callbacks.failed_with(source.kind),
            )
            if self._is_open:
                informer.start(self._group)
            self._lend_to_followers(informer)
        if optional and not informer.is_optional:
            informer.make_optional()
            self._watch_crds()
        self._hold(informer)
        return informer

    async def set_namespaces(self, namespaces: Iterable[str]) -> None:
        """Cover these namespaces from now on, with all kinds that are in namespaces.

        What leaves is told as deleted, and its watches and their sockets have ended on return. What
        comes is there as soon as it has been listed: `wait_synced` of an informer waits for it.
        Between some namespaces and all of them, everything is told as deleted and comes anew.
        """
        self._namespaces = frozenset(namespaces)
        kinds = [informer for informer in self if informer.source.kind.namespaced]
        ended = [task for informer in kinds for task in informer.cover(self._namespaces)]
        if ended:
            await asyncio.wait(ended)

    def _hold(self, informer: Informer) -> None:
        self._holders[informer.source] = self._holders.get(informer.source, 0) + 1

    async def release(self, informer: Informer) -> None:
        """Give an informer back; it ends with its last holder."""
        source = informer.source
        self._holders[source] -= 1
        if self._holders[source] == 0:
            del self._holders[source], self._held[source]
            await informer.stop()
            if (lead := self._leads.pop(source, None)) is not None:
                await self.release(lead)

    def _whole_of(self, source: Source) -> Informer | None:
        """An informer that holds all that this source asks for, and more."""
        return next((i for held, i in self._held.items() if is_part_of(source, held)), None)

    def _lend_to_followers(self, whole: Informer) -> None:
        """Spare those who watch only metadata their watch; `whole` lives as long as they do."""
        for source, informer in self._held.items():
            if source not in self._leads and is_part_of(source, whole.source):
                self._leads[source] = whole
                self._hold(whole)
                informer.follow(whole)

    def _watch_crds(self) -> None:
        """Wake the informers of optional kinds whenever a CRD appears or changes."""
        if self._crds is None:
            self._crds = self.acquire(Source(kind=CRD, metadata_only=True))
            self._crds.add_handler(self._crd_changed)

    def _crd_changed(self, changes: list[Change]) -> None:
        names = {change.latest.meta.name for change in changes}
        for source, informer in self._held.items():
            if informer.is_optional and source.kind.resource in names:
                informer.wake()

    # Own writes

    def wrote(self, kind: Kind, snapshot: Snapshot, raw: bytes) -> None:
        """Pass the object of an own write, or of a live read, to its caches."""
        for informer in self._of(kind):
            informer.wrote(snapshot, raw)

    def deleted(self, kind: Kind, key: str, uid: str) -> None:
        """Pass the server's word that an object is gone."""
        for informer in self._of(kind):
            informer.deleted(key, uid)

    def doubtful(self, kind: Kind, key: str, cause: str, number: int) -> None:
        """Pass on that a write got no answer."""
        found = self._of(kind)
        for informer in found:
            informer.doubtful(key, cause, number)
        self._in_doubt = tuple(dict.fromkeys((*self._in_doubt, *found)))

    def settled(self, kind: Kind, key: str, upto: int) -> None:
        """Pass on that the server told of an object."""
        for informer in self._in_doubt:
            if informer.source.kind == kind:
                informer.store.settle(key, upto)

    def in_doubt(self) -> Sequence[Informer]:
        """The caches with doubtful objects; mostly none, and that costs nothing to know."""
        if self._in_doubt:
            held = self._held.values()
            self._in_doubt = tuple(i for i in self._in_doubt if i.store.doubtful and i in held)
        return self._in_doubt

    def _of(self, kind: Kind) -> list[Informer]:
        return [informer for source, informer in self._held.items() if source.kind == kind]
