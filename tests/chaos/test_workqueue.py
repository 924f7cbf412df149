"""The shipped queue under virtual time and random schedules: T37 to T41."""

import asyncio
import contextlib
from collections import Counter

import pytest

from controller.runtime.workqueue.priority import AGED_AFTER, AGED_TURN, LOW
from controller.runtime.workqueue.queue import QueueShutDown, WorkQueue
from controller.runtime.workqueue.ratelimit import MAX_WAIT
from informers.clock import LoopClock
from tests.kit.virtual import VirtualClock

CLOCK = LoopClock()


class Workers:
    """Workers that record what they do and fail the test when two hold one key."""

    def __init__(self, queue, *, longest=0.01) -> None:
        self.queue = queue
        self.random = asyncio.get_running_loop().random
        self.longest = longest
        self.held: set[str] = set()
        self.started: dict[str, float] = {}
        self.order: list[str] = []

    async def work(self) -> None:
        """Take keys until the queue is shut down, each for a random time."""
        with contextlib.suppress(QueueShutDown):
            while True:
                key = await self.queue.get()
                assert key not in self.held, f"two workers hold {key}"
                self.held.add(key)
                self.started[key] = CLOCK.monotonic()
                self.order.append(key)
                try:
                    await CLOCK.sleep(self.random.choice((0, 0, self.longest)))
                finally:
                    self.held.discard(key)
                    self.queue.done(key)


async def _fickle(workers: Workers) -> None:
    """Start waiting for keys and give up, often at the very moment at which one comes."""
    with contextlib.suppress(QueueShutDown):
        while True:
            try:
                async with asyncio.timeout(workers.random.choice((0, 0.001, 0.002, 0.004))):
                    key = await workers.queue.get()
            except TimeoutError:
                continue
            workers.started[key] = CLOCK.monotonic()
            workers.queue.done(key)


@pytest.mark.virtual(seeds=25)
async def test_t37_same_key_never_in_two_workers() -> None:
    """Whatever the schedule, no key has two workers and no add is lost, also among quitters."""
    loop = asyncio.get_running_loop()
    queue: WorkQueue[str] = WorkQueue("t37")
    workers = Workers(queue)
    added: dict[str, float] = {}

    async def produce() -> None:
        for _ in range(150):
            key = f"key-{loop.random.randrange(12)}"
            added[key] = CLOCK.monotonic()
            queue.add(key, priority=loop.random.choice((0, LOW)))
            await CLOCK.sleep(loop.random.choice((0, 0.001, 0.004, 0.02)))

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(workers.work())
        for _ in range(3):
            group.create_task(_fickle(workers))
        async with asyncio.TaskGroup() as producers:
            for _ in range(4):
                producers.create_task(produce())
        left = await queue.shut_down_with_drain(60)

    assert left.is_drained
    assert dict.fromkeys(added, True) == {
        key: workers.started[key] >= at for key, at in added.items()
    }


@pytest.mark.virtual(seeds=5)
async def test_t37_an_add_while_processing_runs_exactly_once_more() -> None:
    """However often a key is added while a worker holds it, it runs once more, after `done`."""
    queue: WorkQueue[str] = WorkQueue("t37")
    queue.add("a")
    key = await queue.get()
    for _ in range(100):
        queue.add("a")
        await CLOCK.sleep(0)
    assert (0, 1) == (len(queue), queue.statistics().processing)

    queue.done(key)
    assert "a" == await queue.get()
    queue.done("a")
    assert 0 == len(queue)


@pytest.mark.virtual(seeds=5)
async def test_t38_the_earlier_delay_wins() -> None:
    """Of several delays of a key the earliest counts, and it comes once."""
    queue: WorkQueue[str] = WorkQueue("t38")
    for seconds in (30, 5, 60, 5, 600):
        queue.add_after("a", seconds)

    assert "a" == await queue.get()
    assert 5.0 == CLOCK.monotonic()
    queue.done("a")
    await CLOCK.sleep(1000)
    assert (0, 0) == (len(queue), queue.statistics().delayed)


@pytest.mark.virtual(seeds=5)
async def test_t38_a_later_look_survives_an_add() -> None:
    """An add in the meantime does not swallow the later look that somebody asked for."""
    queue: WorkQueue[str] = WorkQueue("t38")
    queue.add_after("a", 60)
    queue.add("a")
    moments = []
    for _ in range(2):
        queue.done(await queue.get())
        moments.append(CLOCK.monotonic())

    assert [0.0, 60.0] == moments


