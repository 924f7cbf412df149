"""Which Events are written, and as what: new, counted up, combined, or kept back.

The rules are client-go's, so users see what they know: an Event that repeats is counted up on the
object it has; from the tenth different message of one reason within ten minutes on they are
combined into one; and one object gets 25 writes and then one per five minutes. Other than there,
what is kept back is not lost: it is in the count of the next write.

Pure: time is passed in, and nothing is sent. All memory is bounded.
"""

from collections import OrderedDict
from typing import Final, Generic, Literal, TypeVar

import attrs

from informers.meta.kinds import Kind

SIMILAR_MOST: Final = 10
SIMILAR_SECONDS: Final = 600.0
BURST: Final = 25
REFILL_SECONDS: Final = 300.0
REMEMBERED: Final = 4096
COMBINED: Final = "(combined from similar events): "

K = TypeVar("K")
V = TypeVar("V")


@attrs.frozen(kw_only=True)
class About:
    """The object an Event is about."""

    kind: Kind
    namespace: str
    name: str
    uid: str
    resource_version: str = ""


@attrs.frozen(kw_only=True)
class Notice:
    """Something a user should know."""

    about: About
    type: Literal["Normal", "Warning"]
    reason: str
    message: str

    @property
    def similar(self) -> tuple[str, str, str, str]:
        """What it has in common with notices that differ in their message only."""
        return (self.about.uid, self.about.name, self.type, self.reason)


@attrs.frozen(kw_only=True)
class Write:
    """What is to be written: a new Event, or a higher count on one that exists."""

    notice: Notice
    identity: tuple[str, ...]
    count: int
    first: float
    last: float
    event: str = ""


class Bounded(OrderedDict[K, V], Generic[K, V]):
    """A mapping that forgets what was used longest ago."""

    def touch(self, key: K, fresh: V) -> V:
        """The value of a key, `fresh` if there is none yet."""
        if key not in self:
            if len(self) >= REMEMBERED:
                self.popitem(last=False)
            self[key] = fresh
        self.move_to_end(key)
        return self[key]


@attrs.define
class _Seen:
    count: int = 0
    first: float = 0.0
    event: str = ""


@attrs.define
class _Similar:
    messages: set[str] = attrs.field(factory=set)
    since: float = 0.0


@attrs.define
class _Bucket:
    tokens: float = float(BURST)
    filled: float = 0.0

    def take(self, now: float) -> bool:
        """One token, if there is one."""
        self.tokens = min(self.tokens + (now - self.filled) / REFILL_SECONDS, float(BURST))
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Correlator:
    """Decides what becomes of each notice."""

    def __init__(self) -> None:
        self._seen: Bounded[tuple[str, ...], _Seen] = Bounded()
        self._similar: Bounded[tuple[str, ...], _Similar] = Bounded()
        self._buckets: Bounded[tuple[str, ...], _Bucket] = Bounded()
        self.kept_back = 0

    def __len__(self) -> int:
        """How much is remembered of what was told."""
        return len(self._seen) + len(self._similar) + len(self._buckets)

    def decide(self, notice: Notice, *, now: float) -> Write | None:
        """What to write for this notice now; None when it is only counted."""
        notice, identity = self._combined(notice, now)
        seen = self._seen.touch(identity, _Seen(first=now))
        seen.count += 1
        about = notice.about
        bucket = self._buckets.touch((about.uid, about.name), _Bucket(filled=now))
        if not bucket.take(now):
            self.kept_back += 1
            return None
        return Write(
            notice=notice,
            identity=identity,
            count=seen.count,
            first=seen.first,
            last=now,
            event=seen.event,
        )

    def written(self, write: Write, event: str) -> None:
        """Remember under which name an Event was written, to count it up the next time."""
        if write.identity in self._seen:
            self._seen[write.identity].event = event

    def lost(self, write: Write) -> None:
        """The Event that was to be counted up is gone; the next one is new."""
        if write.identity in self._seen:
            self._seen[write.identity].event = ""

    def _combined(self, notice: Notice, now: float) -> tuple[Notice, tuple[str, ...]]:
        """The notice, or the one that stands for all similar ones once there are too many."""
        similar = self._similar.touch(notice.similar, _Similar(since=now))
        if now - similar.since > SIMILAR_SECONDS:
            similar.messages.clear()
            similar.since = now
        if len(similar.messages) < SIMILAR_MOST:
            similar.messages.add(notice.message)
        if len(similar.messages) < SIMILAR_MOST:
            return notice, (*notice.similar, notice.message)
        return attrs.evolve(notice, message=COMBINED + notice.message), notice.similar
