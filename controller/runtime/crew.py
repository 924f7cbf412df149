"""Tasks that run code of others, and may take no notice of being told to end.

A task group waits for its tasks, and so for ever for one that swallows its cancellation. Those of a
crew belong to no group. A task of the group answers for them instead: it ends the group when one
of them fails, and tells them to end when the group ends. `dismiss` waits for them, but not longer
than it may; who has not ended by then is left behind, and whoever stops the program has to know.

Each is told to end once: a second cancellation would cut short what it does about the first.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol


class Tasks(Protocol):
    """Whoever begins tasks and answers for them: a task group, or a crew."""

    def create_task(
        self, work: Coroutine[Any, Any, None], /, *, name: str | None = None
    ) -> asyncio.Task[None]:
        """Begin one."""
        ...


class Crew:
    """The tasks of one controller."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[None]] = set()
        self._overseer: asyncio.Task[None] | None = None
        self._is_over = asyncio.Event()
        self._failure: BaseException | None = None
        self.is_dismissed = False
        """Whether they were told to end."""

    @property
    def left_behind(self) -> int:
        """How many have not ended although they were told to."""
        return len(self._tasks) if self.is_dismissed else 0

    def join(self, group: asyncio.TaskGroup) -> None:
        """Have a task of this group answer for the crew, if none does yet."""
        if self._overseer is None:
            self._overseer = group.create_task(self._oversee(), name=f"crew {self._name}")

    def create_task(
        self, work: Coroutine[Any, Any, None], /, *, name: str | None = None
    ) -> asyncio.Task[None]:
        """Begin a task."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def dismiss(self, limit: float) -> list[str]:
        """End them all; returns the names of those that had not ended within so many seconds."""
        self._tell_to_end()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=limit)
        self._is_over.set()
        return sorted(task.get_name() for task in self._tasks)

    def _tell_to_end(self) -> None:
        if not self.is_dismissed:
            self.is_dismissed = True
            for task in self._tasks:
                task.cancel()

    async def _oversee(self) -> None:
        try:
            await self._is_over.wait()
        finally:
            self._tell_to_end()
        if self._failure is not None:
            raise self._failure

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or self._overseer is None or self._overseer.done():
            return  # a failure that nobody is left to raise is told by asyncio
        self._failure = self._failure or task.exception()
        if self._failure is not None:
            self._is_over.set()
