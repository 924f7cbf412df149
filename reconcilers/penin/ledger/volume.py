"""The ledger's file: lines that are only ever added, each on the disk before it is spoken of.

Opening it follows the chain from its first byte. What a crash has left after the last whole line is
cut off: no such entry was ever reported, so it still is an object and is written again. Anything
else that is not as it was written is a problem, and nothing is added to a ledger that has one.
"""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from reconcilers.penin.ledger.chain import END, GENESIS, Head, faults, hash_of

MODE: Final = 0o640
CHUNK: Final = 1 << 20
"""The most that is read of it at a time."""


class Occupied(Exception):
    """Another process writes this file."""


class Volume:
    """One file, opened by its only writer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sequence = 0
        self.hash = GENESIS
        self.size = 0
        self.torn = 0
        """How many bytes were cut off when it was opened."""
        self.problem = ""
        self._file = -1

    @property
    def head(self) -> Head:
        """Its last entry."""
        return Head(sequence=self.sequence, hash=self.hash)

    def open(self, *, reported: Head | None = None) -> None:
        """Take it for this process, and follow the chain to its end.

        Args:
            reported: What was last said of it; a volume that is other than that has a problem.

        Raises:
            Occupied: If another process has it.
            OSError: If it cannot be read or written.
        """
        is_new = not self.path.exists()
        self._file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, MODE)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise Occupied(f"another process writes {self.path}") from error
        if is_new:
            _sync_folder(self.path.parent)
        self._follow(reported)

    def _follow(self, reported: Head | None) -> None:
        """Read all lines; stop at the first that is not as it was written."""
        self.sequence, self.hash, self.size, self.problem = 0, GENESIS, 0, ""
        with self.path.open("rb") as lines:
            for line in lines:
                if not line.endswith(END):
                    break
                raw = line.removesuffix(END)
                for problem in faults(self.sequence + 1, raw, self.hash):
                    self.problem = str(problem)
                    self.size = os.fstat(self._file).st_size  # all of it can be read
                    return
                self.sequence, self.hash = self.sequence + 1, hash_of(raw)
                self.size += len(line)
                if self.head.sequence == (reported.sequence if reported else 0):
                    self._compare(reported)
        self.torn = os.fstat(self._file).st_size - self.size
        if self.torn:
            self._cut()

    def _compare(self, reported: Head | None) -> None:
        if reported is not None and reported.hash != self.hash:
            self.problem = f"entry {self.sequence}: it has not the hash that was reported of it"

    def _cut(self) -> None:
        """Take off what is after the last whole line that is known."""
        os.ftruncate(self._file, self.size)
        os.fsync(self._file)

    def append(self, entries: Iterable[bytes]) -> None:
        """Add entries that follow its end; on return they are on the disk.

        Raises:
            OSError: If they are not; then none of them is.
        """
        entries = list(entries)
        left = memoryview(b"".join(raw + END for raw in entries))
        size = self.size + len(left)
        try:
            while left:
                left = left[os.write(self._file, left) :]
            os.fsync(self._file)
        except OSError:
            self._cut()
            raise
        self.size = size
        self.sequence += len(entries)
        self.hash = hash_of(entries[-1]) if entries else self.hash

    def slice(self, offset: int) -> bytes:
        """Return what is on the disk from there on, as much of it as is read at a time."""
        with self.path.open("rb") as content:
            content.seek(offset)
            return content.read(min(CHUNK, max(0, self.size - offset)))

    def close(self) -> None:
        """Let go of it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _sync_folder(folder: Path) -> None:
    """Have the file's name on the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
