"""An event loop in a thread of its own, for the servers that tests talk to.

The fault proxy and the scripted server must keep going whatever the test does: a test may block
its own loop for seconds on purpose, use a blocking client, or compare the tasks of its loop before
and after. So they live here and not in the loop of the test.

Promises: `call` runs a plain function on the loop and returns what it returned, so a control
method has taken effect when it comes back; `stop` cancels every task and joins the thread; a task
that fails with something nobody foresaw ends the loop, and the failure is raised by the next
`call` or by `stop` instead of being lost in a log.
"""

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_PATIENCE = 10.0
_HANDSHAKE = 0.1


class LoopThread:
    """One thread that runs one event loop and owns every task spawned on it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._main_task: asyncio.Task[Any] | None = None
        self._over: asyncio.Event | None = None
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Start the thread and wait until its loop runs."""
        assert self._thread is None, "a LoopThread starts once; make a new one"
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()
        self._ready.result(_PATIENCE)

    def call(self, function: Callable[..., T], *args: object) -> T:
        """Run `function(*args)` on the loop and return its result."""
        self._raise_failure()
        assert self._loop is not None, f"{self._name} is not started"
        answer: concurrent.futures.Future[T] = concurrent.futures.Future()

        def run() -> None:
            try:
                answer.set_result(function(*args))
            except BaseException as error:  # noqa: BLE001 - re-raised in the calling thread
                answer.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return answer.result(_PATIENCE)

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and return its result."""
        self._raise_failure()
        assert self._loop is not None, f"{self._name} is not started"
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_PATIENCE)

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task; only from the loop itself."""
        assert self._group is not None
        task = self._group.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close_server(self, server: asyncio.Server) -> None:
        """Stop listening.

        `Server.close` alone leaves open, and to nobody, a connection that was accepted in the same
        round of the loop. So the tasks that nobody spawned here, which are those that accept, end
        first: by themselves, or cancelled where a handshake takes too long.
        """
        for sock in server.sockets:
            asyncio.get_running_loop().remove_reader(sock)
        known = {*self._tasks, self._main_task, asyncio.current_task()}
        strangers = asyncio.all_tasks() - known
        if strangers:
            _, stuck = await asyncio.wait(strangers, timeout=_HANDSHAKE)
            for task in stuck:
                task.cancel()
            await asyncio.wait(strangers, timeout=_PATIENCE)
        server.close()

    def stop(self) -> None:
        """Cancel all tasks, join the thread, raise what went wrong in it."""
        if self._thread is None:
            return
        assert self._loop is not None
        if self._thread.is_alive():
            self.call(self._end)
            self._thread.join(_PATIENCE)
        assert not self._thread.is_alive(), f"{self._name} does not end"
        self._raise_failure()

    def _end(self) -> None:
        assert self._over is not None
        self._over.set()
        for task in self._tasks:
            task.cancel()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - kept for the thread that owns this one
            self._failure = error
            if not self._ready.done():
                self._ready.set_exception(error)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._main_task = asyncio.current_task()
        self._over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            self._group = group
            self._ready.set_result(None)
            await self._over.wait()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise RuntimeError(f"{self._name} broke; the cause is above") from self._failure
