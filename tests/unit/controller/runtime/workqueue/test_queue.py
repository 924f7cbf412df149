"""The queue itself, promise by promise; T37 to T41 under random schedules are in tests/chaos."""

import asyncio
import itertools

import pytest

from controller.runtime.workqueue.priority import DEFAULT, LOW
from controller.runtime.workqueue.queue import (
    TURN,
    NotProcessing,
    QueueEmpty,
    QueueShutDown,
    WorkQueue,
    WorkQueueError,
)
from controller.runtime.workqueue.ratelimit import ItemBackoff
from controller.runtime.workqueue.waiting import rest
from informers.clock import LoopClock

pytestmark = pytest.mark.virtual
CLOCK = LoopClock()


@pytest.fixture
async def queue() -> WorkQueue[str]:
    """An empty queue whose back-off is exact."""
    return WorkQueue("test", limiter=ItemBackoff(jitter=0))


def _take_all(queue) -> list[str]:
    return [queue.get_nowait() for _ in range(len(queue))]


async def test_keys_leave_in_order_and_once(queue) -> None:
    """A key added many times is handed out once, where it stood first."""
    for key in "abcabca":
        queue.add(key)

    assert ["a", "b", "c"] == _take_all(queue)


async def test_an_empty_queue_says_so(queue) -> None:
    """There is nothing to take without waiting."""
    with pytest.raises(QueueEmpty, match="test"):
        queue.get_nowait()


async def test_get_waits_for_a_key(queue) -> None:
    """A waiting worker gets the key that comes."""
    asyncio.get_running_loop().call_later(3, queue.add, "a")

    assert "a" == await queue.get()
    assert 3.0 == CLOCK.monotonic()


async def test_one_key_wakes_one_worker(queue) -> None:
    """Of many waiting workers one gets the key and the others wait on."""
    taken: list[str] = []

    async def work() -> None:
        taken.append(await queue.get())

    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(work()) for _ in range(5)]
        await CLOCK.sleep(1)
        queue.add("a")
        await CLOCK.sleep(1)
        assert ["a"] == taken
        assert 4 == len(queue._waiting)
        for worker in workers:
            worker.cancel()

    assert 0 == len(queue._waiting)


async def test_a_key_added_while_held_waits_for_done(queue) -> None:
    """It is ready again after `done`, at the end of the line."""
    queue.add("a")
    queue.get_nowait()
    queue.add("a")
    queue.add("b")
    assert 1 == len(queue)

    queue.done("a")
    assert ["b", "a"] == _take_all(queue)


async def test_done_wakes_a_waiting_worker(queue) -> None:
    """A key that gets ready by `done` is handed to whoever waits."""
    queue.add("a")
    queue.get_nowait()
    queue.add("a")
    asyncio.get_running_loop().call_later(1, queue.done, "a")

    assert "a" == await queue.get()


@pytest.mark.parametrize("key", ["never-added", "ready", "done-already"])
async def test_done_for_a_key_nobody_holds_is_an_error(queue, key) -> None:
    """A worker that gives back what it does not hold is told, and nothing changes."""
    queue.add("done-already")
    queue.done(queue.get_nowait())
    queue.add("ready")
    with pytest.raises(NotProcessing, match=f"no worker holds '{key}': call done once"):
        queue.done(key)

    assert ["ready"] == _take_all(queue)


def test_the_errors_are_one_family() -> None:
    """One except clause catches whatever the queue raises."""
    assert {WorkQueueError} == {e.__base__ for e in (QueueShutDown, QueueEmpty, NotProcessing)}


async def test_a_higher_priority_goes_first(queue) -> None:
    """Order is by priority, then by who came first."""
    queue.add("low", priority=LOW)
    queue.add("default")
    queue.add("high", priority=1)

    assert ["high", "default", "low"] == _take_all(queue)


