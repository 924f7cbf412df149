"""The leader election as a state machine: time and replies in, requests and a fence out.

    STANDBY ──granted──► LEADING ──────resign──────► RESIGNING ──► ENDED
       └────────────── resign, abandon ──────────────────┴───────────┘
                            └── deadline passed, other holder, lease deleted ──► ENDED

Promises, for any order of events and any delay (tests/chaos drives thousands of schedules):
- `fence_until` never lies in a stretch in which another machine's does. A holder counts its
  deadline from before it asked for the request to be sent; a standby counts the *holder's own*
  lease duration from after it read the record; every write names the version it overwrites.
- A conflict shuts the fence until the next renewal succeeded: somebody else wrote the Lease.
- After `Resign` or `Abandon` the fence is shut and leading never starts, whatever arrives.
- One machine is one candidacy. Who lost starts again as a new candidate, from empty memory,
  because what it knew in memory has had another owner meanwhile.

Leaves to others: the clock (it must count suspend), sending (`driver`), and stamping the
record with the time of day, which no decision here depends on (`lease`).
The driver answers each request with exactly one event, by `patience` or a little later.
"""

import enum
import math
from collections.abc import Callable

import attrs

from controller.runtime.election.config import JITTER, ElectionConfig

NEVER = -math.inf
REFUSALS = frozenset({401, 403})
MOST_REFUSALS = 2
"""One may be of a server that starts, or of credentials that expired: those are read again."""


class State(enum.Enum):
    """Where a candidacy stands."""

    STANDBY = "standby"
    LEADING = "leading"
    RESIGNING = "resigning"
    ENDED = "ended"


class Outcome(enum.Enum):
    """How a candidacy ended."""

    LOST = "lost"  # the lease could not be renewed, or is another's
    RELEASED = "released"  # given back: a standby can take it at once
    STOPPED = "stopped"  # never led
    ABANDONED = "abandoned"  # left as it was: it runs out by itself


