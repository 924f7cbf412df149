"""A lock between processes that is gone when its holder is, however that ended."""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path

from hack.cluster.errors import ClusterError
from hack.cluster.progress import Progress
from informers.clock import LoopClock


def take(path: Path) -> int | None:
    """Lock the file; None if another process has it, or removed it in the meantime."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:  # the folder went away again
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


@contextlib.asynccontextmanager
async def exclusive(
    path: Path, *, holder: str, seconds: float, progress: Progress
) -> AsyncIterator[None]:
    """Hold the lock; wait for another holder, saying so, but not for ever.

    The file may be removed by the one who holds the lock.
    """
    clock = LoopClock()
    descriptor = take(path)
    if descriptor is None:
        try:
            async with progress.step(f"waiting for {holder}"), asyncio.timeout(seconds):
                while descriptor is None:
                    await clock.sleep(0.05)
                    descriptor = take(path)
        except TimeoutError as error:
            raise ClusterError(
                f"{holder} still holds {path} after {seconds:.0f} s; end it and try again"
            ) from error
    try:
        yield
    finally:
        os.close(descriptor)
