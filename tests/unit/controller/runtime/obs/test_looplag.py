"""The watchdog of the loop, before loops that are really blocked."""

import time

import pytest

from controller.runtime.obs.looplag import BEAT, LoopLag
from controller.runtime.obs.observability import liveness
from informers.clock import LoopClock
from tests.kit.eventually import eventually


class Told:
    """A log that remembers."""

    def __init__(self):
        self.lines = []

    def debug(self, event, /, **fields):
        """Remember a line."""
        self.lines.append((event, fields))

    warning = error = debug


@pytest.fixture
async def watched():
    """Return a watchdog of the test's loop and what it logged."""
    told = Told()
    lag = LoopLag(log=told, threshold=0.1)
    await lag.start()
    yield lag, told.lines
    await lag.stop()


def spin_in_python(seconds):
    """Hold the loop."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


async def test_t50_a_blocked_loop_is_dumped_with_the_function_that_blocks_it(watched):
    """The stack is taken while the block lasts, and names who blocks and who called."""
    lag, lines = watched

    spin_in_python(BEAT + 0.6)

    dump = lag.dumps[0]
    assert dump.function.startswith("spin_in_python (")
    assert any("test_t50_a_blocked_loop" in line for line in dump.stack)
    assert dump.seconds >= 0.1
    assert lag.statistics.blocks == 1
    event, fields = lines[0]
    assert event == "event_loop_blocked"
    assert fields["function"] == dump.function
    await eventually(lambda: lag.statistics.beats >= 1)
    assert lag.statistics.longest >= 0.1
    assert lag.lateness == 0


async def test_a_long_block_gives_few_stacks_and_one_line(watched):
    """It is looked at when it has lasted twice as long, and logged once in ten seconds."""
    lag, lines = watched

    spin_in_python(BEAT + 2.0)

    assert 2 <= len(lag.dumps) <= 6
    assert lag.statistics.blocks == 1
    assert 1 == len(lines)


async def test_a_loop_that_runs_is_not_suspected(watched):
    """Beats come in time; nothing is dumped, and the thread wakes once a beat."""
    lag, lines = watched

    await eventually(lambda: lag.statistics.beats >= 2)

    assert [] == lines
    assert 0 == len(lag.dumps)
    assert sum(lag.statistics.buckets) == lag.statistics.beats


@pytest.mark.parametrize(
    ("seconds", "why"),
    [(BEAT + 30, ""), (BEAT + 45, "the event loop has been blocked for 45 s")],
    ids=["short", "long"],
)
async def test_liveness_fails_when_a_restart_helps(seconds, why):
    """Half a minute of silence is forgiven, more is not."""
    moment = [0.0]
    lag = LoopLag(log=Told(), threshold=1e9, now=lambda: moment[0])
    await lag.start()
    moment[0] = seconds

    assert why == liveness(lag)()

    await lag.stop()


async def test_watching_an_idle_loop_costs_next_to_nothing():
    """One wake of the thread and one of the loop a second."""
    lag = LoopLag(log=Told())
    await lag.start()
    before = time.process_time()
    await LoopClock().sleep(3)
    spent = time.process_time() - before
    await lag.stop()

    assert spent < 0.03, f"{spent * 1e3:.1f} ms in 3 s"