@pytest.mark.parametrize(
    ("priorities", "expected"),
    [
        ((LOW, DEFAULT), DEFAULT),
        ((DEFAULT, LOW), DEFAULT),
        ((LOW, 5), 5),
        ((5, LOW), 5),
        ((LOW, LOW), LOW),
        ((2 * LOW, LOW), LOW),
    ],
    ids=["low-default", "default-low", "low-high", "high-low", "low-low", "lowest-low"],
)
@pytest.mark.parametrize("held", [False, True], ids=["ready", "held"])
async def test_the_highest_priority_asked_for_counts(queue, priorities, expected, held) -> None:
    """Adding again raises and never lowers, also while a worker holds the key."""
    queue.add("a")
    queue.get_nowait()
    if not held:
        queue.done("a")
    for priority in priorities:
        queue.add("a", priority=priority)
    if held:
        queue.done("a")
    queue.get_nowait()

    assert expected == queue.priority_of("a")
    queue.done("a")
    assert DEFAULT == queue.priority_of("a")


async def test_retries_keep_the_priority_of_the_key(queue) -> None:
    """A low key that fails or asks for a later look comes back low, unless told otherwise."""
    for key in ("fails", "later", "raised"):
        queue.add(key, priority=LOW)
    _take_all(queue)
    queue.add_rate_limited("fails")
    queue.add_after("later", 0.001)
    queue.add_after("raised", 0.001, priority=3)
    for key in ("fails", "later", "raised"):
        queue.done(key)
    await CLOCK.sleep(1)
    queue.add("default")

    assert ["raised", "default", "later", "fails"] == _take_all(queue)


async def test_failures_back_off_and_are_forgotten(queue) -> None:
    """Each failure doubles the delay; success starts afresh."""
    moments = []
    for _ in range(5):
        queue.add_rate_limited("a")
        queue.done(await queue.get())
        moments.append(CLOCK.monotonic())
    waits = [after - before for before, after in itertools.pairwise([0.0, *moments])]

    assert pytest.approx([0.005, 0.01, 0.02, 0.04, 0.08]) == waits
    assert 5 == queue.num_requeues("a")
    queue.forget("a")
    assert (0, 0) == (queue.num_requeues("a"), queue.statistics().limited)


@pytest.mark.parametrize("seconds", [0, -1, -1e9])
async def test_no_delay_is_no_delay(queue, seconds) -> None:
    """Zero seconds or less add the key at once."""
    queue.add_after("a", seconds)

    assert ["a"] == _take_all(queue)


@pytest.mark.parametrize("seconds", [float("inf"), float("nan")])
async def test_an_endless_delay_is_refused(queue, seconds) -> None:
    """A delay that never ends is a mistake, and is told as one."""
    with pytest.raises(ValueError, match="never ends; to stop retrying, forget the key"):
        queue.add_after("a", seconds)


async def test_delays_of_a_held_key_wait_for_done(queue) -> None:
    """A delay that ends while a worker holds the key makes it run once more, after `done`."""
    queue.add("a")
    queue.get_nowait()
    queue.add_after("a", 1)
    await CLOCK.sleep(2)
    assert 0 == len(queue)

    queue.done("a")
    assert ["a"] == _take_all(queue)


async def test_discard_leaves_a_ready_key_ready(queue) -> None:
    """The delete event that made a key ready must still be worked on."""
    queue.add_after("a", 60)
    queue.add("a")
    queue.discard("a")

    assert (1, 0) == (len(queue), queue.statistics().delayed)


async def test_workers_that_never_wait_let_others_run(queue) -> None:
    """With a queue that is never empty and work that never waits, the loop gets its turns."""
    loop = asyncio.get_running_loop()
    turns: list[float] = []

    async def work() -> None:
        for _ in range(200):
            key = await queue.get()
            queue.add(key)
            loop.stall(TURN / 4)
            queue.done(key)

    async def watch() -> None:
        while len(turns) < 10:
            turns.append(CLOCK.monotonic())
            await rest()

    for key in "abcdefgh":
        queue.add(key)
    async with asyncio.TaskGroup() as group:
        group.create_task(watch())
        for _ in range(3):
            group.create_task(work())
    gaps = [later - earlier for earlier, later in itertools.pairwise(turns)]

    assert max(gaps) <= TURN + 3 * TURN / 4 + 1e-9


