"""One detached process: started, recognised again later, ended.

A cluster outlives the command that started it, so processes are remembered by number. Numbers are
reused; what identifies a process is its number with its start time and the boot it belongs to.
Signals go through a pidfd opened before that identity is checked, so a reused number is never hit.
"""

import contextlib
import functools
import os
import signal
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import msgspec

_RESET: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGQUIT, signal.SIGXFSZ)
_STATE: Final = 0
_THREADS: Final = 17  # field 20 of /proc/PID/stat, counted after the command name
_START_TIME: Final = 19  # field 22


@functools.cache
def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _stat(pid: int) -> list[str] | None:
    """Return the fields after the command name, which itself may contain anything."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


class Incarnation(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a program, told apart from a later one with the same number."""

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """Return the process that has this number now."""
        fields = _stat(pid)
        if fields is None:
            return None
        return cls(pid=pid, started=int(fields[_START_TIME]), boot=_boot())

    def is_alive(self) -> bool:
        """Whether any thread of it runs; one that only waits to be collected does not.

        The first thread may have ended before the others: they still hold files and sockets.
        """
        fields = _stat(self.pid)
        if fields is None or int(fields[_START_TIME]) != self.started or self.boot != _boot():
            return False
        if fields[_STATE] in "ZX" and int(fields[_THREADS]) <= 1:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, os.WNOHANG)
            return False
        return True

    def send(self, number: signal.Signals) -> bool:
        """Signal it; False if it is gone already."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            if not self.is_alive():
                return False
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(descriptor)
        return True


def start(arguments: Sequence[str], *, environment: Mapping[str, str], log: Path) -> Incarnation:
    """Start a program in a session of its own; its output is appended to a file.

    A session of its own keeps the terminal's Ctrl-C and hang-up away from it.
    """
    output = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        arguments[0],
        list(arguments),
        environment,
        setsid=True,
        setsigmask=(),
        setsigdef=_RESET,
        file_actions=(
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.fspath(log), output, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ),
    )
    found = Incarnation.of(pid)
    if found is None:  # impossible for a child of ours: it stays until it is collected
        raise ProcessLookupError(f"process {pid} vanished at start")
    return found


def mentioning(text: str, *, programs: Collection[str]) -> Iterator[Incarnation]:
    """Find the running processes of these programs that name a text on their command line.

    This finds what was started by a command that was killed before it could write that down.
    """
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            arguments = (folder / "cmdline").read_text(errors="replace").split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if Path(arguments[0]).name in programs and any(text in each for each in arguments[1:]):
            found = Incarnation.of(int(folder.name))
            if found is not None:
                yield found
