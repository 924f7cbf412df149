"""Telling a person what is going on, with the time it takes.

One line when something that took long is done, and a sign of life while it lasts; what is quick
stays silent. Everything goes to stderr: stdout carries results only.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from typing import Final, TextIO

import attrs

_QUIET: Final = 2.0
_PULSE: Final = 10.0
_MINUTE: Final = 60


@attrs.frozen
class Progress:
    """Where progress is told."""

    out: TextIO = attrs.field(factory=lambda: sys.stderr)

    def say(self, text: str) -> None:
        """Print one line."""
        print(text, file=self.out, flush=True)

    @contextlib.asynccontextmanager
    async def step(
        self, title: str, *, detail: Callable[[], str] = lambda: ""
    ) -> AsyncIterator[None]:
        """Tell how long the enclosed work takes, once it takes longer than two seconds."""
        loop = asyncio.get_running_loop()
        begun = loop.time()

        def tell(state: str) -> None:
            extra = detail()
            self.say(f"{title}{extra and f' ({extra})'}: {state} {span(loop.time() - begun)}")

        def pulse() -> None:
            tell("running for")
            timers.append(loop.call_later(_PULSE, pulse))

        timers = [loop.call_later(_QUIET, pulse)]
        try:
            yield
        finally:
            timers[-1].cancel()
        if loop.time() - begun > _QUIET:
            tell("done after")


def span(seconds: float) -> str:
    """Return a length of time, for people."""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    return f"{seconds // _MINUTE:.0f} m {seconds % _MINUTE:02.0f} s"
