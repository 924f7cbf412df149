"""Nothing left behind: tasks, open files and sockets, threads.

    async with no_leaks():            # or `with no_leaks():` where there is no loop
        await informer.run()

The comparison is by identity and not by count, so a leak cannot hide behind something that closed
meanwhile. Closing takes the event loop a moment; the check waits up to `within` seconds for it and
then fails with a line for each thing left, a socket with its two ends.

Left out on purpose: the threads of the loop's default executor, which idle until the loop ends; the
null device, which uvloop holds in reserve from its first connection on; and with
`no_leaks(besides=proxy)` what a proxy that was started outside opens to listen again.
"""

import asyncio
import contextlib
import os
import re
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from tests.kit.eventually import eventually, eventually_blocking

_SOCKET = re.compile(r"socket:\[\d+\]")


class Listener(Protocol):
    """A server of the kit."""

    def listening(self) -> list[int]:
        """The descriptors it listens on."""
        ...


class no_leaks:  # noqa: N801 - reads as a verb where it is used
    """Fails when the block leaves something behind."""

    def __init__(self, *, within: float = 2.0, besides: Listener | None = None) -> None:
        self._within = within
        self._besides = besides
        self._before: set[object] = set()

    def __enter__(self) -> Self:
        self._before = set(_everything())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            eventually_blocking(self._left, within=self._within, equals=[])

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            await eventually(self._left, within=self._within, equals=[])

    def _left(self) -> list[str]:
        now = _everything()
        for number in self._besides.listening() if self._besides is not None else ():
            for thing in [t for t in now if isinstance(t, tuple) and t[0] == str(number)]:
                del now[thing]
        return sorted(text for thing, text in now.items() if thing not in self._before)


def _everything() -> dict[object, str]:
    return _tasks() | _files() | _threads()


def _tasks() -> dict[object, str]:
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:
        return {}
    mine = asyncio.current_task()
    return {task: f"task {task!r}" for task in tasks if task is not mine}


def _threads() -> dict[object, str]:
    return {
        thread: f"thread {thread.name}"
        for thread in threading.enumerate()
        if not thread.name.startswith("asyncio_")
    }


def _files() -> dict[object, str]:
    found: dict[object, str] = {}
    for link in list(Path("/proc/self/fd").iterdir()):
        # The descriptor of the listing itself is gone by now; others may close meanwhile.
        with contextlib.suppress(OSError):
            target = str(link.readlink())
            if target == os.devnull:
                continue
            found[link.name, target] = f"fd {link.name} {_describe(int(link.name), target)}"
    return found


def _describe(number: int, target: str) -> str:
    if not _SOCKET.fullmatch(target):
        return target
    with socket.socket(fileno=os.dup(number)) as twin:
        ends = [str(twin.getsockname())]
        with contextlib.suppress(OSError):
            ends.append(str(twin.getpeername()))
        return f"{target} {' -> '.join(ends)}"
