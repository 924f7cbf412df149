"""How long a key that failed waits for its next try.

Two limits, and the longer wait wins. `ItemBackoff` doubles the wait of one key with each failure
and forgets it on success. `TokenBucket` holds the retries of all keys together to a rate, so that
ten thousand keys failing at once do not hammer the API server in step with one another.

No retry waits longer than `MAX_WAIT`, whoever asked for the wait. client-go caps only the first
limit, and its bucket then makes a key that fails once, behind ten thousand others, wait a quarter
of an hour for nothing.

Memory: one small number per key that has failed and was not forgotten; `len(limiter)` is its gauge.
"""

import random
from collections.abc import Hashable
from typing import Final, Protocol, TypeVar

import attrs

K = TypeVar("K", bound=Hashable)
K_contra = TypeVar("K_contra", bound=Hashable, contravariant=True)

FIRST_WAIT: Final = 0.005
MAX_WAIT: Final = 300.0
_MOST_DOUBLINGS: Final = 60  # far above any cap, far below overflow


class RateLimiter(Protocol[K_contra]):
    """Decides waits and counts failures, per key."""

    def next_delay(self, key: K_contra, *, now: float) -> float:
        """Count one more failure of `key` and tell how long to wait, in seconds."""
        ...

    def forget(self, key: K_contra) -> None:
        """Start afresh with `key`: it succeeded, it cannot succeed, or it is gone."""
        ...

    def num_requeues(self, key: K_contra) -> int:
        """How often `key` has failed since it was last forgotten."""
        ...

    def __len__(self) -> int:
        """How many keys are remembered."""
        ...


class ItemBackoff:
    """Exponential back-off per key, with jitter.

    The n-th wait is `first`·2ⁿ, at most `cap`, less a random share of it up to `jitter`, so that
    keys which failed together do not come back together.
    """

    __slots__ = ("_cap", "_failures", "_first", "_jitter", "_random")

    def __init__(
        self,
        *,
        first: float = FIRST_WAIT,
        cap: float = MAX_WAIT,
        jitter: float = 0.2,
        rng: random.Random | None = None,
    ) -> None:
        self._first = first
        self._cap = cap
        self._jitter = jitter
        self._random = rng or random.Random()  # noqa: S311 - spreads load, keeps no secret
        self._failures: dict[Hashable, int] = {}

    def next_delay(self, key: Hashable, *, now: float) -> float:  # noqa: ARG002 - the protocol's
        """Count a failure; tell the wait."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        wait = min(self._first * 2.0 ** min(failures, _MOST_DOUBLINGS), self._cap)
        return wait * (1 - self._jitter * self._random.random())

    def forget(self, key: Hashable) -> None:
        """Drop the count of `key`."""
        self._failures.pop(key, None)

    def num_requeues(self, key: Hashable) -> int:
        """How often `key` has failed."""
        return self._failures.get(key, 0)

    def __len__(self) -> int:
        return len(self._failures)


class TokenBucket:
    """`rate` retries a second over all keys, after a first `burst` that waits for nothing.

    Each retry books the next free token, also ahead of time, until the booking is `max_wait` away;
    from there on retries are spread by `ItemBackoff` alone.
    """

    __slots__ = ("_burst", "_max_debt", "_rate", "_refilled", "_tokens")

    def __init__(self, *, rate: float = 10.0, burst: int = 100, max_wait: float = MAX_WAIT) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._max_debt = rate * max_wait
        self._tokens = self._burst
        self._refilled = 0.0

    def next_delay(self, key: Hashable, *, now: float) -> float:  # noqa: ARG002 - all keys alike
        """Book a token; tell how far away it is."""
        earned = max(now - self._refilled, 0.0) * self._rate
        self._refilled = now
        self._tokens = min(self._tokens + earned, self._burst) - 1
        self._tokens = max(self._tokens, -self._max_debt)
        return max(-self._tokens / self._rate, 0.0)

    def forget(self, key: Hashable) -> None:
        """Booked tokens are not handed back."""

    def num_requeues(self, key: Hashable) -> int:  # noqa: ARG002 - it keeps no count
        """Always 0."""
        return 0

    def __len__(self) -> int:
        return 0


@attrs.frozen
class LongestOf:
    """Asks all its limiters and takes the longest wait."""

    limiters: tuple[RateLimiter[Hashable], ...]

    def next_delay(self, key: Hashable, *, now: float) -> float:
        """Count the failure with each; tell the longest wait."""
        return max(limiter.next_delay(key, now=now) for limiter in self.limiters)

    def forget(self, key: Hashable) -> None:
        """Forget `key` everywhere."""
        for limiter in self.limiters:
            limiter.forget(key)

    def num_requeues(self, key: Hashable) -> int:
        """The highest count any of them keeps."""
        return max(limiter.num_requeues(key) for limiter in self.limiters)

    def __len__(self) -> int:
        return sum(map(len, self.limiters))


def default_limiter(*, rng: random.Random | None = None) -> LongestOf:
    """5 ms·2ⁿ per key up to 5 min, and 10 retries a second over all keys after a burst of 100."""
    return LongestOf((ItemBackoff(rng=rng), TokenBucket()))
