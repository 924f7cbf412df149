"""One handler's place at an informer: what it was told, and what it is still to be told.

A handler that joins late hears of everything there is, a batch at a time, marked `initial`; a
change of an object that it has not heard of yet waits for that. With `resync` it hears, again and
again, of every object as an update of itself (`Change.is_resync`), so that a controller repairs
what no watch tells of; nobody asks for that by default, and no other handler hears of it. A
handler that raises misses what it was told and hears of the next change like any other.

A resync reads the store in the step in which it tells, so it can neither overtake a change nor
bring a state back that was replaced meanwhile. Its period is spread by a tenth either way, so that
handlers that began together do not come back together.
"""

import random
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from informers.callbacks import Failed, called
from informers.clock import Clock
from informers.store import Change, Store

Handler = Callable[[list[Change]], None]
BATCH: Final = 500
LEAST_RESYNC: Final = 1.0
SPREAD: Final = 0.1
_REMEDY: Final = "it missed this change: catch what it cannot deal with; a restart tells it of all"


class Backlog(Protocol):
    """Where a handler keeps what it has taken and nobody has looked at yet."""

    def __len__(self) -> int:
        """How much waits."""
        ...

    @property
    def waiting_since(self) -> float | None:
        """When the oldest of it came; None when nothing waits."""
        ...


class Teller(Protocol):
    """Who has something to tell: an informer."""

    store: Store
    clock: Clock
    callback_failed: Failed

    @property
    def has_synced(self) -> bool:
        """Whether its content is complete."""
        ...

    def forget(self, registration: "Registration") -> None:
        """Tell it nothing more."""
        ...


class Registration:
    """What one handler knows of an informer's content."""

    def __init__(
        self,
        teller: Teller,
        handler: Handler,
        *,
        name: str = "",
        resync: float = 0.0,
        backlog: Backlog | None = None,
    ) -> None:
        if resync and resync < LEAST_RESYNC:
            raise ValueError(f"resync={resync:g}: give {LEAST_RESYNC:g} s or more, or 0 for none")
        self.name = name or called(handler)
        self.resync = resync
        self.is_active = True
        self._teller = teller
        self._handler = handler
        self._backlog = backlog
        self._untold: dict[str, None] = {}
        self._untold_since = 0.0

    @property
    def has_synced(self) -> bool:
        """Whether the handler knows all that the synced informer knows."""
        return self._teller.has_synced and not self._untold

    @property
    def untold(self) -> int:
        """How many objects are still to be told; never more than there are."""
        return len(self._untold)

    @property
    def depth(self) -> int:
        """How much is still to be told, or was told and still waits to be looked at."""
        return self.untold + (0 if self._backlog is None else len(self._backlog))

    def oldest_age(self) -> float:
        """Seconds since the oldest of that has been waiting; 0 when nothing waits."""
        began = [self._untold_since] if self._untold else []
        if self._backlog is not None and (waiting := self._backlog.waiting_since) is not None:
            began.append(waiting)
        return self._teller.clock.monotonic() - min(began) if began else 0.0

    def remove(self) -> None:
        """Hear nothing more, from now on."""
        self.is_active = False
        self._untold.clear()
        self._teller.forget(self)

    def tell(self, changes: list[Change]) -> None:
        """Pass changes on, but for those of objects that are still to be told as a whole."""
        if not self.is_active:
            return
        if self._untold:
            changes = [change for change in changes if not self._postpones(change)]
        if changes:
            self._call(changes)

    def _call(self, changes: list[Change]) -> None:
        try:
            self._handler(changes)
        except Exception as error:  # noqa: BLE001 - one handler must not keep others from hearing
            first, more = changes[0].key, len(changes) - 1
            key = f"{first} and {more} more" if more else first
            self._teller.callback_failed(self.name, key, error, remedy=_REMEDY)

    def _postpones(self, change: Change) -> bool:
        if change.key not in self._untold:
            return False
        if change.new is None:
            del self._untold[change.key]
        return True

    def owe_all(self) -> None:
        """Everything there is now is still to be told; `tell_all` has to follow."""
        self._untold = dict.fromkeys(self._teller.store.all_keys())
        self._untold_since = self._teller.clock.monotonic()

    async def tell_all(self) -> None:
        """Tell the handler of every object that it is owed, as it becomes known to it."""
        while self._untold:
            keys = [key for key, _ in zip(self._untold, range(BATCH), strict=False)]
            for key in keys:
                del self._untold[key]
            self._tell_held(keys, initial=True)
            await self._teller.clock.sleep(0)

    async def tell_again(self, rng: random.Random) -> None:
        """Tell the handler of every object once in each period, until cancelled."""
        clock = self._teller.clock
        while True:
            await clock.sleep(self.resync * rng.uniform(1 - SPREAD, 1 + SPREAD))
            keys = list(self._teller.store.all_keys())
            for start in range(0, len(keys), BATCH):
                part = keys[start : start + BATCH]
                self._tell_held([key for key in part if key not in self._untold], initial=False)
                await clock.sleep(0)

    def _tell_held(self, keys: Iterable[str], *, initial: bool) -> None:
        """Tell of those that are still held, as they are now."""
        get = self._teller.store.get
        batch = [
            Change(key, None if initial else held, held, initial)
            for key in keys
            if (held := get(key)) is not None
        ]
        if batch and self.is_active:
            self._call(batch)
