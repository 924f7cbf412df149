"""The write fence: how long this process may still write, read at the moment of writing.

A manager that is not provably leader sends no write. The proof is a number: the time until
which no other process can hold the Lease. `remaining()` compares it with the clock *now*, so a
process that was suspended, or whose interpreter was held by one long C call, finds the fence
closed the moment it wakes, before any thread has run that could have told it.

Promises: reading takes one clock read and one subtraction, no lock, from any thread; once
`close()` was called the fence never opens again; the clock counts time spent suspended.
Leaves to others: what to do with a closed fence (the client refuses the write), and requests
that left before it closed (docs/guide/leader-election.md).

    ElectionError
    ├── CandidacyEnded          waiting to lead is pointless: this candidate has left
    ├── ElectionConfigInvalid   the election cannot be safe as configured (config.py)
    ├── EndpointInvalid         the server or proxy address cannot be used (wire.py)
    └── CredentialsUnavailable  a request could not be made; the next may (lease.py)

A write without the proof is the client's `informers.errors.FenceClosed`.
"""

import math
import threading
import time
from collections.abc import Callable

from informers.errors import FenceClosed

# CLOCK_BOOTTIME counts suspend; Linux has it. Elsewhere CLOCK_MONOTONIC: on macOS it counts
# sleep as well, on other systems a suspended holder may believe it leads until its first renewal.
_CLOCK_ID: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class ElectionError(Exception):
    """Base of everything the election raises."""


class CandidacyEnded(ElectionError):
    """This candidate stopped, lost or released the lease; it will not lead again."""


def boottime() -> float:
    """Seconds on a clock that never steps and does not stop while the machine sleeps."""
    return time.clock_gettime(_CLOCK_ID)


class Fence:
    """How long writes are allowed; closed until somebody opens it."""

    __slots__ = ("_clock", "_is_closed", "_lock", "_until")

    def __init__(self, clock: Callable[[], float] = boottime) -> None:
        self._clock = clock
        self._until = -math.inf
        self._is_closed = False
        self._lock = threading.Lock()  # orders writers only; readers never take it

    def remaining(self) -> float:
        """Seconds for which a write may still be under way; 0 when none may start."""
        return max(self._until - self._clock(), 0.0)

    def check(self) -> None:
        """Raise `FenceClosed` unless a write may start now."""
        if self._until <= self._clock():
            raise FenceClosed(
                "not the leader: the write was not sent. It is repeated by whoever leads next"
            )

    def set_until(self, until: float) -> None:
        """Open until that time, or shut with a time that has passed; ignored once closed."""
        with self._lock:
            if not self._is_closed:
                self._until = until

    def close(self) -> None:
        """Shut for good."""
        with self._lock:
            self._is_closed = True
            self._until = -math.inf