class SteppingClock(LoopClock):
    """A monotonic clock that is not: what a suspended or migrated machine may show."""

    offset = 0.0

    def monotonic(self) -> float:
        """The loop's time plus all steps."""
        return super().monotonic() + self.offset


@pytest.mark.virtual
async def test_t38_delays_do_not_notice_the_time_of_day() -> None:
    """A step of the wall clock by an hour moves no delay."""
    clock = VirtualClock()
    queue: WorkQueue[str] = WorkQueue("t38", clock=clock)
    queue.add_after("a", 5)
    queue.add_after("b", 10)
    clock.step_wall(3600)
    await queue.get()
    clock.step_wall(-7200)
    await queue.get()

    assert 10.0 == clock.monotonic()


@pytest.mark.parametrize(
    ("step", "ready_by"), [(3600.0, 10.0), (-30.0, 130.0)], ids=["forward", "back"]
)
@pytest.mark.virtual
async def test_t38_delays_survive_a_clock_that_steps(step, ready_by) -> None:
    """After a step a delay ends by the new time: within a heartbeat, never early, never lost."""
    clock = SteppingClock()
    queue: WorkQueue[str] = WorkQueue("t38", clock=clock)
    queue.add_after("a", 100)

    async def wait() -> None:
        await queue.get()
        assert clock.monotonic() >= 100
        assert CLOCK.monotonic() <= ready_by

    async with asyncio.TaskGroup() as group:
        group.create_task(wait())
        await CLOCK.sleep(1)
        clock.offset = step


@pytest.mark.virtual(seeds=5)
async def test_t38_delete_and_forget_cancel_the_delay() -> None:
    """When the object is gone its back-off ends: the key does not come back."""
    queue: WorkQueue[str] = WorkQueue("t38")
    for _ in range(10):
        queue.add_rate_limited("gone")
    queue.add_after("kept", 50)
    queue.discard("gone")

    assert (1, 0) == (queue.statistics().delayed, queue.num_requeues("gone"))
    assert "kept" == await queue.get()
    await CLOCK.sleep(1000)
    assert 0 == len(queue)


def _succeed(queue, key) -> None:
    queue.forget(key)


def _fail_then_succeed(queue, key) -> None:
    if queue.num_requeues(key) < 4:
        queue.add_rate_limited(key)
    else:
        queue.forget(key)


@pytest.mark.parametrize("outcome", [_succeed, _fail_then_succeed, WorkQueue.discard])
@pytest.mark.virtual(seeds=3)
async def test_t39_the_limiter_forgets_every_key(outcome) -> None:
    """After success, a terminal error (both forget) or a delete, no key is remembered."""
    queue: WorkQueue[str] = WorkQueue("t39")
    for i in range(300):
        queue.add_rate_limited(f"key-{i}")
    assert 300 == queue.statistics().limited

    async def work() -> None:
        while queue.statistics().limited:
            key = await queue.get()
            outcome(queue, key)
            queue.done(key)

    await work()
    told = queue.statistics()
    assert (0, 0, 0, 0) == (told.limited, told.delayed, told.processing, len(queue))


@pytest.mark.virtual(seeds=10)
async def test_t40_a_high_priority_delay_is_not_behind_low_keys() -> None:
    """A delayed key of high priority is taken next when it is due, over a flood of low ones."""
    queue: WorkQueue[str] = WorkQueue("t40")
    workers = Workers(queue)
    for i in range(2000):
        queue.add(f"low-{i}", priority=LOW)
    queue.add_after("urgent", 1.0, priority=10)
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(workers.work())
        await CLOCK.sleep(3)
        await queue.shut_down_with_drain(60)

    assert 2001 == len(workers.order)
    assert workers.started["urgent"] <= 1.0 + workers.longest


@pytest.mark.virtual
async def test_t40_due_delays_are_seen_by_workers_that_never_wait() -> None:
    """Even if no timer has had a chance to run, a due key of high priority goes first."""
    queue: WorkQueue[str] = WorkQueue("t40")
    queue.add("low", priority=LOW)
    queue.add_after("urgent", 0.5)
    asyncio.get_running_loop().stall(0.5)

    assert ["urgent", "low"] == [queue.get_nowait(), queue.get_nowait()]


