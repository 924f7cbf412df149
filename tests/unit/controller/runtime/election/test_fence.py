"""The fence, under a clock that the test moves."""

import time

import pytest

from controller.runtime.election.fence import Fence, boottime
from informers import transport
from informers.client import Client
from informers.errors import FenceClosed, OutcomeUnknown
from informers.link import Link
from informers.meta.kinds import Kind
from tests.unit.controller.runtime.world import Nowhere
from tests.unit.informers.test_link import Wire

POD = Kind("", "v1", "Pod", "pods")


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


def test_clock_is_the_one_that_counts_suspend(monkeypatch):
    """The fence asks the system for CLOCK_BOOTTIME where there is one."""
    asked = []
    monkeypatch.setattr(time, "clock_gettime", lambda clock: asked.append(clock) or 7.0)
    assert boottime() == 7.0
    assert asked == [getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)]


@pytest.mark.virtual
@pytest.mark.parametrize(
    "meanwhile",
    [lambda fence: fence.close(), lambda fence: fence.set_until(0)],
    ids=["lease lost", "renewal refused"],
)
async def test_fence_that_shuts_while_a_connection_is_made_lets_nothing_out(meanwhile, monkeypatch):
    """The fence is looked at again when there is a connection, right before the first byte."""
    clock = Clock()
    fence = Fence(clock)
    fence.set_until(clock.now + 25)
    client = Client(Nowhere(), fence=fence)
    wires = []

    async def dial(_):
        meanwhile(fence)
        wires.append(Wire(Link()))
        return wires[-1].link

    monkeypatch.setattr(transport, "dial", dial)

    with pytest.raises(FenceClosed, match="not sent"):
        await client.apply(POD, "p", {}, namespace="ns", manager="test")

    assert [[]] == [wire.sent for wire in wires]
    await client.close()


@pytest.mark.virtual
async def test_fence_that_has_come_nearer_shortens_a_write_under_way(monkeypatch):
    """From its first byte a write has the time that the fence gives it then, and no more."""
    clock = Clock()
    fence = Fence(clock)
    fence.set_until(clock.now + 25)
    client = Client(Nowhere(), fence=fence)

    async def dial(_):
        clock.now += 20
        return Wire(Link()).link

    monkeypatch.setattr(transport, "dial", dial)
    began = client.clock.monotonic()

    with pytest.raises(OutcomeUnknown):
        await client.apply(POD, "p", {}, namespace="ns", manager="test")

    assert client.clock.monotonic() - began == pytest.approx(5)
    await client.close()
