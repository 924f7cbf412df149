"""What a reconciler is asked, and what it may answer.

A reconciler is level-triggered: it gets a name and nothing of what happened, compares what is with
what should be, and acts on the difference. It returns `done()` or `after(seconds)`, raises to be
tried again with growing delays, or raises `TerminalError` when only a change of the object helps.
"""

from typing import Final, Protocol

import attrs


@attrs.frozen
class Request:
    """The object to reconcile."""

    namespace: str
    name: str

    @classmethod
    def of(cls, key: str) -> "Request":
        """The request for a key, `namespace/name` or `name`."""
        namespace, _, name = key.rpartition("/")
        return cls(namespace, name)

    @property
    def key(self) -> str:
        """The key caches and queues know the object by."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def __str__(self) -> str:
        return self.key


@attrs.frozen
class Result:
    """What a reconcile came to: nothing left to do, or look again after some seconds."""

    after: float | None = None


_DONE: Final = Result()


def done() -> Result:
    """All is as it should be until something changes."""
    return _DONE


def after(seconds: float) -> Result:
    """All is well for now; look again in so many seconds even if nothing changes."""
    return Result(seconds)


class RuntimeFailure(Exception):
    """The root of what the runtime raises on purpose."""


class TerminalError(RuntimeFailure):
    """Trying again is pointless until the object changes; shown in its status and as an Event.

    Where something else than the object may help as well, of which nobody tells, `look_again` says
    after how many seconds it is looked for.
    """

    look_again: float | None = None

    def __init__(self, message: str, *, reason: str = "Terminal") -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason


class Postponed(RuntimeFailure):
    """Not now: look again in so many seconds. Neither a failure nor a success."""

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class Reconciler(Protocol):
    """Whoever makes one object what it should be."""

    async def reconcile(self, request: Request) -> Result:
        """Compare and act; called again for the same object only after this returned."""
        ...