async def test_a_worker_makes_progress_however_busy_the_loop_is(queue) -> None:
    """Even if other tasks use up every turn, each `get` returns after one round of the loop."""
    loop = asyncio.get_running_loop()
    taken = []

    async def hog() -> None:
        while len(taken) < 10:
            loop.stall(10 * TURN)
            await rest()

    async def work() -> None:
        for _ in range(10):
            taken.append(await queue.get())
            queue.done(taken[-1])

    for i in range(10):
        queue.add(str(i))
    async with asyncio.TaskGroup() as group:
        group.create_task(hog())
        group.create_task(work())

    assert CLOCK.monotonic() <= 15 * 10 * TURN


async def test_statistics_tell_the_moment(queue) -> None:
    """The figures are those of client-go's workqueue, exact in virtual time."""
    queue.add("low", priority=LOW)
    await CLOCK.sleep(2)
    for key in "abc":
        queue.add(key)
        queue.add(key)
    queue.add_rate_limited("failed")
    queue.add_after("later", 500)
    await CLOCK.sleep(1)
    assert ["a", "b"] == [queue.get_nowait(), queue.get_nowait()]
    await CLOCK.sleep(3)
    queue.done("a")
    told = queue.statistics()

    assert {"high": 0, "default": 2, "low": 1} == told.depth
    assert (1, 1, 1) == (told.delayed, told.processing, told.limited)
    assert (5, 2) == (told.adds, told.retries)  # "later" was not added yet
    assert (3.0, 3.0) == (told.unfinished_work_seconds, told.longest_running_seconds)
    assert 6.0 == told.oldest_age_seconds
    assert (2, 2.0) == (told.queue_duration.count, told.queue_duration.total)
    assert (1, 3.0) == (told.work_duration.count, told.work_duration.total)


async def test_statistics_of_a_new_queue_are_zero() -> None:
    """Nothing is told before something happened, and a custom limiter is counted too."""
    told = WorkQueue("new").statistics()
    counts = (told.adds, told.retries, told.delayed, told.processing, told.limited)

    assert (0, 0, 0, 0, 0) == counts
    assert (0.0, 0.0, 0.0) == (
        told.unfinished_work_seconds,
        told.longest_running_seconds,
        told.oldest_age_seconds,
    )


async def test_a_used_queue_holds_no_memory(queue) -> None:
    """After ten thousand keys of all kinds came and went, nothing of them is left."""
    for i in range(10_000):
        queue.add(f"key-{i}", priority=(DEFAULT, LOW, 7)[i % 3])
        queue.add_after(f"key-{i}", 1000 + i)
        queue.add_rate_limited(f"key-{i}")
        queue.discard(f"key-{i}")
    while len(queue):
        queue.done(queue.get_nowait())
        if not len(queue) % 100:
            asyncio.get_running_loop().stall(TURN)
    kept = (queue._dirty, queue._processing, queue._priorities, queue._held_priorities)

    assert [0, 0, 0, 0, 0] == [*map(len, kept), len(queue._again)]
    assert len(queue._delays._heap) < 100
    assert (len(queue._waits._batch), len(queue._works._batch)) <= (100, 100)


async def test_shut_down_refuses_new_keys_and_hands_out_the_ready(queue) -> None:
    """What is ready can still be taken, in order; then each get raises, without waiting."""
    queue.add("low", priority=LOW)
    queue.add("a")
    queue.shut_down()
    queue.shut_down()
    for add in (queue.add, queue.add_rate_limited, lambda key: queue.add_after(key, 0)):
        add("refused")

    assert queue.is_shutting_down
    assert ["a", "low"] == [await queue.get(), queue.get_nowait()]
    with pytest.raises(QueueShutDown):
        queue.get_nowait()
    with pytest.raises(QueueShutDown):
        await queue.get()


async def test_no_timer_outlives_the_queue(queue) -> None:
    """After a shutdown no timer of the queue is left in the loop."""
    queue.add_after("a", 5)
    queue.shut_down()

    assert [] == [t for t in asyncio.get_running_loop()._scheduled if not t.cancelled()]
    await CLOCK.sleep(10)
    assert 0 == len(queue)