@pytest.mark.virtual(seeds=10)
async def test_t40_ageing_bounds_the_wait_of_low_keys() -> None:
    """Under more high keys than workers can do, each low key leaves within the stated bound."""
    queue: WorkQueue[str] = WorkQueue("t40")
    low, taken = 20, []
    for i in range(low):
        queue.add(f"low-{i}", priority=LOW)

    def add_high() -> None:
        queue.add(f"high-{len(taken)}")
        queue.add(f"high-{len(taken)}-too")

    aged_at = 0
    while sum(key.startswith("low") for key in taken) < low:
        add_high()
        taken.append(await queue.get())
        queue.done(taken[-1])
        await CLOCK.sleep(0.01)
        aged_at += CLOCK.monotonic() < AGED_AFTER
    waits = [taken.index(f"low-{i}") for i in range(low)]

    assert waits == sorted(waits)
    assert min(waits) >= aged_at  # fresh high keys go first until then
    assert all(wait <= aged_at + AGED_TURN * (i + 1) for i, wait in enumerate(waits))
    high = Counter(key.startswith("high") for key in taken[aged_at:])
    assert high[True] / high.total() >= 1 - 1 / AGED_TURN - 0.01  # and keep seven turns in eight


@pytest.mark.virtual(seeds=20)
async def test_t41_shutdown_lets_workers_finish_what_is_ready() -> None:
    """A full queue with delays and waiting workers drains: ready keys are done, no worker stays."""
    queue: WorkQueue[str] = WorkQueue("t41")
    workers = Workers(queue, longest=0.5)
    async with asyncio.timeout(100), asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(workers.work())
        await CLOCK.sleep(1)  # all are waiting now
        for i in range(100):
            queue.add(f"key-{i}")
            queue.add_after(f"later-{i}", 5 + i)
        await CLOCK.sleep(0.01)
        left = await queue.shut_down_with_drain(30)
        assert CLOCK.monotonic() < 1 + 30  # it ended because the work did

    assert left.is_drained
    assert ((), (), {f"later-{i}" for i in range(100)}) == (
        left.ready,
        left.processing,
        set(left.delayed),
    )
    assert {f"key-{i}" for i in range(100)} == set(workers.order)


@pytest.mark.virtual(seeds=10)
async def test_t41_a_drain_ends_at_its_limit_and_reports() -> None:
    """A worker that hangs does not hold the end up; what was not done is told, each key once."""
    queue: WorkQueue[str] = WorkQueue("t41")

    async def hang() -> None:
        await queue.get()
        await CLOCK.sleep(MAX_WAIT * 10)

    for i in range(20):
        queue.add(f"key-{i}")
    async with asyncio.TaskGroup() as group:
        hanging = [group.create_task(hang()) for _ in range(3)]
        await CLOCK.sleep(1)
        left = await queue.shut_down_with_drain(30)
        for task in hanging:
            task.cancel()

    assert 31.0 == CLOCK.monotonic()
    assert not left.is_drained
    assert {f"key-{i}" for i in range(20)} == {*left.ready, *left.processing}
    assert (17, 3) == (len(left.ready), len(left.processing))


@pytest.mark.virtual(seeds=10)
async def test_t41_a_key_added_before_the_end_is_handed_out_again() -> None:
    """A key that got dirty while held before the shutdown still runs once more."""
    queue: WorkQueue[str] = WorkQueue("t41")
    queue.add("a")
    key = await queue.get()
    queue.add("a")
    queue.shut_down()
    queue.add("refused")
    queue.add_after("refused", 1)
    queue.add_rate_limited("refused")
    queue.done(key)

    assert "a" == await queue.get()
    queue.done("a")
    with pytest.raises(QueueShutDown):
        await queue.get()
    assert (await queue.shut_down_with_drain(1)).is_drained


@pytest.mark.virtual(seeds=10)
async def test_t41_all_waiting_workers_end() -> None:
    """Workers that wait on an empty queue all end, and so do two drains at once."""
    queue: WorkQueue[str] = WorkQueue("t41")
    workers = Workers(queue)
    async with asyncio.timeout(1), asyncio.TaskGroup() as group:
        for _ in range(16):
            group.create_task(workers.work())
        await CLOCK.sleep(0.1)
        drains = [group.create_task(queue.shut_down_with_drain(0.5)) for _ in range(2)]

    assert 0.1 == CLOCK.monotonic()
    assert [True, True] == [drain.result().is_drained for drain in drains]
