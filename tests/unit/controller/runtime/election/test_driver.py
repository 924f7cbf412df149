"""The election's thread with a transport that answers from memory."""

import queue
import threading

import pytest

from controller.runtime.election.config import ElectionConfig
from controller.runtime.election.driver import Driver
from controller.runtime.election.fence import Fence, boottime
from controller.runtime.election.machine import (
    Abandon,
    Failed,
    Machine,
    Missing,
    Outcome,
    Record,
    Resign,
    Seen,
    State,
    Verb,
)

CONFIG = ElectionConfig(name="l", namespace="n", identity="me")


class Server:
    """A transport that answers from memory, or does not answer until it is told to."""

    def __init__(self) -> None:
        self.record = None
        self.seen = queue.Queue()
        self.hangs = threading.Event()
        self.is_closed = False
        self.driver = None

    def send(self, request):
        """Answer as the API server would."""
        self.seen.put(request)
        while self.hangs.is_set() and self.driver.remaining() > 0:
            self.hangs.wait(0.001)
            self.driver.woken()
        if self.hangs.is_set():
            return Failed("no answer within the deadline")
        if request.claim is not None:
            version = str(self.seen.qsize())
            self.record = Record(
                holder=request.claim.holder,
                duration=request.claim.duration,
                transitions=request.claim.transitions,
                version=version,
                stamp=version,
            )
        return Seen(self.record) if self.record else Missing()

    def close(self):
        """Close."""
        self.is_closed = True


class Run:
    """A driver at work, and what it told."""

    def __init__(self, machine=Machine) -> None:
        self.fence = Fence()
        self.machine = machine(CONFIG, jitter=lambda: 0.5)
        self.driver = Driver(self.machine, fence=self.fence, clock=boottime, name="election")
        self.server = Server()
        self.server.driver = self.driver
        self.states = queue.Queue()

    def start(self):
        """Begin."""
        self.driver.start(self.server, lambda _reply: self.states.put(self.machine.state))

    def wait(self, state):
        """Wait until the thread has told this state."""
        while self.states.get(timeout=5) is not state:
            pass


@pytest.fixture
def run():
    """A driver that is ended after the test."""
    it = Run()
    yield it
    it.driver.command(Abandon())
    assert it.driver.join(5)
    assert it.server.is_closed


def test_fence_is_open_before_anybody_hears_of_leading(run):
    """Whoever is told that it leads can write."""
    run.start()
    run.wait(State.LEADING)
    assert 0 < run.fence.remaining() <= CONFIG.renew_deadline


def test_command_wakes_a_waiting_thread(run):
    """A release does not wait for the next renewal."""
    run.start()
    run.wait(State.LEADING)
    began = boottime()
    run.driver.command(Resign(by=began + 5))
    run.wait(State.ENDED)
    assert boottime() - began < 1
    assert (run.machine.outcome, run.server.record.holder) == (Outcome.RELEASED, "")
    assert run.fence.remaining() == 0


def test_command_ends_a_request_under_way(run):
    """A standby does not wait for a server that does not answer."""
    run.server.hangs.set()
    run.start()
    assert run.server.seen.get(timeout=5).verb is Verb.READ
    run.driver.command(Resign(by=boottime() + 5))
    run.wait(State.ENDED)
    assert run.machine.outcome is Outcome.STOPPED


def test_two_commands_at_once_are_both_taken(run):
    """Who abandons right after a release sends nothing more."""
    run.driver.command(Resign(by=boottime() + 5))
    run.driver.command(Abandon())
    run.start()
    run.wait(State.ENDED)
    assert run.server.seen.empty()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_bug_in_the_machine_closes_the_fence():
    """Whatever ends the thread, nobody writes afterwards, and it is told."""

    class Broken(Machine):
        def _renewed(self):
            super()._renewed()
            self.reason = 1 / (self.renewed_at - self._sent_at)

    run = Run(Broken)
    run.start()
    assert run.driver.join(5)
    assert run.driver.has_crashed
    assert run.fence.remaining() == 0
    assert run.server.is_closed
