"""Two managers that undo each other's work, slowed down and told of.

An apply set puts right whatever drifts, at once. Where another controller does the same the other
way round, the two would go on as fast as the network lets them. `Fights` counts how often the same
desired state had to be put right: the first few times are free, then each costs a longer wait, and
when waiting begins users are told, once. Quiet ends a fight, and so does another desired state.

Who counts only, and does not wait, is told of by the same rule.

Memory: one small entry per child that was put right lately, the oldest of which go first.
"""

from collections.abc import Hashable
from typing import Final

import attrs

from informers.clock import Clock

FREE: Final = 5
FIRST_SECONDS: Final = 1.0
CAP_SECONDS: Final = 300.0
QUIET_SECONDS: Final = 600.0
BOUND: Final = 1024
_MOST_DOUBLINGS: Final = 16


@attrs.define
class _Bout:
    desired: bytes
    last: float
    repairs: int = 0

    def pause(self) -> float:
        """How long after the last repair the next one may come."""
        if self.repairs < FREE:
            return 0.0
        return min(FIRST_SECONDS * 2.0 ** min(self.repairs - FREE, _MOST_DOUBLINGS), CAP_SECONDS)


class Fights:
    """What had to be put right lately, and how often."""

    def __init__(self, clock: Clock, *, bound: int = BOUND) -> None:
        self._clock = clock
        self._bound = bound
        self._bouts: dict[Hashable, _Bout] = {}
        self.told = 0

    def __len__(self) -> int:
        return len(self._bouts)

    def undone(self, child: Hashable, desired: bytes) -> None:
        """Somebody undid this desired state of a child."""
        now = self._clock.monotonic()
        bout = self._bouts.pop(child, None)
        if bout is None or bout.desired != desired or now - bout.last > QUIET_SECONDS:
            bout = _Bout(desired, now)
            if len(self._bouts) >= self._bound:
                del self._bouts[next(iter(self._bouts))]
        self._bouts[child] = bout

    def wait(self, child: Hashable, desired: bytes) -> float:
        """Seconds until this may be put right again; mostly none."""
        bout = self._bouts.get(child)
        if bout is None or bout.desired != desired:
            return 0.0
        return max(bout.last + bout.pause() - self._clock.monotonic(), 0.0)

    def repaired(self, child: Hashable, desired: bytes) -> bool:
        """Count that it was put right, if it was undone; True when users are to be told."""
        bout = self._bouts.get(child)
        if bout is None or bout.desired != desired:
            return False
        bout.repairs += 1
        bout.last = self._clock.monotonic()
        is_news = bout.repairs == FREE
        self.told += is_news
        return is_news

    def forget(self, child: Hashable) -> None:
        """Let go of a child that is gone, with what was counted of it."""
        self._bouts.pop(child, None)
