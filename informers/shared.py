"""One view of a kind, shared by everybody who needs it.

An `Informer` holds a store, one reflector per namespace it covers (or one for all), and the
handlers that want to hear of changes. It promises:

- A handler that joins late first hears of everything there is, marked `initial`, and then of each
  change exactly once and in order; one that leaves hears nothing more, not even of the batch under
  way.
- What a write of ours was answered is visible at once and delivered like any other change; the
  watch event that repeats it is recognised by its exact resource version and says nothing new.
- `has_synced` means that every scope had its content completely at least once; `staleness` says
  how long ago the server was last heard of. A cache can be synced and stale, and says so.

Handlers are plain functions that take a batch and return fast: they put keys into queues. Whoever
needs to wait uses a `Subscription`, whose buffer cannot outgrow the objects there are.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterable
from typing import Final

from informers.client import Client
from informers.errors import NotFound
from informers.reflector import Pace, Reflector, Source, Verdicts
from informers.request import ListOptions, object_key
from informers.selection import Selection, as_metadata_only
from informers.snapshot import Snapshot, seal
from informers.store import Change, Scope, Store

Handler = Callable[[list[Change]], None]
BATCH: Final = 500
EVERYWHERE: Final = frozenset({""})


class Registration:
    """One handler's place at an informer, and what it has not been told yet."""

    def __init__(self, informer: "Informer", handler: Handler) -> None:
        self._informer = informer
        self._handler = handler
        self._untold: dict[str, None] = {}
        self.is_active = True

    @property
    def has_synced(self) -> bool:
        """Whether the handler knows all that the synced informer knows."""
        return self._informer.has_synced and not self._untold

    @property
    def untold(self) -> int:
        """How many objects are still to be told; never more than there are."""
        return len(self._untold)

    def remove(self) -> None:
        """Hear nothing more, from now on."""
        self.is_active = False
        self._untold.clear()
        self._informer.forget(self)

    def tell(self, changes: list[Change]) -> None:
        """Pass changes on, but for those of objects that are still to be told as a whole."""
        if not self.is_active:
            return
        if self._untold:
            changes = [change for change in changes if not self._postpones(change)]
        if changes:
            self._handler(changes)

    def _postpones(self, change: Change) -> bool:
        if change.key not in self._untold:
            return False
        if change.new is None:
            del self._untold[change.key]
        return True

    async def tell_all(self, store: Store, *, initial: bool) -> None:
        """Tell the handler of every object, a batch at a time."""
        self._untold.update(dict.fromkeys(store.all_keys()))
        while self._untold:
            batch = [
                Change(key, None if initial else held, held, initial)
                for key in self._next_untold()
                if (held := store.get(key)) is not None
            ]
            if batch and self.is_active:
                self._handler(batch)
            await self._informer.clock.sleep(0)

    def _next_untold(self) -> list[str]:
        keys = [key for key, _ in zip(self._untold, range(BATCH), strict=False)]
        for key in keys:
            del self._untold[key]
        return keys


