"""A world for elections: one Lease, several processes, clocks that drift, a network that fails.

A discrete event simulation that drives the shipped `Machine` and nothing else of the election:
no loop, no thread, no socket, so ten thousand schedules take seconds and each is a function of
its seed. `run_schedule(seed)` plays one; `World` with a scripted network plays a known story.

What the world checks, at every instant at which it can change: the stretches of real time in
which two live processes have an open fence never overlap. A stalled process counts as well: its
fence is a value that is compared with a clock, whether or not anybody is running to do so.
"""

import collections
import heapq
import itertools
import math
from collections.abc import Callable

import attrs

from controller.runtime.election.config import ElectionConfig
from controller.runtime.election.machine import (
    Abandon,
    Command,
    Conflict,
    Failed,
    Machine,
    Missing,
    Outcome,
    Record,
    Reply,
    Request,
    Resign,
    Seen,
    State,
    Verb,
)

NEVER = -math.inf
OFFLINE = math.inf  # as a delay: the message is lost
ROUNDING = 1e-6


class TwoWritersError(AssertionError):
    """Two processes could write at the same instant."""


class LedAfterLeavingError(AssertionError):
    """A process that was told to go may write."""


class NobodyLeadsError(AssertionError):
    """The faults are over for long, and nobody leads."""


class LeaseModel:
    """One Lease on a linearizable server: compare, then set."""

    def __init__(self) -> None:
        self.record: Record | None = None
        self.writes = 0

    def apply(self, request: Request) -> Reply:
        """Do one request at one instant."""
        if request.verb is Verb.CREATE:
            return Conflict() if self.record is not None else self._write(request)
        if request.verb is Verb.READ:
            return Missing() if self.record is None else Seen(self.record)
        if self.record is None or request.basis.version != self.record.version:
            return Conflict()
        return self._write(request)

    def touch(self) -> None:
        """Somebody edits an annotation: a new version, the same holder."""
        if self.record is not None:
            self.writes += 1
            self.record = attrs.evolve(self.record, version=str(self.writes))

    def _write(self, request: Request) -> Seen:
        self.writes += 1
        claim = request.claim
        self.record = Record(
            holder=claim.holder,
            duration=claim.duration,
            transitions=claim.transitions,
            version=str(self.writes),
            stamp=str(self.writes),
        )
        return Seen(self.record)


@attrs.frozen
class Fate:
    """What becomes of one request: seconds there and back, or an answer made up on the way."""

    there: float
    back: float
    instead: Reply | None = None  # not applied, this is the answer
    after: Reply | None = None  # applied, but this is the answer


@attrs.define(eq=False)
class Process:
    """One process with a candidacy; its clock reads `offset + rate * real time`."""

    number: int
    config: ElectionConfig
    machine: Machine
    rate: float
    offset: float
    stalled_until: float = NEVER
    fence_until: float = NEVER  # in real time
    wake_id: int = 0
    request_id: int = 0
    is_alive: bool = True
    has_left: bool = False  # was told to go: may never write again

    def clock(self, real: float) -> float:
        """Read this process's clock at a real time."""
        return self.offset + self.rate * real

    def real(self, local: float) -> float:
        """When this process's clock will show that."""
        return (local - self.offset) / self.rate


Network = Callable[["World", Process, Request], Fate]
CALM = Fate(0.005, 0.005)


def calm(_world: "World", _process: Process, _request: Request) -> Fate:
    """The network of a good day."""
    return CALM


