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
- One that holds metadata only gives up its watch when somebody caches the whole objects, which
  bring the metadata as well (`follow`, `following`).

Handlers are plain functions that take a batch and return fast: they put keys into queues. One that
raises, or an indexer or a transform that does, costs nobody else anything (`callbacks`). Whoever
needs to wait uses a `Subscription`, whose buffer cannot outgrow the objects there are.
"""

import asyncio
import contextlib
import random
from collections.abc import Coroutine, Iterable
from typing import Final

import attrs

from informers.callbacks import Failed, nobody_told
from informers.client import Client
from informers.errors import DecodeError, NotFound
from informers.following import Following
from informers.memo import Memos
from informers.reflector import Pace, Reflector, Source, Verdicts
from informers.registration import Backlog, Handler, Registration
from informers.request import ListOptions, object_key
from informers.selection import Selection, as_metadata_only
from informers.snapshot import Snapshot, guarded, seal
from informers.store import Change, Scope, Store
from informers.versions import is_older

EVERYWHERE: Final = frozenset({""})


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
        failed: Failed = nobody_told,
    ) -> None:
        self.source = source
        self.callback_failed = failed
        self.store = Store(failed)
        self.clock = client.clock
        self.memos = Memos()
        self._client = client
        self._verdicts = verdicts
        self._rng = rng
        self._pace = pace
        self._selection = Selection(source)
        self._kept = source
        if source.transform is not None:
            self._kept = attrs.evolve(source, transform=guarded(source.transform, failed))
        self.scopes = {namespace: Scope(namespace) for namespace in sorted(namespaces)}
        self._reflectors: dict[str, Reflector] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._registrations: tuple[Registration, ...] = ()
        self._tellers: dict[asyncio.Task[None], Registration] = {}
        self._bound_to: Informer | None = None
        self._move: asyncio.Task[None] | None = None
        self._following: Following | None = None
        self._group: asyncio.TaskGroup | None = None
        self.is_optional = False

    # Life

    def start(self, group: asyncio.TaskGroup) -> None:
        """Begin to reflect, as tasks of the group."""
        self._group = group
        if self._bound_to is not None:
            self.follow(self._bound_to)
        else:
            for namespace, scope in self.scopes.items():
                self._start_scope(namespace, scope)
        for registration in self._registrations:
            self._start_resync(registration)

    async def stop(self) -> None:
        """End all tasks and wait until they have ended; the content stays as it was."""
        if self._following is not None:
            self._following.end()
        tasks = [*self._tasks.values(), *self._tellers, *([self._move] if self._move else [])]
        self._tasks.clear()
        self._group = None
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def set_namespaces(self, namespaces: Iterable[str]) -> None:
        """Cover these namespaces from now on; what leaves is told as deleted."""
        if ended := self.cover(namespaces):
            await asyncio.wait(ended)

    def cover(self, namespaces: Iterable[str]) -> list[asyncio.Task[None]]:
        """The same in one step; returns the watches that are about to end."""
        if (lead := self.lead) is not None:
            ended = lead.cover(namespaces)
            self.store.forget_doubts_outside(lead.scopes.values())
            return ended
        wanted, ended = frozenset(namespaces), []
        for namespace in sorted(self.scopes.keys() - wanted):
            scope = self.scopes.pop(namespace)
            self._reflectors.pop(namespace, None)
            if (task := self._tasks.pop(namespace, None)) is not None:
                task.cancel()
                ended.append(task)
            self._deliver(self.store.clear(scope))
            scope.ready.set()  # whoever waits for it would wait for ever
        for namespace in sorted(wanted - self.scopes.keys()):
            scope = self.scopes[namespace] = Scope(namespace)
            if self._group is not None and (self._bound_to is None or self._tasks):
                self._start_scope(namespace, scope)
        return ended

    def make_optional(self) -> None:
        """Count a kind that is not served as known to be empty, and go on looking for it."""
        self.is_optional = True
        if self.lead is not None:
            self.lead.make_optional()
        for reflector in self._reflectors.values():
            reflector.is_optional = True
            if reflector.statistics.absent:
                reflector.wake()

    def wake(self) -> None:
        """Try again now wherever a reflector is waiting after a failure."""
        if self.lead is not None:
            self.lead.wake()
        for reflector in self._reflectors.values():
            reflector.wake()

    def _start_scope(self, namespace: str, scope: Scope) -> None:
        reflector = self._reflectors[namespace] = Reflector(
            self._client,
            self._kept,
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
        return all(scope.ready.is_set() for scope in self.scopes.values())

    async def wait_synced(self) -> None:
        """Wait for the content to be complete; bound it with a timeout."""
        while not self.has_synced:
            for scope in list(self.scopes.values()):
                await scope.ready.wait()

    @property
    def is_absent(self) -> bool:
        """Whether the server does not serve this kind at all."""
        if self.lead is not None:
            return self.lead.is_absent
        return any(reflector.statistics.absent for reflector in self._reflectors.values())

    def staleness(self) -> float:
        """Seconds since the scope that has been silent longest heard of its server."""
        if self.lead is not None:
            return self.lead.staleness()
        now = self.clock.monotonic()
        return max((now - r.statistics.last_contact for r in self._reflectors.values()), default=0)

    @property
    def reflectors(self) -> list[Reflector]:
        """Those at work, for statistics; one that follows another has none."""
        return list(self._reflectors.values())

    # Following

    @property
    def lead(self) -> "Informer | None":
        """The informer whose watch keeps this one current, if it is not an own one."""
        return None if self._following is None else self._bound_to

    @property
    def is_whole(self) -> bool:
        """Whether it holds objects with all their fields, and not their metadata only."""
        if self._following is not None and self._following.has_arrived:
            return True
        return not self.source.metadata_only

    def follow(self, lead: "Informer") -> None:
        """Watch no more once `lead`, which holds the same objects and more of them, has them.

        Until then an own watch goes on, if it has begun. The lead has to live as long as this does.
        """
        self._bound_to = lead
        if self._group is not None:
            name = f"follower {self.source.kind}"
            self._move = self._group.create_task(self._move_to(lead), name=name)

    async def _move_to(self, lead: "Informer") -> None:
        """Wait until nothing would be lost, then hear of changes from the lead instead."""
        following = Following(lead, self.store, self._deliver, self.clock)
        await following.wait_level(self.scopes)
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        self._reflectors.clear()
        following.begin()
        self._following = following
        if self.is_optional:
            lead.make_optional()
        await following.mirror(initial=not self.has_synced)
        before, self.scopes = self.scopes, lead.scopes
        for scope in before.values():
            scope.ready.set()
        if tasks:
            await asyncio.wait(tasks)
        self._tasks.clear()

    def has_reached(self, snapshot: Snapshot) -> bool:
        """Whether this state of an object, or a later one, has been heard of here."""
        held = self.store.get(snapshot.key)
        reached = self.version_of(snapshot) if held is None else held.resource_version
        return not is_older(reached, snapshot.resource_version)

    def version_of(self, snapshot: Snapshot) -> str:
        """The version that has been reached of all objects around this one."""
        return scope.version if (scope := self._scope_of(snapshot.meta.namespace)) else ""

    # Handlers

    @property
    def untold(self) -> int:
        """How many objects handlers that joined late are still to be told of, all in all."""
        return sum(registration.untold for registration in self._registrations)

    @property
    def registrations(self) -> tuple[Registration, ...]:
        """The handlers that are told, for statistics."""
        return self._registrations

    def add_handler(
        self,
        handler: Handler,
        *,
        name: str = "",
        resync: float = 0.0,
        backlog: Backlog | None = None,
        knows_all: bool = False,
    ) -> Registration:
        """Tell the handler of everything there is and of every change from now on.

        Args:
            handler: Called with each batch; it has to be quick.
            name: What it is called in metrics.
            resync: Tell it of every object again about every so many seconds; 0 for never.
            backlog: Where it keeps what it takes, so that the metrics can say how much waits.
            knows_all: It knows everything there is now, and is told of changes only.
        """
        registration = Registration(self, handler, name=name, resync=resync, backlog=backlog)
        self._registrations = (*self._registrations, registration)
        if len(self.store) and not knows_all:
            registration.owe_all()
            self._tell_by_task(registration, registration.tell_all(), "late handler")
        if self._group is not None:
            self._start_resync(registration)
        return registration

    def forget(self, registration: Registration) -> None:
        """Drop a handler; called by its registration."""
        self._registrations = tuple(r for r in self._registrations if r is not registration)
        for task, told in self._tellers.items():
            if told is registration:
                task.cancel()

    def _start_resync(self, registration: Registration) -> None:
        if registration.resync:
            self._tell_by_task(registration, registration.tell_again(self._rng), "resync")

    def _tell_by_task(
        self, registration: Registration, telling: Coroutine[None, None, None], what: str
    ) -> None:
        assert self._group is not None, "an informer with content is running"
        name = f"{what} {self.source.kind} {registration.name}"
        task = self._group.create_task(telling, name=name)
        self._tellers[task] = registration
        task.add_done_callback(self._tellers.pop)

    def _deliver(self, changes: list[Change]) -> None:
        if changes:
            for registration in self._registrations:
                registration.tell(changes)

    # Own writes

    def wrote(self, snapshot: Snapshot, raw: bytes) -> None:
        """Take the object that the server answered a write or a live read with."""
        if self.lead is not None:
            self.lead.wrote(snapshot, raw)
            self._catch_up(snapshot.key)
            return
        scope = self._scope_of(snapshot.meta.namespace)
        if scope is None:
            return
        if not self._selection.admits(snapshot):
            self._deliver(self.store.own_exit(scope, snapshot))
            return
        source = self._kept
        if source.metadata_only:
            raw = as_metadata_only(raw)
        if source.metadata_only or source.transform:
            try:
                snapshot = seal(raw, transform=source.transform, claims=source.claims)
            except DecodeError:
                return  # as with an event that makes no sense: what is held is no worse for it
        self._deliver(self.store.own_write(scope, snapshot))

    def deleted(self, key: str, uid: str) -> None:
        """Take the server's word that an object is gone."""
        if self.lead is not None:
            self.lead.deleted(key, uid)
            self._catch_up(key)
            return
        self._deliver(self.store.own_delete(key, uid))

    def _catch_up(self, key: str) -> None:
        """Show at once what the lead has just been told."""
        if self._following is not None:
            self._following.catch_up(key)

    def doubtful(self, key: str, cause: str, number: int) -> None:
        """Take note that a write to an object got no answer."""
        namespace = key.rpartition("/")[0]
        if not namespace or self._scope_of(namespace) is not None:
            self.store.doubt(key, cause, number)

    async def settle(self, key: str) -> None:
        """Read a doubtful object live, so that the cache is right about it again."""
        namespace, _, name = key.rpartition("/")
        upto = self._client.observers.doubts
        if name:
            with contextlib.suppress(NotFound):
                await self.get_live(name, namespace=namespace)
        else:
            await self._read_all(namespace)
        self.store.settle(key, upto)

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
        return self.scopes.get("") or self.scopes.get(namespace)
