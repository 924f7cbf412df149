"""What Prometheus sees of the queues."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from controller.runtime.workqueue.metrics import PREFIX, WorkQueueCollector
from controller.runtime.workqueue.priority import LOW
from controller.runtime.workqueue.queue import WorkQueue
from informers.clock import LoopClock

pytestmark = pytest.mark.virtual

CLIENT_GO = {
    "depth",
    "adds",
    "queue_duration_seconds",
    "work_duration_seconds",
    "unfinished_work_seconds",
    "longest_running_processor_seconds",
    "retries",
}


@pytest.fixture
def registry():
    """A registry with a collector, and the collector."""
    registry, collector = CollectorRegistry(), WorkQueueCollector()
    registry.register(collector)
    return registry, collector


def _series(registry) -> int:
    lines = generate_latest(registry).decode().splitlines()
    return sum(not line.startswith("#") for line in lines)


async def test_the_seven_metrics_of_client_go_are_there(registry) -> None:
    """Each has the name client-go gives it, behind our prefix, and three more are ours."""
    names = {family.name.removeprefix(PREFIX) for family in registry[0].collect()}

    assert {"oldest_age_seconds", "delayed", "rate_limited_keys"} == names - CLIENT_GO
    assert CLIENT_GO <= names


async def test_values_are_read_at_scrape(registry) -> None:
    """Every figure is that of the queue at the moment of the scrape."""
    queue: WorkQueue[str] = WorkQueue("widgets")
    registry[1].add(queue)
    queue.add("low", priority=LOW)
    for key in "abc":
        queue.add(key)
    queue.add_rate_limited("x")
    queue.get_nowait()
    await LoopClock().sleep(7)
    queue.get_nowait()
    queue.done("b")

    def value(name, **labels):
        return registry[0].get_sample_value(PREFIX + name, {"name": "widgets"} | labels)

    assert [0, 2, 1] == [value("depth", priority=p) for p in ("high", "default", "low")]
    assert (5, 1) == (value("adds_total"), value("retries_total"))
    assert (7, 7) == (
        value("unfinished_work_seconds"),
        value("longest_running_processor_seconds"),
    )
    assert (7, 0, 1) == (
        value("oldest_age_seconds"),
        value("delayed"),
        value("rate_limited_keys"),
    )
    assert (2, 7) == (value("queue_duration_seconds_count"), value("queue_duration_seconds_sum"))
    buckets = [value("queue_duration_seconds_bucket", le=le) for le in ("5.0", "10.0", "+Inf")]
    assert [1, 2, 2] == buckets


async def test_series_depend_on_queues_and_nothing_else(registry) -> None:
    """Ten thousand keys at a thousand priorities add no series."""
    queue: WorkQueue[str] = WorkQueue("one")
    registry[1].add(queue)
    before = _series(registry[0])
    for i in range(10_000):
        queue.add(f"key-{i}", priority=i % 1000 - 500)
        queue.done(queue.get_nowait())
    queue.add("ready", priority=499)

    assert before == _series(registry[0])
    registry[1].add(WorkQueue("two"))
    assert 2 * before == _series(registry[0])


async def test_names_are_unique_and_queues_can_leave(registry) -> None:
    """A second queue of the same name is refused; a removed one is told no more."""
    collector = registry[1]
    queue: WorkQueue[str] = WorkQueue("widgets")
    collector.add(queue)
    with pytest.raises(ValueError, match="two queues are named 'widgets'"):
        collector.add(WorkQueue("widgets"))

    collector.remove(queue)
    assert 0 == _series(registry[0])
