"""Whether the server answers us at all, be it with a refusal, or with what breaks off later.

Each who tries again after a failure waits for itself, after a long outage for up to a minute. What
one of them learns helps them all: the first answer that anybody gets, be it a refusal, ends the
waits of those who wait because there was none.
"""

import asyncio
import contextlib
from collections.abc import Iterator


class Contact:
    """What the last request to reach for the server learned: is it there?

    Attributes:
        is_lost: Whether the client is cut off: no way there, or not even the head of an answer.
    """

    def __init__(self) -> None:
        self.is_lost = False
        self._waiting: set[asyncio.Event] = set()

    def lost(self) -> None:
        """There was no way to the server, or it did not begin to answer in time."""
        self.is_lost = True

    def made(self) -> None:
        """The server began to answer, whatever it says."""
        if self.is_lost:
            self.is_lost = False
            for event in self._waiting:
                event.set()

    @contextlib.contextmanager
    def wakes(self, event: asyncio.Event) -> Iterator[None]:
        """Set the event, while the block runs, when the server answers again."""
        self._waiting.add(event)
        try:
            yield
        finally:
            self._waiting.discard(event)