class Verb(enum.Enum):
    """What a request does to the Lease."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"


@attrs.frozen(kw_only=True)
class Record:
    """A Lease as the election sees it; `origin` is the transport's own and opaque here.

    `stamp` is new with every write of a holder: it tells a renewal from a foreign edit of, say,
    an annotation, which changes the version but proves nothing about the holder.
    """

    holder: str
    duration: float
    transitions: int
    version: str
    stamp: str
    origin: object = attrs.field(default=None, eq=False, repr=False)


@attrs.frozen(kw_only=True)
class Claim:
    """What a write puts into the Lease; `is_new` starts a new term."""

    holder: str
    duration: int
    transitions: int
    is_new: bool


@attrs.frozen(kw_only=True)
class Request:
    """One request; an update overwrites exactly the version of `basis`."""

    verb: Verb
    deadline: float
    claim: Claim | None = None
    basis: Record | None = None


@attrs.frozen
class Seen:
    """The server answered with the Lease."""

    record: Record


@attrs.frozen
class Missing:
    """There is no such Lease."""


@attrs.frozen
class Conflict:
    """The Lease is not the version the write named, or exists already."""


@attrs.frozen
class Failed:
    """No usable answer: whether a write happened is unknown. 401 asks for new credentials."""

    reason: str
    status: int = 0


@attrs.frozen
class Resign:
    """The last worker has ended: give the lease back, until that time at the latest."""

    by: float


@attrs.frozen
class Abandon:
    """Leave at once without another request."""


Reply = Seen | Missing | Conflict | Failed
Command = Resign | Abandon


class Machine:
    """One candidacy. Call `step` with every event and at `wake_at`; send what it returns."""

    def __init__(self, config: ElectionConfig, *, jitter: Callable[[], float]) -> None:
        self.state = State.STANDBY
        self.outcome: Outcome | None = None
        self.reason = ""
        self.fence_until = NEVER
        self.lost_at = math.inf  # when a leader steps down unless it renews before
        self.wake_at = NEVER
        self.patience = NEVER  # how long the request under way is worth waiting for
        self.renewed_at = NEVER
        self.slow_paths = 0
        self._config = config
        self._jitter = jitter
        self._request: Request | None = None
        self._sent_at = NEVER
        self._seen: Record | None = None
        self._seen_at = NEVER
        self._is_missing = False
        self._must_read = True
        self._may_own = False  # a write of ours has an unknown outcome
        self._conflicts = 0
        self._next_at = NEVER
        self._resign_by = math.inf
        self._refusals = 0

    @property
    def holder(self) -> str:
        """The holder last read; empty when free or unknown."""
        return self._seen.holder if self._seen is not None else ""

    @property
    def transitions(self) -> int:
        """How often the Lease has changed hands, as last read."""
        return self._seen.transitions if self._seen is not None else 0

    def step(self, now: float, event: Reply | Command | None = None) -> Request | None:
        """Take one event, or only the time; return the request to send now, if any."""
        if now >= self.lost_at:
            self._end(Outcome.LOST, "the lease was not renewed within the deadline")
        elif now >= self._resign_by:
            self._end(Outcome.ABANDONED, "the lease could not be given back in time")
        if event is not None and self.state is not State.ENDED:
            self._take(now, event)
        return self._next(now)

    def _take(self, now: float, event: Reply | Command) -> None:
        if isinstance(event, Resign):
            return self._resign(now, event.by)
        if isinstance(event, Abandon):
            return self._end(Outcome.ABANDONED, "the candidate left without giving back the lease")
        request, self._request = self._request, None
        assert request is not None, "a reply without a request"
        if isinstance(event, Seen):
            return self._on_seen(now, request, event.record)
        if isinstance(event, Missing):
            return self._on_missing(now)
        self._must_read = True
        if isinstance(event, Conflict):
            return self._on_conflict(now)
        return self._on_failed(now, request, event.status)

    # -- replies ---------------------------------------------------------------------------

    def _on_seen(self, now: float, request: Request, record: Record) -> None:
        seen = self._seen
        if seen is None or (record.holder, record.stamp) != (seen.holder, seen.stamp):
            self._seen_at = now
        self._seen = record
        self._is_missing = self._may_own = self._must_read = False
        self._next_at = now
        if request.verb is Verb.READ:
            self._on_read(now, record)
        else:
            self._on_written(now, request, record)

    def _on_read(self, now: float, record: Record) -> None:
        if self.state is State.STANDBY:
            if not self._is_free(now):
                self._wait_for_turn(now)
        elif record.holder != self._config.identity:
            self._lease_of_another(record)

    def _on_written(self, now: float, request: Request, record: Record) -> None:
        is_granted = self._is_granted(request, record)
        if self.state is State.RESIGNING:
            if record.holder != self._config.identity:
                self._end(Outcome.RELEASED, "the lease was given back")
        elif not is_granted:
            self._must_read = True
            self._on_conflict(now)
        elif self.state is State.LEADING:
            self._renewed()
        elif now < self._sent_at + self._config.renew_deadline:
            self.state = State.LEADING
            self._renewed()

    def _on_missing(self, now: float) -> None:
        self._is_missing = True
        if self.state is State.LEADING:
            self._end(Outcome.LOST, "the Lease was deleted")
        elif self.state is State.RESIGNING:
            self._end(Outcome.RELEASED, "the Lease was deleted")
        elif self._is_free(now):
            self._must_read = False
            self._next_at = now
        else:  # deleted by hand: its last holder may still write, so its lease is waited out
            self._must_read = True
            self._wait_for_turn(now)

    def _on_conflict(self, now: float) -> None:
        self._conflicts += 1
        if self.state is State.STANDBY:
            return self._wait_for_turn(now)
        self.fence_until = NEVER
        self.slow_paths += 1
        self._next_at = now if self._conflicts == 1 else max(now, self._sent_at + self._pause())
        return None

    def _on_failed(self, now: float, request: Request, status: int) -> None:
        self._may_own = self._may_own or request.verb is not Verb.READ
        if self.state is State.STANDBY:
            return self._wait_for_turn(now)
        if self.state is State.RESIGNING and status in REFUSALS:
            # Uninstalled, most likely: the permissions went first, and will not come back.
            self._refusals += 1
            if self._refusals >= MOST_REFUSALS:
                return self._end(Outcome.ABANDONED, "the lease may not be given back any more")
        self.slow_paths += 1
        self._next_at = max(now, self._sent_at + self._pause())
        return None

    def _renewed(self) -> None:
        # Counted from before the request left: the reply may have been under way for long, and
        # a standby's patience began when the server wrote, not when we heard of it.
        self.renewed_at = self._sent_at
        self.lost_at = self.fence_until = self._sent_at + self._config.renew_deadline
        self._next_at = self._sent_at + self._config.retry
        self._conflicts = 0

    def _lease_of_another(self, record: Record) -> None:
        if self.state is State.RESIGNING:
            self._end(Outcome.RELEASED, "the lease was given back")
        else:
            self._end(Outcome.LOST, f"the lease is held by {record.holder or 'nobody'}")

    # -- commands --------------------------------------------------------------------------

    def _resign(self, now: float, by: float) -> None:
        self.fence_until = NEVER
        owns = self.state is State.LEADING or self.holder == self._config.identity or self._may_own
        is_writing = self._request is not None and self._request.verb is not Verb.READ
        if not owns and not is_writing:
            return self._end(Outcome.STOPPED, "the candidate left before it led")
        self.state = State.RESIGNING
        self.lost_at = math.inf
        self._resign_by = min(by, self._resign_by)
        self._next_at = now
        # A renewal under way decides which version to give back; one that hangs must leave
        # time to ask on a new connection.
        self.patience = min(self.patience, (now + self._resign_by) / 2)
        return None

    def _end(self, outcome: Outcome, reason: str) -> None:
        self.state = State.ENDED
        self.outcome = outcome
        self.reason = reason
        self.fence_until = self.patience = NEVER
        self.lost_at = self._resign_by = math.inf
        self._request = None

    # -- what next -------------------------------------------------------------------------

    def _is_free(self, now: float) -> bool:
        """Whether nobody else can believe to hold the lease."""
        seen = self._seen
        return (
            seen is None
            or seen.holder in ("", self._config.identity)
            or now >= self._seen_at + seen.duration
        )

    def _is_granted(self, request: Request, record: Record) -> bool:
        """Whether the Lease came back as written: others must see a change, and wait as long."""
        return (
            record.holder == self._config.identity
            and record.duration >= self._config.lease
            and (request.basis is None or record.stamp != request.basis.stamp)
        )

    def _pause(self) -> float:
        """Between two tries; short while giving back, because somebody waits for it."""
        return self._config.retry / (4 if self.state is State.RESIGNING else 1)

    def _wait_for_turn(self, now: float) -> None:
        """Look again after a jittered pause, or right when the holder's lease runs out."""
        self._must_read = True
        spread = (2 - JITTER) + 2 * (JITTER - 1) * self._jitter()
        at = self._sent_at + self._config.retry * spread
        if self._seen is not None and (expires := self._seen_at + self._seen.duration) > now:
            at = min(at, expires)
        self._next_at = max(now, at)

    def _next(self, now: float) -> Request | None:
        limit = min(self.lost_at, self._resign_by)
        if self.state is State.ENDED:
            self.wake_at = math.inf
        elif self._request is not None:
            self.wake_at = min(self.patience, limit)
        elif now < self._next_at:
            self.wake_at = min(self._next_at, limit)
        else:
            return self._send(now, limit)
        return None

    def _send(self, now: float, limit: float) -> Request:
        # Half the deadline: a connection that died silently leaves time for a second try.
        self.patience = min(now + self._config.renew_deadline / 2, limit)
        if self._must_read:
            request = Request(verb=Verb.READ, deadline=self.patience)
        else:
            request = Request(
                verb=Verb.CREATE if self._is_missing else Verb.UPDATE,
                deadline=self.patience,
                claim=self._claim(),
                basis=None if self._is_missing else self._seen,
            )
        self._request, self._sent_at = request, now
        self.wake_at = self.patience
        return request

    def _claim(self) -> Claim:
        past = self.transitions
        if self.state is State.RESIGNING:
            return Claim(holder="", duration=1, transitions=past, is_new=False)
        is_ours = self.holder == self._config.identity and not self._is_missing
        return Claim(
            holder=self._config.identity,
            duration=self._config.lease,
            transitions=past if is_ours or self._seen is None else past + 1,
            is_new=not is_ours,
        )
