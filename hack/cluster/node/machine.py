"""The machine a node runs on: namespaces that are held by one process.

That process is the machine's power: when it ends, the kernel ends everything in there, and the
mounts, bridges and firewall rules go with their namespaces. What stays on this machine is an empty
control group, which `clear` removes.
"""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from hack.cluster import process
from hack.cluster.errors import ClusterError, ComponentError
from hack.cluster.logs import tail
from hack.cluster.network import Network
from hack.cluster.process import Incarnation
from informers.clock import LoopClock

NAME: Final = "node"
HOLDERS: Final = ("unshare", "nsenter")
"""The programs by which a machine is known from outside; what runs on it ends with the first."""
_BOOT: Final = Path(__file__).parent / "boot.sh"
_ENTER: Final = Path(__file__).parent / "enter.sh"
_GROUPS: Final = Path("/sys/fs/cgroup")
_ENTRY: Final = 5.0
_ENDING: Final = 10.0
_POLL: Final = 0.01
_LOG_LINES: Final = 15


@attrs.frozen
class Machine:
    """Where one machine keeps its files, and how it is entered."""

    folder: Path
    network: Network

    @property
    def boot(self) -> tuple[str, ...]:
        """The command that becomes the machine."""
        return ("/bin/sh", str(_BOOT), str(self.folder), self.network.name)

    @property
    def _booted(self) -> Path:
        return self.folder / "booted"

    @property
    def has_booted(self) -> bool:
        """Whether it can be entered."""
        return self._booted.exists()

    def prepare(self) -> None:
        """Make room for what it writes."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._booted.unlink(missing_ok=True)

    def enter(self, first: int, *program: str) -> tuple[str, ...]:
        """Return the command that runs a program beside the machine's first process."""
        return ("/bin/sh", str(_ENTER), str(first), self.network.name, *program)

    async def start(
        self, first: int, program: Sequence[str], *, environment: Mapping[str, str], log: Path
    ) -> Incarnation:
        """Start a program beside the machine's first process; return the program itself.

        What is started here is a wrapper that waits for it: only a child can be inside.
        """
        wrapper = process.start(self.enter(first, *program), environment=environment, log=log)
        name = Path(program[0]).name
        try:
            async with asyncio.timeout(_ENTRY):
                while (pid := child_of(wrapper.pid)) is None:
                    if not wrapper.is_alive():
                        raise ComponentError(
                            f"{name} cannot be started", detail=tail(log, lines=_LOG_LINES)
                        )
                    await LoopClock().sleep(_POLL)
        except TimeoutError as error:
            wrapper.send(signal.SIGKILL)
            raise ComponentError(f"{name} is not on the node after {_ENTRY:.0f} s") from error
        found = Incarnation.of(pid)
        if found is None:
            raise ComponentError(f"{name} ended while starting", detail=tail(log, lines=_LOG_LINES))
        return found


def first_process(power: Incarnation | None) -> int | None:
    """Return the machine's first process, None while the machine is off."""
    return None if power is None else child_of(power.pid)


def child_of(pid: int) -> int | None:
    """Return the only child of a process, or None as long as it has none."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return next((int(each) for each in text.split()), None)


async def clear(network: Network) -> None:
    """Remove the control groups of a machine that is off, as soon as its last process has ended."""
    roots = (_GROUPS, *(folder for folder in _GROUPS.iterdir() if folder.is_dir()))
    tops = [root / network.name for root in roots]
    try:
        async with asyncio.timeout(_ENDING):
            while not all(_is_removed(top) for top in tops):
                await LoopClock().sleep(_POLL)
    except TimeoutError as error:
        raise ClusterError(f"processes in control group {network.name} do not end") from error


def _is_removed(top: Path) -> bool:
    """Try to remove a control group; false as long as processes are in it."""
    for folder, _, _ in os.walk(top, topdown=False):
        try:
            Path(folder).rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return False
    return True
