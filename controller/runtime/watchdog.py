"""Ends reconciles that take too long, at no cost to those that do not.

A timeout around every reconcile would arm and disarm a timer each time; at tens of thousands a
second that is a third of the work. Here a slot only notes when it began, and one timer, armed while
anything runs, looks for slots that are over their limit and cancels their tasks.
"""

import asyncio

from informers.clock import Clock


class Slot:
    """One worker's place: what it is doing since when, and whether that was cut short."""

    __slots__ = ("expired", "key", "since", "task")

    def __init__(self) -> None:
        self.key = ""
        self.task: asyncio.Task[object] | None = None
        self.since: float | None = None
        self.expired = False


class Watchdog:
    """Watches the slots of one controller."""

    def __init__(self, clock: Clock, *, limit: float) -> None:
        self._clock = clock
        self._limit = limit
        self._slots: list[Slot] = []
        self._timer: asyncio.TimerHandle | None = None

    def enter(self) -> Slot:
        """A slot for the task that runs now."""
        slot = Slot()
        slot.task = asyncio.current_task()
        self._slots.append(slot)
        return slot

    def leave(self, slot: Slot) -> None:
        """The task ends."""
        self._slots.remove(slot)
        if not self._slots and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def begin(self, slot: Slot, key: str) -> None:
        """Work on a key begins; from now on it has its limit."""
        slot.key = key
        slot.since = self._clock.monotonic()
        if self._timer is None:
            self._arm(self._limit)

    def end(self, slot: Slot) -> bool:
        """Work has ended, one way or another; True if that was because of the limit."""
        slot.since = None
        if not slot.expired:
            return False
        slot.expired = False
        assert slot.task is not None
        slot.task.uncancel()
        return True

    def at_work(self) -> list[str]:
        """The keys that are being worked on."""
        return [slot.key for slot in self._slots if slot.since is not None]

    def _arm(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._check)

    def _check(self) -> None:
        now = self._clock.monotonic()
        self._timer = None
        oldest = now
        for slot in self._slots:
            if slot.since is None or slot.expired:
                continue
            if (
                now >= slot.since + self._limit
            ):  # as the timer is set, or rounding would make it spin
                slot.expired = True
                assert slot.task is not None
                slot.task.cancel()
            else:
                oldest = min(oldest, slot.since)
        if any(slot.since is not None and not slot.expired for slot in self._slots):
            self._arm(max(oldest + self._limit - now, 0.0))
