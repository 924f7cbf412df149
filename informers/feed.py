"""What the lines of one watch do to the store.

A `Feed` lives as long as its watch and has two phases. At first it may be `initial`: the watch
streams the present content and says with an annotated bookmark when that is complete. Into a scope
that was never synced the content goes straight away, so that nothing is held twice; over a synced
scope it is gathered and swapped in at the bookmark, so that readers never see half of it. After
that, or from the start on a plain watch, each event is one change.

Whatever a line turns out to be, the changes before it are delivered.
"""

from collections.abc import Callable, Iterable
from typing import Final

import attrs
import msgspec
from msgspec import UNSET, Struct, UnsetType

from informers.errors import DecodeError, InformersError
from informers.reply import error_in
from informers.skim import Skim
from informers.snapshot import Claims, Snapshot, Transform, name_of, seal
from informers.store import Change, Generation, Scope, Store
from informers.stream import parse_event
from informers.versions import is_older, newest

INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"
DELETED: Final = "DELETED"
_CHANGES: Final = frozenset({"ADDED", "MODIFIED", DELETED})


class InitialContentRefused(InformersError):
    """This server, or something before it, does not stream initial content."""


@attrs.define(kw_only=True)
class Statistics:
    """Counters of one reflector, read at scrape."""

    lists: int = 0
    watches: int = 0
    events: int = 0
    bookmarks: int = 0
    undecodable: int = 0
    failures: int = 0
    silent_watches: int = 0
    last_error: str = ""
    last_contact: float = float("-inf")
    watching_since: float | None = None
    absent: bool = False


class _BookmarkMeta(Struct, rename="camel"):
    resource_version: str = ""
    annotations: dict[str, str] | UnsetType = UNSET


class _Bookmark(Struct):
    metadata: _BookmarkMeta


_BOOKMARK: Final = Skim(_Bookmark)


class Feed:
    """Applies the lines of one watch to a store."""

    def __init__(
        self,
        store: Store,
        scope: Scope,
        deliver: Callable[[list[Change]], None],
        statistics: Statistics,
        *,
        initial: bool,
        transform: Transform | None = None,
        claims: Claims | None = None,
    ) -> None:
        self._store = store
        self._scope = scope
        self._deliver = deliver
        self._statistics = statistics
        self._transform = transform
        self._claims = claims
        self.is_initial = initial
        self.has_changed = False
        self._generation = Generation(store) if initial and scope.synced else None
        if initial and not scope.synced:
            # What an earlier attempt or an own write left, the new content has to confirm.
            scope.unconfirmed.update(store.keys_in(scope))

    def take(self, lines: Iterable[bytes]) -> None:
        """Apply complete lines in order.

        Raises:
            StatusError: If the server ends the watch with an error.
            InitialContentRefused: If it shows that it does not stream initial content.
        """
        changes: list[Change] = []
        try:
            for line in lines:
                changes += self._take(line)
        finally:
            if changes:
                self._deliver(changes)

    def _take(self, line: bytes) -> list[Change]:
        """What one line changes; a line that makes no sense changes nothing."""
        try:
            type_, raw = parse_event(line)
            if type_ == "BOOKMARK":
                return self._bookmark(raw)
            if type_ not in _CHANGES:
                self._skip(raw)
                return []
        except DecodeError:
            self._skip(line)
            return []
        try:
            if type_ == DELETED:
                # What is told of it is the last state held; no function may keep it from going.
                snapshot = seal(raw)
            else:
                snapshot = seal(raw, transform=self._transform, claims=self._claims)
        except DecodeError:
            self._keep(name_of(raw).key)
            return []
        self._statistics.events += 1
        if self.is_initial:
            return self._initial(type_, snapshot)
        store, scope = self._store, self._scope
        scope.version = snapshot.meta.resource_version
        return store.delete(snapshot, scope) if type_ == DELETED else store.upsert(snapshot)

    def _initial(self, type_: str, snapshot: Snapshot) -> list[Change]:
        """One event of the initial content; its version proves nothing about the others."""
        self.has_changed = self.has_changed or type_ != "ADDED"
        if self._generation is not None:
            if type_ == DELETED:
                self._generation.remove(snapshot.key)
            else:
                self._generation.add(snapshot)
            return []
        if self._scope.unconfirmed:
            self._scope.unconfirmed.discard(snapshot.key)
        if type_ == DELETED:
            return self._store.delete(snapshot, self._scope)
        return self._store.upsert(snapshot, initial=True)

    def _bookmark(self, raw: bytes) -> list[Change]:
        try:
            meta = _BOOKMARK.decode(raw).metadata
        except msgspec.DecodeError as error:
            raise DecodeError(f"not a bookmark: {error}") from error
        self._statistics.bookmarks += 1
        if not self.is_initial:
            self._scope.version = newest(self._scope.version, meta.resource_version)
            return []
        annotations = {} if meta.annotations is UNSET else meta.annotations
        if annotations.get(INITIAL_EVENTS_END) != "true":
            raise InitialContentRefused("a bookmark came without the mark of its end")
        self.is_initial = False
        return self._complete(meta.resource_version)

    def _complete(self, version: str) -> list[Change]:
        """The initial content is all there."""
        generation, self._generation = self._generation, None
        if generation is not None:
            return self._store.replace(self._scope, generation, version)
        changes: list[Change] = []
        for key in self._scope.unconfirmed:
            held = self._store.get(key)
            if held is not None and not is_older(version, held.meta.resource_version):
                changes += self._store.drop(key)
        self._scope.complete(version)
        return changes

    def _keep(self, key: str) -> None:
        """Count an object that makes no sense; what is held of it is no worse for that."""
        self._statistics.undecodable += 1
        self._scope.unconfirmed.discard(key)
        if self._generation is not None:
            self._generation.keep(key)

    def _skip(self, raw: bytes) -> None:
        """Count what cannot be used, unless it is the server's way to say that it is over."""
        error = error_in(raw)
        if error is not None:
            raise error
        self._statistics.undecodable += 1
