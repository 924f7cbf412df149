"""How long somebody who failed waits before trying again, and what ends that wait early.

- Each failure in a row makes the next pause longer (`backoff`); success ends the row.
- A server that says for how long it wants to be left alone is left alone for as long.
- That a version is not kept, or not known yet, is a row of its own: a server that has just started
  says so, and however long it was away, all it takes is a list.
- Whoever got no answer, or half of one, waits but a moment more once the server answers anybody
  again (`contact`). That moment has a backoff of its own: a server that comes and goes is not asked
  by all each time, and one that answers others well is not asked again and again for what it never
  answers. It is never longer than what is left of the pause.
- `wake` is for those who know of something else that may help. As it may do so only in a moment (a
  server tells that a kind is established before it serves it), the row ends with it, too.
"""

import asyncio
import contextlib
import random
from typing import Final

from informers.backoff import Backoff
from informers.clock import Clock
from informers.contact import Contact
from informers.errors import (
    Gone,
    InformersError,
    StatusError,
    TooLargeResourceVersion,
    TransportError,
)
from informers.reply import retry_wait

MOST_ASKED: Final = 300.0
"""What asks a cache to fall behind for longer was not meant for one."""


class Patience:
    """The waits of one thing that is tried again and again."""

    def __init__(self, clock: Clock, rng: random.Random, contact: Contact) -> None:
        self._clock = clock
        self._contact = contact
        self._backoff = Backoff(clock, rng)
        self._renewal = Backoff(clock, rng)
        self._haste = Backoff(clock, rng)
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Let it be tried now, or right after the try that is under way."""
        self._wake.set()
        self._backoff.reset()

    def reset(self) -> None:
        """It worked: what failed before says nothing of the next failure."""
        self._backoff.reset()
        self._renewal.reset()
        self._haste.reset()

    async def wait(self, error: InformersError) -> None:
        """Wait as long as one more failure calls for."""
        failed = self._clock.monotonic()
        asked = _asked(error)
        is_renewal = isinstance(error, Gone | TooLargeResourceVersion)
        row = self._renewal if is_renewal else self._backoff
        pause = max(row.next_delay(), asked)
        is_unanswered = isinstance(error, TransportError)
        news = self._contact.wakes(self._wake) if is_unanswered else contextlib.nullcontext()
        with news, contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._wake.wait()
        if self._wake.is_set():
            least = min(self._haste.next_delay(), pause) if is_unanswered else asked
            await self._clock.sleep(failed + least - self._clock.monotonic())
        # Not before waiting: a wake-up may have come while the try that failed was under way.
        self._wake.clear()


def _asked(error: InformersError) -> float:
    """For how many seconds the server wants to be left alone."""
    wait = retry_wait(error) if isinstance(error, StatusError) else None
    return min(wait or 0.0, MOST_ASKED)
