"""A queue that only keeps what sources put into it, for tests of sources and handlers."""

from controller.runtime.workqueue.priority import DEFAULT


class PutQueue:
    """Keeps keys with their priorities, in order."""

    name = "put"

    def __init__(self) -> None:
        self.put: list[tuple[str, int]] = []

    def add(self, key: str, *, priority: int = DEFAULT) -> None:
        """Keep it."""
        self.put.append((key, priority))
