"""Tasks that wait for something to happen to a queue.

`asyncio.Condition` with the parts a queue needs: one wake-up per key in the order in which tasks
came, none of them lost when a woken task is cancelled before it runs, and nothing left behind by
tasks that gave up. A woken task must look again: somebody quicker may have been there.
"""

import asyncio
from collections import deque
from collections.abc import Generator


class Waiters:
    """The tasks in line.

    Attributes:
        line: their futures; whether it is empty is all that others may look at.
    """

    __slots__ = ("line",)

    def __init__(self) -> None:
        self.line: deque[asyncio.Future[None]] = deque()

    def wake(self) -> None:
        """Wake the task that came first."""
        while self.line:
            future = self.line.popleft()
            if not future.done():
                future.set_result(None)
                return

    def wake_all(self) -> None:
        """Wake every task."""
        while self.line:
            self.wake()

    async def wait(self) -> None:
        """Stand in line until woken."""
        future = asyncio.get_running_loop().create_future()
        self.line.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if not future.cancelled():
                self.wake()  # it was woken for something it will not take
            elif future in self.line:  # unless a wake-up met it, cancelled, on its way out
                self.line.remove(future)
            raise


class rest:  # noqa: N801 - awaited like a function, without a coroutine's cost
    """`await rest()` lets every other task have its turn of the loop."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        yield
