"""The sources of one controller, from their start to their stop.

Sources are code of others. Each is started, waited for and stopped by its controller's crew, so one
that hangs costs its limit, and one that takes no notice of being told to end is left behind. One
that fails or hangs when it is stopped keeps no other from being stopped.
"""

import asyncio
from collections.abc import Sequence

from controller.runtime.crew import Crew
from controller.runtime.deadline import Deadline
from controller.runtime.source import Log, Source, Why
from controller.runtime.workqueue.queue import WorkQueue
from informers.clock import Clock


class Supply:
    """Begins and ends what fills one queue."""

    def __init__(
        self, controller: str, sources: Sequence[Source], crew: Crew, *, clock: Clock, log: Log
    ) -> None:
        self._controller = controller
        self._sources = sources
        self._crew = crew
        self._clock = clock
        self._log = log

    async def start(self, queue: WorkQueue[str], why: Why, *, limit: float) -> bool:
        """Start all, and wait until each knows what there is; returns whether that came in time."""
        deadline = Deadline(self._clock, limit)
        for source in self._sources:
            starting = source.start(queue, why, self._crew, log=self._log)
            if not await self._crew.wait_for(
                starting, name=_task_of(source), limit=deadline.left()
            ):
                return False
        for source in self._sources:
            if not await self._crew.wait_for(
                source.wait_synced(), name=_task_of(source), limit=deadline.left()
            ):
                return False
        return True

    async def stop(self, *, limit: float) -> None:
        """End all at once; none has longer than so many seconds."""
        async with asyncio.TaskGroup() as group:
            for source in self._sources:
                group.create_task(self._stop(source, limit), name=f"end {_task_of(source)}")

    async def _stop(self, source: Source, limit: float) -> None:
        failure: Exception | None = None
        try:
            if await self._crew.wait_for(source.stop(), name=_task_of(source), limit=limit):
                return
        except Exception as error:  # noqa: BLE001 - it is of others, who may raise what they like
            failure = error
        self._log.error(
            "source_not_stopped",
            controller=self._controller,
            source=_name_of(source),
            error=f"it took longer than {limit:g} s" if failure is None else repr(failure),
            exc_info=failure,
        )


def _name_of(source: Source) -> str:
    """What people call it: its name, if it has one."""
    return str(getattr(source, "name", type(source).__name__))


def _task_of(source: Source) -> str:
    return f"source {_name_of(source)}"
