"""From a thread to the event loop and back, within a deadline.

Pages whose data belongs to the loop are made there, in one step, and a loop that is blocked costs
the asking thread its deadline and nothing more: what was not begun by then is never begun.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Final, TypeVar

T = TypeVar("T")
SECONDS: Final = 3.0


class LoopBusy(Exception):
    """The loop did not get round to it in time."""


class Bridge:
    """The way onto one loop; start and stop it there."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Belong to the running loop."""
        await self._group.__aenter__()
        self._loop = asyncio.get_running_loop()

    async def stop(self) -> None:
        """End what is under way."""
        self._loop = None
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(None, None, None)

    def call(self, function: Callable[[], T], *, seconds: float = SECONDS) -> T:
        """The function's result, computed on the loop.

        Raises:
            LoopBusy: If it was not done in time.
        """
        result: Future[T] = Future()

        def run() -> None:
            if not result.set_running_or_notify_cancel():
                return
            try:
                result.set_result(function())
            except Exception as error:  # noqa: BLE001 - raised again in the thread that asked
                result.set_exception(error)

        return self._wait(result, run, seconds)

    def wait(self, make: Callable[[], Awaitable[T]], *, seconds: float = SECONDS) -> T:
        """The same for what has to wait, as a task of the loop.

        Raises:
            LoopBusy: If it was not done in time.
        """
        result: Future[T] = Future()

        async def run() -> None:
            try:
                async with asyncio.timeout(seconds):
                    result.set_result(await make())
            except BaseException as error:
                result.set_exception(error)
                if not isinstance(error, Exception):
                    raise

        def begin() -> None:
            if not result.set_running_or_notify_cancel():
                return
            task = self._group.create_task(run(), name="asked over http")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return self._wait(result, begin, seconds)

    def _wait(self, result: Future[T], begin: Callable[[], None], seconds: float) -> T:
        loop = self._loop
        if loop is None:
            raise LoopBusy("the program is starting or ending")
        try:
            loop.call_soon_threadsafe(begin)
        except RuntimeError as error:
            raise LoopBusy(f"the program is ending: {error}") from error
        try:
            return result.result(seconds)
        except TimeoutError:
            result.cancel()
            raise LoopBusy(f"the event loop did not answer within {seconds:g} s") from None
