"""Functions of others that the caches call, and what happens when one raises.

Indexers, handlers and transforms run in the step in which an object changes. One that raises costs
what it would have done with that object and nothing else: the watch goes on, and the other indexes
and handlers hear of the change. It is told once for each kind and function, or an object that is
odd would fill the log by itself; where no program has said to whom, asyncio's exception handler
hears of it.
"""

import asyncio
import functools
from collections.abc import Callable
from typing import Protocol

from informers.meta.kinds import Kind


class Failed(Protocol):
    """Whom to tell that a function has raised."""

    def __call__(self, callback: str, key: str, error: Exception, *, remedy: str) -> None:
        """Take note of what raised, at which object, and what to do about it."""
        ...


class Callbacks:
    """What is known of the functions that others lend to the caches of a program."""

    def __init__(self) -> None:
        self.tell: Callable[..., object] | None = None
        self._told: set[tuple[Kind, str]] = set()

    def failed_with(self, kind: Kind) -> Failed:
        """Whom the cache of a kind tells."""

        def failed(callback: str, key: str, error: Exception, *, remedy: str) -> None:
            if (kind, callback) in self._told:
                return
            self._told.add((kind, callback))
            tell = self.tell or _tell_loop
            tell(
                kind=kind.kind,
                callback=callback,
                key=key,
                error=repr(error),
                remedy=remedy,
                exc_info=error,
            )

        return failed


def nobody_told(callback: str, key: str, error: Exception, *, remedy: str) -> None:
    """Tell nobody: for a part on its own, without a program around it."""


def called(function: Callable[..., object]) -> str:
    """What to call a function that nobody gave a name; no other in the code is called the same."""
    while isinstance(function, functools.partial):
        function = function.func
    kind = type(function)
    module = getattr(function, "__module__", None) or kind.__module__  # a bound built-in has none
    name = f"{module}.{getattr(function, '__qualname__', kind.__qualname__)}"
    code = getattr(function, "__code__", None)
    return f"{name}:{code.co_firstlineno}" if code and name.endswith("<lambda>") else name


def _tell_loop(*, exc_info: Exception, **fields: str) -> None:
    """Tell whoever hears of what goes wrong on the running loop; as a rule that is a log."""
    message = "{callback} raised at {kind} {key}; {remedy}".format_map(fields)
    asyncio.get_running_loop().call_exception_handler({"message": message, "exception": exc_info})
