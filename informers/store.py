"""The objects of one kind: what the watch said, and what our own writes said since.

Promises:

- An object never goes back in time: a state that is provably older than the one held is refused,
  whether it comes from a watch, a list of a server that lags, or a late reply (k/k#59848). Only a
  server whose whole history went back, as a restored backup does, is followed (`rewind`).
- A new list replaces the old content in one step, and what it no longer names leaves as a change
  with its last state, so nobody misses a deletion that happened while we were away.
- The reply of an own write is visible to the next read: get, list and every index (deletes too).
  It is held only while it is newer than what the watch has reached (`Scope.version`, which
  bookmarks advance as well), so it can neither resurrect an object nor hide a foreign change.
- An object that was deleted, or that an own write moved out of what is selected, stays out: late
  news of it that are older than that are refused (`departures`).
- What was written without an answer is `doubtful` until somebody reads it live who began to after
  that: no event can be told to be later than a write whose version nobody knows.

Content is divided into scopes, one per reflector: the whole cluster, or one per namespace. All
methods are plain functions run on the loop, so each is atomic; changes are returned, not
delivered: that is `shared`'s business.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct

from informers.callbacks import Failed, nobody_told
from informers.departures import Departures
from informers.index import Index, Indexer, by_namespace
from informers.snapshot import Snapshot
from informers.versions import is_older

NAMESPACE_INDEX = "namespace"


class Change(Struct, frozen=True, gc=False, eq=False):
    """One object's step: appeared (no old), changed, or went (no new)."""

    key: str
    old: Snapshot | None
    new: Snapshot | None
    initial: bool = False

    @property
    def is_resync(self) -> bool:
        """Whether nothing happened: a handler asked to be told of every object again."""
        return self.old is self.new

    @property
    def latest(self) -> Snapshot:
        """The newest state known, which for a deletion is the last one."""
        latest = self.new if self.new is not None else self.old
        assert latest is not None
        return latest


class Scope:
    """The part of a store that one reflector keeps current.

    `ready` is set once the content is known, be it that the kind is known not to be served.
    `unconfirmed` are objects that are held, but that no complete content has shown yet.
    """

    __slots__ = ("namespace", "ready", "synced", "unconfirmed", "version")

    def __init__(self, namespace: str = "") -> None:
        self.namespace = namespace
        self.version = ""
        self.synced = False
        self.unconfirmed: set[str] = set()
        self.ready = asyncio.Event()

    def holds(self, key: str) -> bool:
        """Whether an object belongs to this scope."""
        return not self.namespace or key.startswith(f"{self.namespace}/")

    def complete(self, version: str) -> None:
        """The content is complete as of this version."""
        self.version, self.synced = version, True
        self.unconfirmed.clear()
        self.ready.set()

    def reset(self) -> None:
        """Nothing is known any longer."""
        self.version, self.synced = "", False
        self.unconfirmed.clear()

    def has_reached(self, version: str) -> bool:
        """Whether the watch has told of this version; no where that cannot be known."""
        return version == self.version or is_older(version, self.version)


class Generation:
    """A new content in the making, filled from a list or an initial watch, then swapped in.

    An object that the store holds at the same version is not held a second time. Mostly that is
    nearly all of them: `news` are the others, so that swapping costs what has changed.
    """

    __slots__ = ("_store", "news", "objects")

    def __init__(self, store: "Store") -> None:
        self._store = store
        self.objects: dict[str, Snapshot] = {}
        self.news: dict[str, Snapshot] = {}

    def add(self, snapshot: Snapshot) -> None:
        """Take an object; of two states of one object the last to come counts."""
        key = snapshot.key
        held = self._store.get(key)
        if held is not None and held.meta.resource_version == snapshot.meta.resource_version:
            snapshot = held
            self.news.pop(key, None)
        else:
            self.news[key] = snapshot
        self.objects[key] = snapshot

    def keep(self, key: str) -> None:
        """Leave an object as it is held: it is still there, but what came of it makes no sense."""
        held = self._store.get(key)
        if held is not None:
            self.objects[key] = held

    def remove(self, key: str) -> None:
        """Forget an object that was deleted while the list was under way."""
        self.objects.pop(key, None)
        self.news.pop(key, None)


