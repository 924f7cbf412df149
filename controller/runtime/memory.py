"""Keeps the garbage collector out of the way of the event loop.

Cached objects are bytes and structs the collector does not track, so what is left to stop for is
the program itself: a few hundred thousand objects of imported modules, walked again and again. They
are frozen when the manager starts, what came with the first content of the caches is frozen when
these are complete, and young objects are collected in larger batches. Reference counting frees
nearly everything here anyway; cycles are still found.

`unsettle` puts things back, for programs and tests that go on without the manager.
"""

import gc
from typing import Final

THRESHOLDS: Final = (20_000, 20, 50)
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