class Informer:
    """A kind's cache, kept current while somebody uses it."""

    def __init__(
        self,
        client: Client,
        source: Source,
        *,
        verdicts: Verdicts,
        rng: random.Random,
        namespaces: Iterable[str] = EVERYWHERE,
        pace: Pace | None = None,
    ) -> None:
        self.source = source
        self.store = Store()
        self.clock = client.clock
        self._client = client
        self._verdicts = verdicts
        self._rng = rng
        self._pace = pace
        self._selection = Selection(source)
        self._scopes = {namespace: Scope(namespace) for namespace in sorted(namespaces)}
        self._reflectors: dict[str, Reflector] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._registrations: tuple[Registration, ...] = ()
        self._group: asyncio.TaskGroup | None = None
        self.is_optional = False

    # Life

    def start(self, group: asyncio.TaskGroup) -> None:
        """Begin to reflect, as tasks of the group."""
        self._group = group
        for namespace, scope in self._scopes.items():
            self._start_scope(namespace, scope)

    async def stop(self) -> None:
        """End all tasks and wait until they have ended; the content stays as it was."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        self._group = None
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def set_namespaces(self, namespaces: Iterable[str]) -> None:
        """Cover these namespaces from now on; what leaves is told as deleted."""
        wanted = set(namespaces)
        for namespace in sorted(self._scopes.keys() - wanted):
            task = self._tasks.pop(namespace, None)
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
            del self._reflectors[namespace]
            self._deliver(self.store.clear(self._scopes.pop(namespace)))
        for namespace in sorted(wanted - self._scopes.keys()):
            scope = self._scopes[namespace] = Scope(namespace)
            self._start_scope(namespace, scope)

    def make_optional(self) -> None:
        """Count a kind that is not served as known to be empty, and go on looking for it."""
        self.is_optional = True
        for reflector in self._reflectors.values():
            reflector.is_optional = True
            if reflector.statistics.absent:
                reflector.wake()

    def wake(self) -> None:
        """Try again now wherever a reflector is waiting after a failure."""
        for reflector in self._reflectors.values():
            reflector.wake()

    def _start_scope(self, namespace: str, scope: Scope) -> None:
        reflector = self._reflectors[namespace] = Reflector(
            self._client,
            self.source,
            self.store,
            scope,
            self._deliver,
            verdicts=self._verdicts,
            rng=self._rng,
            pace=self._pace,
        )
        reflector.is_optional = self.is_optional
        if self._group is not None:
            name = f"reflector {self.source.kind} {namespace or 'everywhere'}"
            self._tasks[namespace] = self._group.create_task(reflector.run(), name=name)

    # State

    @property
    def has_synced(self) -> bool:
        """Whether the content has been complete at least once, in every scope."""
        return all(scope.ready.is_set() for scope in self._scopes.values())

    async def wait_synced(self) -> None:
        """Wait for the content to be complete; bound it with a timeout."""
        for scope in list(self._scopes.values()):
            await scope.ready.wait()

    @property
    def is_absent(self) -> bool:
        """Whether the server does not serve this kind at all."""
        return any(reflector.statistics.absent for reflector in self._reflectors.values())

    def staleness(self) -> float:
        """Seconds since the scope that has been silent longest heard of its server."""
        now = self.clock.monotonic()
        return max((now - r.statistics.last_contact for r in self._reflectors.values()), default=0)

    @property
    def reflectors(self) -> list[Reflector]:
        """Those at work, for statistics."""
        return list(self._reflectors.values())

    # Handlers

    @property
    def untold(self) -> int:
        """How many objects handlers that joined late are still to be told of, all in all."""
        return sum(registration.untold for registration in self._registrations)

    def add_handler(self, handler: Handler) -> Registration:
        """Tell the handler of everything there is and of every change from now on."""
        registration = Registration(self, handler)
        self._registrations = (*self._registrations, registration)
        if len(self.store):
            assert self._group is not None, "an informer with content is running"
            self._group.create_task(
                registration.tell_all(self.store, initial=True),
                name=f"late handler {self.source.kind}",
            )
        return registration

    def forget(self, registration: Registration) -> None:
        """Drop a handler; called by its registration."""
        self._registrations = tuple(r for r in self._registrations if r is not registration)

    def _deliver(self, changes: list[Change]) -> None:
        if changes:
            for registration in self._registrations:
                registration.tell(changes)

    # Own writes

    def wrote(self, snapshot: Snapshot, raw: bytes) -> None:
        """Take the object that the server answered a write or a live read with."""
        scope = self._scope_of(snapshot.meta.namespace)
        if scope is None:
            return
        if not self._selection.admits(snapshot):
            self._deliver(self.store.own_exit(scope, snapshot))
            return
        source = self.source
        if source.metadata_only:
            raw = as_metadata_only(raw)
        if source.metadata_only or source.transform or source.digester:
            snapshot = seal(raw, transform=source.transform, digester=source.digester)
        self._deliver(self.store.own_write(scope, snapshot))

    def deleted(self, key: str, uid: str) -> None:
        """Take the server's word that an object is gone."""
        self._deliver(self.store.own_delete(key, uid))

    def doubtful(self, key: str, cause: str) -> None:
        """Take note that a write to an object got no answer."""
        namespace = key.rpartition("/")[0]
        if not namespace or self._scope_of(namespace) is not None:
            self.store.doubt(key, cause)

    async def settle(self, key: str) -> None:
        """Read a doubtful object live, so that the cache is right about it again."""
        namespace, _, name = key.rpartition("/")
        if name:
            with contextlib.suppress(NotFound):
                await self.get_live(name, namespace=namespace)
        else:
            await self._read_all(namespace)
        self.store.settle(key)

    async def get_live(self, name: str, *, namespace: str = "") -> Snapshot:
        """Ask the server itself; the cache learns from the answer, also from NotFound."""
        kind = self.source.kind
        held = self.store.get(object_key(namespace if kind.namespaced else "", name))
        try:
            return await self._client.get(kind, name, namespace=namespace)
        except NotFound:
            # Only what was held before we asked is gone for sure: a successor may have come since.
            if held is not None:
                self.deleted(held.key, held.meta.uid)
            raise

    async def _read_all(self, namespace: str) -> None:
        """Read a namespace live, or all there is."""
        store = self.store
        held = store.in_namespace(namespace) if namespace else list(store)
        uids = await self._client.read_all(self.source.kind, ListOptions(namespace=namespace))
        for snapshot in held:
            if snapshot.meta.uid not in uids:
                self.deleted(snapshot.key, snapshot.meta.uid)

    def _scope_of(self, namespace: str) -> Scope | None:
        return self._scopes.get("") or self._scopes.get(namespace)
