"""Keeps the garbage collector out of the way of the event loop, and gives back what lies idle.

Cached objects are bytes and structs the collector does not track, so what is left to stop for is
the program itself: a few hundred thousand objects of imported modules, walked again and again. They
are frozen when the manager starts, what came with the first content of the caches is frozen when
these are complete, and young objects are collected in larger batches. Reference counting frees
nearly everything here anyway; cycles are still found.

`unsettle` puts things back, for programs and tests that go on without the manager.

The C library keeps what was freed between two things that live on. Connections that come and go
leave such holes: through a half hour of cut connections the program grew by 20 MB while holding the
same 8. `give_back_regularly` returns the whole pages among them to the system, which takes 10 us
when there are none and 2 ms after 100,000 cached objects came and a third of them went.
"""

import ctypes
import gc
from typing import Final

from informers.clock import Clock

THRESHOLDS: Final = (20_000, 20, 50)
GIVE_BACK_SECONDS: Final = 30.0
_before: list[tuple[int, int, int]] = []


def settle() -> None:
    """Set what lives now apart from what will be collected; may be called again."""
    if not _before:
        _before.append(gc.get_threshold())
        gc.set_threshold(*THRESHOLDS)
    gc.freeze()


def unsettle() -> None:
    """Undo it, if there is anything to undo."""
    if _before:
        gc.set_threshold(*_before.pop())
        gc.unfreeze()


async def give_back_regularly(clock: Clock) -> None:
    """Return unused memory to the system again and again."""
    while True:
        await clock.sleep(GIVE_BACK_SECONDS)
        give_back()


def give_back() -> None:
    """Return unused memory to the system, where the C library is one that hoards it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # glibc; musl and macOS do it by themselves
        trim(0)
