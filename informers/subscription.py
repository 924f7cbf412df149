"""Changes for somebody who takes their time.

A handler is called in the loop and has to be quick. A `Subscription` is for whoever writes to a
disk or talks to a network with each change: changes wait in a buffer, and the buffer holds one
change per object, from the last state taken to the newest. An object that came and went while
nobody looked leaves no trace. So the buffer never outgrows the objects that were taken plus those
that are cached, however slow its reader and however long it is away (client-go's grows until
memory ends: client-go#1326), and no other handler waits for it.

`alarm` is called once when more changes wait than `warn_at`, and again only after the reader has
caught up; the gauges are `len()` and `waiting_since`.
"""

from asyncio import Event
from collections.abc import Callable
from typing import Self

from informers.shared import Informer
from informers.snapshot import Snapshot
from informers.store import Change


class Subscription:
    """An async iterator over the changes of an informer."""

    def __init__(
        self,
        informer: Informer,
        *,
        warn_at: int = 10_000,
        alarm: Callable[[int], object] | None = None,
        name: str = "subscription",
        resync: float = 0.0,
    ) -> None:
        self._clock = informer.clock
        self._waiting: dict[str, Change] = {}
        self._since: dict[str, float] = {}
        self._arrived = Event()
        self._warn_at = warn_at
        self._alarm = alarm
        self._has_warned = False
        self._is_closed = False
        self._registration = informer.add_handler(
            self._take, name=name, resync=resync, backlog=self
        )

    def __len__(self) -> int:
        """How many objects' changes wait."""
        return len(self._waiting)

    @property
    def waiting_since(self) -> float | None:
        """When the change that waits longest came, or the first of those it was folded from."""
        return next(iter(self._since.values()), None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change:
        """The next object's change; waits for one, ends when the subscription is closed."""
        while not self._waiting:
            if self._is_closed:
                raise StopAsyncIteration
            self._has_warned = False
            self._arrived.clear()
            await self._arrived.wait()
        key = next(iter(self._waiting))
        change = self._waiting.pop(key)
        if change.old is not None and change.new is not None and _is_other(change.old, change.new):
            # The name has a new owner: its reader hears of one that went and of one that came.
            self._waiting = {key: Change(key, None, change.new), **self._waiting}
            return Change(key, change.old, None)
        del self._since[key]
        return change

    def close(self) -> None:
        """Hear nothing more; what waits can still be taken."""
        self._registration.remove()
        self._is_closed = True
        self._arrived.set()

    def _take(self, changes: list[Change]) -> None:
        now = self._clock.monotonic()
        for change in changes:
            self._merge(change, now)
        self._arrived.set()
        if self._alarm is not None and not self._has_warned and len(self) > self._warn_at:
            self._has_warned = True
            self._alarm(len(self))

    def _merge(self, change: Change, now: float) -> None:
        """Fold a change into the one of its object that waits already."""
        earlier = self._waiting.get(change.key)
        if earlier is None:
            self._waiting[change.key] = change
            self._since[change.key] = now
            return
        if earlier.old is None and change.new is None:
            del self._waiting[change.key], self._since[change.key]
            return
        initial = earlier.initial and earlier.old is None
        self._waiting[change.key] = Change(change.key, earlier.old, change.new, initial)


def _is_other(old: Snapshot, new: Snapshot) -> bool:
    return old.meta.uid != new.meta.uid
