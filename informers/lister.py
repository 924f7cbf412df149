"""Typed reads from a cache.

A `Lister` decodes an object when somebody asks for it, not before, and remembers a bounded number
of the results; a snapshot never changes, so what was decoded from it stays right for as long as
the store holds it. Reads include our own writes (see `store`) and never wait.
"""

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from informers.errors import NotFound
from informers.memo import Memo
from informers.meta.kinds import Kind
from informers.meta.object import Resource
from informers.meta.selectors import LabelSelector
from informers.references import keys_mentioning
from informers.request import object_key
from informers.shared import Informer
from informers.snapshot import Snapshot

T = TypeVar("T", bound=Resource)


class Lister(Generic[T]):
    """What a cache holds of one kind, as objects of its wire type."""

    def __init__(self, informer: Informer, type_: type[T]) -> None:
        self.informer = informer
        self._store = informer.store
        self.memo = Memo(type_, informer.memos)
        self._live = Memo(type_, informer.memos)

    def get(self, key: str) -> T | None:
        """The object with this key, or None."""
        snapshot = self._store.get(key)
        return None if snapshot is None else self.memo.typed(snapshot)

    def snapshot(self, key: str) -> Snapshot | None:
        """The object's bytes and metadata, undecoded."""
        return self._store.get(key)

    def list(self, *, namespace: str = "", label_selector: str = "") -> Sequence[T]:
        """All objects, or those of a namespace, that the selector matches."""
        return [self.memo.typed(found) for found in self.snapshots(namespace, label_selector)]

    def snapshots(self, namespace: str = "", label_selector: str = "") -> Iterable[Snapshot]:
        """The same, undecoded."""
        found = self._store.in_namespace(namespace) if namespace else list(self._store)
        if not label_selector:
            return found
        selector = LabelSelector.parse(label_selector)
        return [snapshot for snapshot in found if selector.matches(snapshot.labels)]

    def by_index(self, index: str, value: str) -> Sequence[T]:
        """The objects with this value in an index."""
        return [self.memo.typed(found) for found in self._store.by_index(index, value)]

    def mentioning(self, kind: Kind, namespace: str, name: str) -> Sequence[T]:
        """The objects that mention this Secret or ConfigMap; the first call makes the index."""
        keys = keys_mentioning(self.informer, kind, object_key(namespace, name))
        return [found for key in keys if (found := self.get(key)) is not None]

    async def get_live(self, name: str, *, namespace: str = "") -> T:
        """Ask the server itself; the cache learns from the answer."""
        return self.memo.typed(await self.informer.get_live(name, namespace=namespace))

    async def get_whole(self, key: str) -> T | None:
        """The object with all its fields, in the state that the cache knows or a later one.

        A metadata-only cache has to ask the server, once for each state that it hears of.
        """
        held = self._store.get(key)
        if held is None or self.informer.is_whole:
            return None if held is None else self.memo.typed(held)
        live = self._live.same(held)
        if live is None:
            try:
                live = await self.informer.get_live(held.meta.name, namespace=held.meta.namespace)
            except NotFound:
                return None
        return self._live.typed(live)
