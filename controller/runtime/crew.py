"""Tasks that run code of others, and may take no notice of being told to end.

A task group waits for its tasks, and so for ever for one that swallows its cancellation. Those of a
crew belong to no group. A task of the group answers for them instead: it ends the group when one
of them fails, and tells them to end when the group ends. `dismiss` waits for them, but not longer
than it may; who has not ended by then is left behind, and whoever stops the program has to know.

What somebody waits for is done by the crew, too (`wait_for`): then the wait has an end.

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
        self._told: set[asyncio.Task[None]] = set()
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
        task = self._begin(work, name)
        task.add_done_callback(self._ended)
        return task

    async def wait_for(
        self, work: Coroutine[Any, Any, None], /, *, name: str, limit: float
    ) -> bool:
        """Have something done; returns whether it was, within so many seconds.

        What it raises is raised here. It is told to end when its time is over, or when whoever
        waits is; in neither case is it waited for.
        """
        task = self._begin(work, name)
        try:
            await asyncio.wait([task], timeout=limit)
        finally:
            if not task.done():
                self._tell(task)
        if not task.done():
            return False
        task.result()
        return True

    async def dismiss(self, limit: float) -> list[str]:
        """End them all; returns the names of those that had not ended within so many seconds."""
        self._tell_to_end()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=limit)
        self._is_over.set()
        return sorted(task.get_name() for task in self._tasks)

    def _begin(self, work: Coroutine[Any, Any, None], name: str | None) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(self._told.discard)
        return task

    def _tell_to_end(self) -> None:
        if not self.is_dismissed:
            self.is_dismissed = True
            for task in self._tasks:
                self._tell(task)

    def _tell(self, task: asyncio.Task[None]) -> None:
        if task not in self._told:
            self._told.add(task)
            task.cancel()

    async def _oversee(self) -> None:
        try:
            await self._is_over.wait()
        finally:
            self._tell_to_end()
        if self._failure is not None:
            raise self._failure

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._overseer is None or self._overseer.done():
            return  # a failure that nobody is left to raise is told by asyncio
        self._failure = self._failure or task.exception()
        if self._failure is not None:
            self._is_over.set()
