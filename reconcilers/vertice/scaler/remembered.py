"""What a manager remembers of each scaler from one look to the next.

At its first look it takes that from the status; from then on it knows more than the status says,
which is written seldom. A number that was written without an answer may have been taken or not:
the next look sees which, and goes on with what belongs to it.
"""

import attrs
from msgspec import UNSET, UnsetType

from informers.snapshot import Snapshot
from reconcilers.vertice.api.decision import DecisionStatus
from reconcilers.vertice.api.scaler import Target, VerticeScaler
from reconcilers.vertice.scaler.decision import spans
from reconcilers.vertice.scaler.look import Look, bare
from reconcilers.vertice.scaler.memory import Memories


@attrs.frozen(kw_only=True)
class Known:
    """What is remembered of a scaler, and of which target: it may be made another one.

    `tried` is a number of pods that was written without an answer, and what to remember if it is
    that number by now.
    """

    uid: str
    target: Target
    memories: Memories
    tried: tuple[int, Memories] | None = None

    def recalled(self, current: int) -> Memories:
        """Return what to go on with at a look that finds so many pods."""
        if self.tried is not None and self.tried[0] == current:
            return self.tried[1]
        return self.memories


class Remembered:
    """What is known of all scalers, by their keys."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}

    def of(self, scaler: VerticeScaler, snapshot: Snapshot, *, current: int, now: int) -> Memories:
        """Return what a look goes on with that finds so many pods."""
        known = self._known.get(snapshot.key)
        is_known = known is not None and known.uid == snapshot.meta.uid
        if known is not None and is_known and known.target.identity == scaler.spec.target.identity:
            return known.recalled(current)
        told, memories = _left(scaler.status.decision), Memories.of(scaler.status.history)
        if is_known or scaler.status.history is UNSET:
            told, memories = None, Memories.first(current, least=scaler.spec.min_replicas)
        return memories.resumed(current, told, spans=spans(bare(scaler, now)), now=now)

    def keep(self, look: Look, memories: Memories) -> None:
        """Remember what a look left."""
        self._known[look.snapshot.key] = Known(
            uid=look.snapshot.meta.uid, target=look.scaler.spec.target, memories=memories
        )

    def trying(self, key: str, replicas: int, memories: Memories) -> None:
        """Remember what is about to be written: nobody may ever say what became of it."""
        self._known[key] = attrs.evolve(self._known[key], tried=(replicas, memories))

    def refused(self, key: str) -> None:
        """Remember that nothing came of it."""
        self._known[key] = attrs.evolve(self._known[key], tried=None)

    def forget(self, key: str) -> None:
        """Let go of a scaler that is gone."""
        self._known.pop(key, None)


def _left(account: DecisionStatus | UnsetType) -> int | None:
    """Return how many pods the last decision left."""
    if account is UNSET:
        return None
    return account.replicas if account.guard is UNSET else account.current
