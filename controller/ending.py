"""How the program ends: with one exit code, what went wrong told, and in time whatever hangs.

A loop that ends waits for every task, and so for ever for one that takes no notice of its
cancellation; and it waits for its threads, be they in a system call that never returns, as one that
asks for a name may be. Python 3.11 limits neither. Once all work is done such a wait is worth
nothing, so after a moment the process ends without.
"""

import asyncio
import contextlib
import os
import sys
import threading
import traceback
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from controller.runtime.manager import EXIT_CLEAN, EXIT_CONFIG, EXIT_FAILED
from informers.errors import ConfigError, InformersError


class Ending:
    """The end of a program, for around its event loop.

    with Ending(within=0.5) as ending, asyncio.Runner() as runner:
        return runner.run(ending.of(work()))

    Args:
        within: How many seconds the loop may take to end, once the work has.
    """

    def __init__(self, *, within: float) -> None:
        self._within = within
        self._last_resort: threading.Timer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._last_resort is not None:
            self._last_resort.cancel()

    async def of(self, work: Coroutine[Any, Any, int]) -> int:
        """Do the work; returns its exit code, or that of what it raised, which is told."""
        code = EXIT_CLEAN  # that of an interrupt, which comes before there is anything to end
        try:
            code = await work
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError) and _is_told_to_end():
                raise
            code = tell_failure(error)
        finally:
            self._begin(code)
        return code

    def _begin(self, code: int) -> None:
        """From now on there is only so much time; then all that is lost is what hangs."""
        self._last_resort = threading.Timer(self._within, os._exit, (code,))
        self._last_resort.daemon = True
        self._last_resort.start()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # closed, or nobody reads it
                stream.flush()


def tell_failure(error: BaseException) -> int:
    """Say on stderr, since there may be no log yet, what ends the program; returns the exit code.

    What is expected is one line; anything else is a bug and has its traceback.
    """
    with contextlib.suppress(OSError):  # nobody reads it, or the disk is full: the code still tells
        if isinstance(error, ConfigError):
            print(f"pentad: {error}", file=sys.stderr)  # noqa: T201 - the program's last word
        elif isinstance(error, InformersError):
            print(f"pentad: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - as above
        else:
            traceback.print_exception(error)
    return EXIT_CONFIG if isinstance(error, ConfigError) else EXIT_FAILED


def _is_told_to_end() -> bool:
    """Whether somebody cancelled the program, and no cancellation of its own escaped it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
