"""Metadata kept current by who caches the whole objects.

A cache of metadata only needs no watch of its own while another informer holds the same objects and
more of them: its lead. A `Following` brings a store as far as its lead and then hears of changes
from it. It promises that nobody who listens to the store hears of a change twice or misses one, and
that no object goes back in time on the way.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from informers.clock import Clock
from informers.registration import BATCH, Handler, Registration
from informers.snapshot import Snapshot
from informers.store import Change, Scope, Store
from informers.versions import is_older

FOLLOW_SECONDS: Final = 1.0


class Lead(Protocol):
    """Who holds the whole objects: an informer."""

    store: Store
    scopes: dict[str, Scope]

    async def wait_synced(self) -> None:
        """Wait for the content to be complete."""
        ...

    def add_handler(
        self, handler: Handler, *, name: str = "", knows_all: bool = False
    ) -> Registration:
        """Tell the handler of every change from now on."""
        ...

    def version_of(self, snapshot: Snapshot) -> str:
        """The version that has been reached of all objects around this one."""
        ...

    def has_reached(self, snapshot: Snapshot) -> bool:
        """Whether this state of an object, or a later one, has been heard of."""
        ...


class Following:
    """How one store follows a lead; `deliver` is told of what changes by it.

    Attributes:
        has_arrived: Whether the store holds all that its lead does.
    """

    def __init__(
        self, lead: Lead, store: Store, deliver: Callable[[list[Change]], None], clock: Clock
    ) -> None:
        self.has_arrived = False
        self._lead = lead
        self._store = store
        self._deliver = deliver
        self._clock = clock
        self._heard: Registration | None = None

    async def wait_level(self, scopes: Mapping[str, Scope]) -> None:
        """Wait until the lead has heard of all that the store's own watches have."""
        await self._lead.wait_synced()
        while self._is_ahead(scopes):
            await self._clock.sleep(FOLLOW_SECONDS)

    def begin(self) -> None:
        """Hear of changes from the lead from now on; `mirror` has to follow."""
        self._heard = self._lead.add_handler(self._hear, name="follower", knows_all=True)

    async def mirror(self, *, initial: bool) -> None:
        """Hold what the lead holds, object by object; what changes meanwhile is heard of."""
        own, theirs = self._store, self._lead.store
        keys = [key for key in own.all_keys() if theirs.get(key) is None]
        keys += theirs.all_keys()
        for start in range(0, len(keys), BATCH):
            await self._clock.sleep(0)
            self._deliver(own.mirror(theirs, keys[start : start + BATCH], initial=initial))
        self.has_arrived = True

    def catch_up(self, key: str) -> None:
        """Be as far as the lead with an object, also while others are still to be mirrored."""
        if not self.has_arrived:
            self._deliver(self._store.mirror(self._lead.store, [key]))

    def end(self) -> None:
        """Hear nothing more."""
        if self._heard is not None:
            self._heard.remove()

    def _is_ahead(self, scopes: Mapping[str, Scope]) -> bool:
        """Whether the store has heard of anything that the lead is still to hear of."""
        lead = self._lead
        if scopes.keys() != lead.scopes.keys():
            return True
        versions = [(lead.scopes[at].version, scope.version) for at, scope in scopes.items()]
        return any(is_older(theirs, own) for theirs, own in versions) or any(
            is_older(lead.version_of(snapshot), snapshot.meta.resource_version)
            and not lead.has_reached(snapshot)
            for snapshot in self._store
        )

    def _hear(self, changes: list[Change]) -> None:
        """Take what the lead has heard."""
        told: list[Change] = []
        for change in changes:
            if change.new is not None:
                told += self._store.upsert(change.new, initial=change.initial)
            elif change.old is not None:
                told += self._store.delete(change.old)
        self._deliver(told)
