"""What a cluster occupies on the machine, so that a test can tell that nothing is left of it.

Processes are found by their command lines, environments and working folders, so a child that forgot
its arguments is found, too; sockets through the descriptors of those processes and
the kernel's socket table, files by walking folders.
"""

import contextlib
from collections.abc import Iterable
from pathlib import Path

import attrs

_TABLES = ("tcp", "tcp6", "udp", "udp6", "unix")
_INODE_COLUMN = {"unix": 6}
_KERNEL = {"sys", "proc", "dev"}


@attrs.frozen
class Footprint:
    """Processes that name a folder, the sockets they hold, and all files below some folders."""

    processes: frozenset[int]
    sockets: frozenset[int]
    files: frozenset[Path]

    @classmethod
    def take(cls, root: Path, *, folders: Iterable[Path]) -> "Footprint":
        """Look now."""
        processes = frozenset(_mentioning(f"{root}/"))
        return cls(
            processes,
            frozenset(_sockets(processes)),
            frozenset(file for folder in folders for file in folder.rglob("*")),
        )


def _mentioning(text: str) -> Iterable[int]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                if any(text in said for said in _said_of(folder)):
                    yield int(folder.name)


def _said_of(process: Path) -> Iterable[str]:
    yield (process / "cmdline").read_text(errors="replace")
    yield (process / "environ").read_text(errors="replace").replace("\0", "/\0")
    yield f"{(process / 'cwd').readlink()}/"


def open_files(processes: Iterable[int]) -> set[Path]:
    """Return what processes hold open on disks, the kernel's own file systems apart."""
    targets = {Path(target) for pid in processes for target in _open(pid) if target[0] == "/"}
    return {target for target in targets if target.exists() and target.parts[1] not in _KERNEL}


def _sockets(processes: Iterable[int]) -> Iterable[int]:
    for pid in processes:
        for target in _open(pid):
            if target.startswith("socket:["):
                yield int(target[len("socket:[") : -1])


def _open(pid: int) -> Iterable[str]:
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            yield str(link.readlink())


def known_sockets() -> set[int]:
    """Return the numbers of all sockets in the kernel's tables."""
    return {
        int(line.split()[_INODE_COLUMN.get(table, 9)])
        for table in _TABLES
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    }
