"""How often this process looked at each scaler, and changed its target: what no cache can tell.

A status holds the last change and no more than is still needed of those before, and not every look
writes it; so both are counted where they are made. As for any counter of Prometheus a restart
begins at 0 again, and a standby stays there; `increase` and `rate`, summed up over the managers,
see through both. The reconciler counts and lets go of what was deleted; `gauges` reads.
"""

from typing import Final
from weakref import WeakKeyDictionary

import attrs

from controller.runtime.runtime import Runtime
from informers.snapshot import Snapshot


@attrs.frozen
class Count:
    """The changes of one scaler in each direction, and the looks at it."""

    up: int = 0
    down: int = 0
    looks: int = 0


_NONE: Final = Count()


@attrs.define(eq=False)
class Counts:
    """The counts of all scalers that there are; one of an old name is a new one."""

    _found: dict[str, tuple[str, Count]] = attrs.field(factory=dict)

    @staticmethod
    def of(runtime: Runtime) -> "Counts":
        """Return the one of a manager, so that who counts and who reads have the same."""
        return _OF.setdefault(runtime, Counts())

    def looked(self, snapshot: Snapshot) -> None:
        """Count a look at a scaler whose target could be read."""
        count = self.read(snapshot)
        self._keep(snapshot, Count(up=count.up, down=count.down, looks=count.looks + 1))

    def scaled(self, snapshot: Snapshot, before: int, after: int) -> None:
        """Count a change that was made."""
        count = self.read(snapshot)
        if after > before:
            count = attrs.evolve(count, up=count.up + 1)
        else:
            count = attrs.evolve(count, down=count.down + 1)
        self._keep(snapshot, count)

    def read(self, snapshot: Snapshot) -> Count:
        """Return the counts of a scaler, none if it was never looked at."""
        uid, count = self._found.get(snapshot.key, ("", _NONE))
        return count if uid == snapshot.meta.uid else _NONE

    def forget(self, key: str) -> None:
        """Let go of a scaler that is gone."""
        self._found.pop(key, None)

    def _keep(self, snapshot: Snapshot, count: Count) -> None:
        self._found[snapshot.key] = (snapshot.meta.uid, count)


_OF: Final = WeakKeyDictionary[Runtime, Counts]()
