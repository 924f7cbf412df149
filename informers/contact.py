"""Whether the server answers us at all.

Each who tries again after a failure waits for itself, after a long outage for up to a minute. What
one of them learns helps them all: the first answer that anybody gets, be it a refusal, ends the
waits of those who wait because there was none.
"""

import asyncio
import contextlib
from collections.abc import Iterator


class Contact:
    """What the last request of a client learned: is the server there?

    Attributes:
        is_lost: Whether the client is cut off: the last request to end got no answer.
    """

    def __init__(self) -> None:
        self.is_lost = False
        self._waiting: set[asyncio.Event] = set()

    def lost(self) -> None:
        """A request got no answer."""
        self.is_lost = True

    def made(self) -> None:
        """The server answered, whatever it said."""
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
