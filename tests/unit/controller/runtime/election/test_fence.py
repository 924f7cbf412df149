"""The fence, under a clock that the test moves."""

import math
import time

import pytest

from controller.runtime.election.fence import Fence, boottime
from informers.errors import FenceClosed


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Read it."""
        return self.now


def test_fence_is_closed_until_it_is_opened():
    """A process that has proved nothing may write nothing."""
    fence = Fence(Clock())
    assert fence.remaining() == 0
    with pytest.raises(FenceClosed, match="not the leader"):
        fence.check()


def test_t24_fence_closes_by_the_clock_alone():
    """Time that passed while nobody ran, asleep or stalled, has closed the fence on waking."""
    clock = Clock()
    fence = Fence(clock)
    fence.set_until(110)
    fence.check()
    assert fence.remaining() == 10
    clock.now += 10
    assert fence.remaining() == 0
    with pytest.raises(FenceClosed):
        fence.check()


def test_closed_fence_never_opens_again():
    """A renewal that arrives after the close changes nothing."""
    fence = Fence(Clock())
    fence.set_until(110)
    fence.close()
    fence.set_until(1000)
    assert fence.remaining() == 0


def test_fence_without_election_is_always_open():
    """A manager that runs alone is never held up."""
    fence = Fence.always_open()
    fence.check()
    assert fence.remaining() == math.inf


def test_clock_is_the_one_that_counts_suspend(monkeypatch):
    """The fence asks the system for CLOCK_BOOTTIME where there is one."""
    asked = []
    monkeypatch.setattr(time, "clock_gettime", lambda clock: asked.append(clock) or 7.0)
    assert boottime() == 7.0
    assert asked == [getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)]