class Store:
    """All cached objects of one kind."""

    def __init__(self, failed: Failed = nobody_told) -> None:
        self._failed = failed
        self._objects: dict[str, Snapshot] = {}
        self._indexes: dict[str, Index] = {}
        self._buried: dict[str, str] = {}
        self._departures = Departures()
        self._doubtful: dict[str, dict[str, int]] = {}
        self.stale_refused = 0

    # Reading

    def get(self, key: str) -> Snapshot | None:
        """The object, or None."""
        return self._objects.get(key)

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[Snapshot]:
        return iter(self._objects.values())

    def all_keys(self) -> Iterable[str]:
        """All keys; the store must not change while they are walked."""
        return self._objects.keys()

    def keys_in(self, scope: Scope) -> list[str]:
        """The keys of one scope."""
        return [key for key in self._objects if scope.holds(key)]

    def in_namespace(self, namespace: str) -> list[Snapshot]:
        """The objects of one namespace; the index is made when it is first asked for."""
        if NAMESPACE_INDEX not in self._indexes:
            self.add_index(NAMESPACE_INDEX, by_namespace)
        return self.by_index(NAMESPACE_INDEX, namespace)

    def by_index(self, index: str, value: str) -> list[Snapshot]:
        """The objects with this value in the named index."""
        return [self._objects[key] for key in self._indexes[index].keys(value)]

    def index_keys(self, index: str, value: str) -> list[str]:
        """Their keys only."""
        return list(self._indexes[index].keys(value))

    def has_index(self, index: str) -> bool:
        """Whether an index of this name is kept."""
        return index in self._indexes

    def add_index(self, index: str, indexer: Indexer) -> None:
        """Keep one more index, built now from what is there."""
        self._indexes[index] = Index(indexer, self._objects, self._failed, name=index)

    # What the watch says

    def upsert(self, snapshot: Snapshot, *, initial: bool = False) -> list[Change]:
        """Take a state of an object that a watch or a list delivered."""
        key = snapshot.key
        if self._buried and snapshot.meta.uid in self._buried:
            return []
        old = self._objects.get(key)
        if old is not None:
            version = snapshot.meta.resource_version
            if old.meta.resource_version == version:
                return []
            if is_older(version, old.meta.resource_version):
                self.stale_refused += 1
                return []
        elif key in self._departures and self._departures.is_late(key, snapshot.resource_version):
            self.stale_refused += 1
            return []
        return self._set(key, old, snapshot, initial=initial)

    def delete(self, snapshot: Snapshot, scope: Scope | None = None) -> list[Change]:
        """Take a deletion, with the object's last state; `scope` is whose watch delivered it."""
        key = snapshot.key
        if scope is not None:
            self._departures.note(key, scope, snapshot.meta.resource_version)
        if self._buried:
            self._buried.pop(snapshot.meta.uid, None)
        old = self._objects.get(key)
        if old is None or is_older(snapshot.meta.resource_version, old.meta.resource_version):
            return []
        return self._drop(key, old)

    def replace(self, scope: Scope, generation: Generation, version: str) -> list[Change]:
        """Make a finished list the content of a scope, in one step.

        An object that the list does not name goes, unless it is newer than the list: then the
        list's server has not seen our own write yet, and the watch will tell.
        """
        fresh = generation.objects
        gone = [
            (key, old)
            for key, old in self._objects.items()
            if key not in fresh
            and scope.holds(key)
            and not is_older(version, old.meta.resource_version)
        ]
        changes: list[Change] = []
        for key, old in gone:
            changes += self._drop(key, old)
        self._departures.settle(scope, version)
        for key, new in generation.news.items():
            if self._objects.get(key) is not new:
                changes += self.upsert(new, initial=not scope.synced)
        self._unbury(scope, fresh)
        scope.complete(version)
        return changes

    def rewind(self, scope: Scope, generation: Generation, version: str) -> list[Change]:
        """The same where the server itself went back in time: what is held counts for nothing."""
        changes = self.clear(scope)
        generation.news = generation.objects
        return changes + self.replace(scope, generation, version)

    def fill(self, snapshots: Iterable[Snapshot]) -> list[Change]:
        """Take a part of the first content; a `replace` with the whole of it has to follow."""
        changes: list[Change] = []
        for snapshot in snapshots:
            changes += self.upsert(snapshot, initial=True)
        return changes

    def _unbury(self, scope: Scope, fresh: dict[str, Snapshot]) -> None:
        """Stop hiding what a new list no longer shows."""
        for uid, key in list(self._buried.items()):
            shown = fresh.get(key)
            if scope.holds(key) and (shown is None or shown.meta.uid != uid):
                del self._buried[uid]

    def mirror(self, other: "Store", keys: Iterable[str], *, initial: bool = False) -> list[Change]:
        """Hold of these what a store that is nowhere behind holds, whose snapshots may show more.

        The same state of an object is no change, however much more of it is shown.
        """
        changes: list[Change] = []
        for key in keys:
            old, new = self._objects.get(key), other.get(key)
            if new is None:
                changes += self.drop(key)
            elif old is None or new.meta.resource_version != old.meta.resource_version:
                changes += self.upsert(new, initial=initial)
            elif new is not old:
                self._set(key, old, new, initial=False)
        return changes

    def clear(self, scope: Scope) -> list[Change]:
        """Let a scope's objects go, because nobody watches it any longer."""
        changes: list[Change] = []
        for key in self.keys_in(scope):
            changes += self._drop(key, self._objects[key])
        self._buried = {u: key for u, key in self._buried.items() if not scope.holds(key)}
        self._departures.forget(scope)
        self._doubtful = {key: by for key, by in self._doubtful.items() if not scope.holds(key)}
        scope.reset()
        return changes

    # What our own writes say

    def own_write(self, scope: Scope, snapshot: Snapshot) -> list[Change]:
        """Lay the reply of an own write, or of a live read, over what the watch has reached."""
        key = snapshot.key
        if snapshot.is_gone:
            return self.own_delete(key, snapshot.meta.uid)
        if scope.has_reached(snapshot.meta.resource_version):
            return []
        if not scope.synced:
            scope.unconfirmed.add(key)
        return self.upsert(snapshot)

    def own_delete(self, key: str, uid: str) -> list[Change]:
        """Hide an object that the server says is gone until the watch says so, too.

        By uid, because a successor of the same name may have come before the answer did.
        """
        old = self._objects.get(key)
        if old is None or old.meta.uid != uid:
            return []
        self._buried[uid] = key
        return self._drop(key, old)

    def own_exit(self, scope: Scope, snapshot: Snapshot) -> list[Change]:
        """Let an object go that an own write moved out of what this store selects."""
        key, version = snapshot.key, snapshot.meta.resource_version
        old = self._objects.get(key)
        if scope.has_reached(version):
            return []
        if old is not None and is_older(version, old.meta.resource_version):
            return []
        self._departures.note(key, scope, version)
        return self.drop(key)

    def drop(self, key: str) -> list[Change]:
        """Let one object go that is not part of the content."""
        old = self._objects.get(key)
        return [] if old is None else self._drop(key, old)

    def doubt(self, key: str, cause: str, number: int) -> None:
        """Remember that a write to this object, made on somebody's behalf, had no answer.

        A key without a name (`namespace/`, or nothing) means any object there: the name was the
        server's to make up, or all of them were to be deleted.
        """
        self._doubtful.setdefault(key, {})[cause] = number

    def settle(self, key: str, upto: int) -> None:
        """What the server told of the object is held; doubts of later numbers are left."""
        causes = self._doubtful.pop(key, {})
        if left := {cause: number for cause, number in causes.items() if number > upto}:
            self._doubtful[key] = left

    def forget_doubts_outside(self, scopes: Collection[Scope]) -> None:
        """Forget the doubts about namespaces that are in none of these scopes any longer."""
        for key in list(self._doubtful):
            if "/" in key and not any(scope.holds(key) for scope in scopes):
                del self._doubtful[key]

    def is_doubtful(self, key: str) -> bool:
        """Whether the object may differ from what is held because of a write without answer."""
        return key in self._doubtful

    def doubts_of(self, cause: str) -> list[str]:
        """The objects in doubt because of writes on this behalf; mostly none, and at no cost."""
        if not self._doubtful:
            return []
        return [key for key, causes in self._doubtful.items() if cause in causes]

    @property
    def doubtful(self) -> int:
        """How many objects are in doubt."""
        return len(self._doubtful)

    # Inside

    def _set(self, key: str, old: Snapshot | None, new: Snapshot, *, initial: bool) -> list[Change]:
        self._objects[key] = new
        for index in self._indexes.values():
            index.move(key, old, new)
        if old is not None and old.meta.uid != new.meta.uid:
            return [Change(key, old, None), Change(key, None, new, initial)]
        return [Change(key, old, new, initial)]

    def _drop(self, key: str, old: Snapshot) -> list[Change]:
        del self._objects[key]
        for index in self._indexes.values():
            index.move(key, old, None)
        return [Change(key, old, None)]
