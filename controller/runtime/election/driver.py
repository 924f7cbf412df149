"""The thin thread between the state machine and the network.

It does one thing at a time: ask the machine, do the request it wants or wait until it wants
something, tell the machine. Commands from other threads arrive through a list and a wake-up
socket, so they interrupt both the wait and a hanging exchange.

Promises: the fence is set right after each step and before anybody is told; the thread never
logs, never calls the loop's code and never waits without a deadline; it ends soon after the
machine has ended, and whatever ends it, even a bug, closes the fence first.
Leaves to others: what the loop makes of it (`elector`).
"""

import contextlib
import select
import socket
import threading
from collections import deque
from collections.abc import Callable

from controller.runtime.election.fence import Fence
from controller.runtime.election.lease import LeaseClient
from controller.runtime.election.machine import (
    Command,
    Machine,
    Reply,
    Request,
    State,
)

_SLICE = 2.0  # select's own clock stops while the machine sleeps; ours does not


class Driver:
    """Runs a machine in a thread of its own, until the candidacy has ended."""

    def __init__(
        self, machine: Machine, *, fence: Fence, clock: Callable[[], float], name: str
    ) -> None:
        self._machine = machine
        self._fence = fence
        self._clock = clock
        self._name = name
        self._commands: deque[Command] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.has_crashed = False

    def start(self, client: LeaseClient, told: Callable[[Reply | None], None]) -> None:
        """Begin; `told` is called in the thread after every step and once more at the end."""
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.settimeout(0)
        self._wake_out.settimeout(0)
        # A daemon: a resolver that hangs must not keep a finished program alive.
        self._thread = threading.Thread(
            target=self._run, args=(client, told), name=self._name, daemon=True
        )
        self._thread.start()

    def command(self, command: Command) -> None:
        """Hand over a command, from any thread; ignored after the end."""
        with self._lock:
            self._commands.append(command)
            if self._thread is not None:
                with contextlib.suppress(OSError):
                    self._wake_in.send(b"!")

    def join(self, timeout: float) -> bool:
        """Wait for the thread; whether it has ended."""
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # -- Patience: how long the exchange under way may still take --------------------------

    def remaining(self) -> float:
        """Seconds the request under way is still worth waiting for."""
        return self._machine.patience - self._clock()

    def wake_fd(self) -> int:
        """Readable when a command has come."""
        return self._wake_out.fileno()

    def woken(self) -> None:
        """Tell the machine the commands that came; the request under way may lose its point."""
        self._empty_wake_up()
        self._step(*self._take_commands())

    # -- the thread ------------------------------------------------------------------------

    def _run(self, client: LeaseClient, told: Callable[[Reply | None], None]) -> None:
        try:
            reply: Reply | None = None
            while True:
                request = self._step(reply, *self._take_commands())
                told(reply)
                if self._machine.state is State.ENDED:
                    return
                if request is None:
                    self._wait()
                    reply = None
                else:
                    reply = client.send(request)
        finally:
            self._fence.close()
            self.has_crashed = self._machine.state is not State.ENDED
            client.close()
            self._close()
            told(None)

    def _step(self, *events: Reply | Command | None) -> Request | None:
        request = None
        for event in events:
            request = self._machine.step(self._clock(), event) or request
            self._fence.set_until(self._machine.fence_until)
        return request

    def _take_commands(self) -> list[Command]:
        return [self._commands.popleft() for _ in range(len(self._commands))]

    def _wait(self) -> None:
        seconds = min(max(self._machine.wake_at - self._clock(), 0.0), _SLICE)
        poller = select.poll()
        poller.register(self._wake_out, select.POLLIN)
        if poller.poll(seconds * 1000):
            self._empty_wake_up()

    def _empty_wake_up(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_out.recv(4096)

    def _close(self) -> None:
        with self._lock:
            self._wake_in.close()
            self._wake_out.close()
