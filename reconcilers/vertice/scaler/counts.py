"""How often each scaler was changed by this process: what a cache cannot tell.

A status holds the last change and no more than is still needed of those before, so changes are
counted where they are made. As for any counter of Prometheus a restart begins at 0 again, and a
standby stays there; `increase` and `rate`, summed up over the managers, see through both. The
reconciler counts and lets go of what was deleted; `gauges` reads.
"""

from typing import Final
from weakref import WeakKeyDictionary

import attrs

from controller.runtime.runtime import Runtime
from informers.snapshot import Snapshot


@attrs.frozen
class Count:
    """The changes of one scaler in each direction."""

    up: int = 0
    down: int = 0


_NONE: Final = Count()


@attrs.define(eq=False)
class Counts:
    """The changes of all scalers that there are; one of an old name is a new one."""

    _found: dict[str, tuple[str, Count]] = attrs.field(factory=dict)

    @staticmethod
    def of(runtime: Runtime) -> "Counts":
        """Return the one of a manager, so that who counts and who reads have the same."""
        return _OF.setdefault(runtime, Counts())

    def scaled(self, snapshot: Snapshot, before: int, after: int) -> None:
        """Count a change that was made."""
        count = self.read(snapshot)
        if after > before:
            count = attrs.evolve(count, up=count.up + 1)
        else:
            count = attrs.evolve(count, down=count.down + 1)
        self._found[snapshot.key] = (snapshot.meta.uid, count)

    def read(self, snapshot: Snapshot) -> Count:
        """Return the changes of a scaler, none if it was never changed."""
        uid, count = self._found.get(snapshot.key, ("", _NONE))
        return count if uid == snapshot.meta.uid else _NONE

    def forget(self, key: str) -> None:
        """Let go of a scaler that is gone."""
        self._found.pop(key, None)


_OF: Final = WeakKeyDictionary[Runtime, Counts]()