class World:
    """The server, the processes, and what happens next."""

    def __init__(
        self,
        *,
        network: Network = calm,
        machine: type[Machine] = Machine,
        jitter: Callable[[], float] = lambda: 0.5,
        counts_suspend: bool = True,
    ) -> None:
        self.now = 0.0
        self.lease = LeaseModel()
        self.processes: list[Process] = []
        self.intervals: list[list] = []  # [number, from, until] of every open fence
        self.outcomes: collections.Counter = collections.Counter()
        self.trace: list[str] | None = None
        self.restart: Callable[[Process], None] | None = None
        self._network = network
        self._machine = machine
        self._jitter = jitter
        self._counts_suspend = counts_suspend
        self._heap: list = []
        self._ids = itertools.count()

    # -- what a story can do ---------------------------------------------------------------

    def add(self, *, rate: float = 1.0, offset: float = 0.0, **durations: float) -> Process:
        """Start a process, now."""
        number = len(self.processes)
        config = ElectionConfig(name="l", namespace="n", identity=f"p{number}", **durations)
        machine = self._machine(config, jitter=self._jitter)
        process = Process(number, config, machine, rate, offset - rate * self.now)
        self.processes.append(process)
        self.at(self.now, self._wake, process, 0)
        return process

    def at(self, time: float, action: Callable, *arguments: object) -> None:
        """Have something happen at a real time."""
        heapq.heappush(self._heap, (time, next(self._ids), action, arguments))

    def run(self, until: float, *, stop: Callable[[], bool] | None = None) -> None:
        """Let time pass up to there, or until `stop` says so."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            self.now, _, action, arguments = heapq.heappop(heap)
            action(*arguments)
            if stop is not None and stop():
                return
        self.now = until

    def stall(self, process: Process, seconds: float, *, suspended: bool = False) -> None:
        """Stop a process: the interpreter is held, or the machine sleeps."""
        self._note("stall", process, seconds)
        process.stalled_until = max(process.stalled_until, self.now + seconds)
        if suspended and not self._counts_suspend:  # the clock of a mutant stood still
            process.offset -= seconds * process.rate
            if process.fence_until > self.now:
                process.fence_until += seconds

    def kill(self, process: Process) -> None:
        """SIGKILL: nothing of it writes any more."""
        if process.is_alive:
            self._note("kill", process)
            self._end(process, "killed")

    def resign(self, process: Process, within: float = 5.0) -> None:
        """Tell a process to give back; its workers have ended."""
        self._command(process, Resign(by=process.clock(self.now) + within))

    def abandon(self, process: Process) -> None:
        """Tell a process to leave at once."""
        self._command(process, Abandon())

    def leader(self) -> Process | None:
        """Who may write now."""
        for process in self.processes:
            if process.fence_until > self.now:
                return process
        return None

    def _command(self, process: Process, command: Command) -> None:
        if process.is_alive and self.now >= process.stalled_until:
            process.has_left = True
            self._deliver(process, command)

    # -- how it goes on --------------------------------------------------------------------

    def _wake(self, process: Process, wake_id: int) -> None:
        if not process.is_alive or wake_id != process.wake_id:
            return
        if self.now < process.stalled_until:
            self.at(process.stalled_until, self._wake, process, wake_id)
        elif process.request_id and process.clock(self.now) >= process.machine.patience:
            process.request_id = 0
            self._deliver(process, Failed("no answer within the deadline"))
        else:
            self._deliver(process, None)

    def _answer(self, process: Process, request_id: int, reply: Reply) -> None:
        if not process.is_alive or request_id != process.request_id:
            return
        if self.now < process.stalled_until:
            self.at(process.stalled_until, self._answer, process, request_id, reply)
        else:
            process.request_id = 0
            self._deliver(process, reply)

    def _deliver(self, process: Process, event: Reply | Command | None) -> None:
        machine = process.machine
        request = machine.step(process.clock(self.now), event)
        self._watch_fence(process, machine.fence_until)
        if self.trace is not None:
            self._note(f"{event} -> {machine.state.value} {request}", process)
        if machine.state is State.ENDED:
            self._end(process, machine.outcome)
            return
        if request is not None:
            self._send(process, request)
        process.wake_id += 1
        wake_at = max(process.real(machine.wake_at), self.now) + ROUNDING
        self.at(wake_at, self._wake, process, process.wake_id)

    def _send(self, process: Process, request: Request) -> None:
        fate = self._network(self, process, request)
        process.request_id = request_id = next(self._ids) + 1
        leaves = max(self.now, process.stalled_until)  # a stall between deciding and sending
        if fate.instead is not None:
            self.at(leaves + fate.there, self._answer, process, request_id, fate.instead)
        elif fate.there < OFFLINE:
            self.at(leaves + fate.there, self._arrive, process, request_id, request, fate)

    def _arrive(self, process: Process, request_id: int, request: Request, fate: Fate) -> None:
        reply = self.lease.apply(request)
        if fate.back < OFFLINE:
            answer = reply if fate.after is None else fate.after
            self.at(self.now + fate.back, self._answer, process, request_id, answer)

    def _end(self, process: Process, outcome: Outcome | str) -> None:
        self.outcomes[outcome] += 1
        process.is_alive = False
        self._watch_fence(process, NEVER)
        if self.restart is not None:
            self.restart(process)

    def _watch_fence(self, process: Process, local_until: float) -> None:
        until = process.real(local_until)
        if until == process.fence_until:
            return
        was_open = process.fence_until > self.now
        process.fence_until = until
        if until > self.now:
            if process.has_left:
                raise LedAfterLeavingError(f"at {self.now:.3f} s {process.number} leads again")
            if was_open:
                self.intervals[-1][2] = until
            else:
                self.intervals.append([process.number, self.now, until])
            for other in self.processes:
                if other is not process and other.fence_until > self.now + ROUNDING:
                    raise TwoWritersError(
                        f"at {self.now:.3f} s both {other.number} (until {other.fence_until:.3f})"
                        f" and {process.number} (until {until:.3f}) may write"
                    )
        elif was_open:
            self.intervals[-1][2] = self.now

    def _note(self, what: str, process: Process, *more: object) -> None:
        if self.trace is not None:
            self.trace.append(
                f"{self.now:9.3f} p{process.number} {what} {' '.join(map(str, more))}"
            )
