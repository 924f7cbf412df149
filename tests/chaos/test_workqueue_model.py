"""The shipped queue against a model that is too simple to be wrong, over random operations.

A million operations (T37); `PENTAD_QUEUE_OPS` runs another number, `PENTAD_SEED` repeats one run.
"""

import asyncio
import os
import random

import pytest

from controller.runtime.workqueue.priority import AGED_AFTER, AGED_TURN, DEFAULT, LOW
from controller.runtime.workqueue.queue import QueueEmpty, QueueShutDown, WorkQueue
from informers.clock import LoopClock
from tests.kit.virtual import run_virtual, seeds

OPS = int(os.environ.get("PENTAD_QUEUE_OPS", "1000000"))
CHECKED_EVERY = 500
TICK = 1 / 64  # sums of ticks are exact, so model and queue agree on every moment
KEYS = [f"key-{i}" for i in range(24)]
PRIORITIES = [DEFAULT, DEFAULT, DEFAULT, LOW, LOW, 10]


class Model:
    """What the queue promises, in lists."""

    def __init__(self) -> None:
        self.ready: dict[int, list[str]] = {priority: [] for priority in PRIORITIES}
        self.dirty: dict[str, tuple[float, int]] = {}
        self.processing: set[str] = set()
        self.delays: dict[str, tuple[float, int, int]] = {}
        self.asked = self.passed_over = self.adds = self.retries = 0

    def __len__(self) -> int:
        return sum(map(len, self.ready.values()))

    def add(self, key: str, priority: int, now: float) -> None:
        """Deduplicate; a higher priority moves the key to the end of that priority."""
        if key not in self.dirty:
            self.adds += 1
            self.dirty[key] = (now, priority)
            if key not in self.processing:
                self.ready[priority].append(key)
            return
        since, old = self.dirty[key]
        if priority > old:
            self.dirty[key] = (since, priority)
            if key not in self.processing:
                self.ready[old].remove(key)
                self.ready[priority].append(key)

    def add_after(self, key: str, seconds: float, priority: int, now: float) -> None:
        """The earlier moment wins and keeps its place among equal moments."""
        self.retries += 1
        if seconds <= 0:
            self.add(key, priority, now)
            return
        self.asked += 1
        delay = (now + seconds, self.asked, priority)
        if key in self.delays:
            due, asked, old = self.delays[key]
            if due <= now + seconds:
                delay = (due, asked, old)
            delay = (*delay[:2], max(priority, old))
        self.delays[key] = delay

    def pass_time(self, now: float) -> None:
        """Add what has come due, in order, each at its own moment."""
        for key, (due, _, priority) in sorted(self.delays.items(), key=lambda item: item[1]):
            if due <= now:
                del self.delays[key]
                self.add(key, priority, due)

    def get(self, now: float) -> str:
        """The highest priority first, but each eighth turn to the oldest key that has aged."""
        heads = [keys[0] for _, keys in sorted(self.ready.items(), reverse=True) if keys]
        choice, *lower = heads
        if lower:
            oldest = min(lower, key=lambda key: self.dirty[key][0])
            since = self.dirty[oldest][0]
            if now - since >= AGED_AFTER and since < self.dirty[choice][0]:
                self.passed_over = (self.passed_over + 1) % AGED_TURN
                choice = choice if self.passed_over else oldest
        _, priority = self.dirty.pop(choice)
        self.ready[priority].remove(choice)
        self.processing.add(choice)
        return choice

    def done(self, key: str) -> None:
        """A key added meanwhile goes to the end of its priority."""
        self.processing.remove(key)
        if key in self.dirty:
            self.ready[self.dirty[key][1]].append(key)


class Pair:
    """Does the same to queue and model and compares what they answer."""

    def __init__(self, rng: random.Random) -> None:
        self.random = rng
        self.clock = LoopClock()
        self.queue: WorkQueue[str] = WorkQueue("model")
        self.model = Model()

    def add(self) -> None:
        """Add a key at some priority."""
        key, priority = self.random.choice(KEYS), self.random.choice(PRIORITIES)
        self.queue.add(key, priority=priority)
        self.model.add(key, priority, self.clock.monotonic())

    def add_after(self) -> None:
        """Add a key after some ticks, or none, or less."""
        key, priority = self.random.choice(KEYS), self.random.choice(PRIORITIES)
        seconds = TICK * self.random.randint(-2, 100)
        self.queue.add_after(key, seconds, priority=priority)
        self.model.add_after(key, seconds, priority, self.clock.monotonic())

    def discard(self) -> None:
        """Cancel a key's delay."""
        key = self.random.choice(KEYS)
        self.queue.discard(key)
        self.model.delays.pop(key, None)

    def get(self) -> None:
        """Take a key; both must choose the same, or both have none."""
        if not len(self.model):
            with pytest.raises(QueueEmpty):
                self.queue.get_nowait()
            return
        assert self.model.get(self.clock.monotonic()) == self.queue.get_nowait()

    def done(self) -> None:
        """Give some key back."""
        if self.model.processing:
            key = self.random.choice(sorted(self.model.processing))
            self.queue.done(key)
            self.model.done(key)

    async def pass_time(self) -> None:
        """Let some ticks pass."""
        await self.clock.sleep(TICK * self.random.randint(1, 60))
        self.model.pass_time(self.clock.monotonic())

    def compare(self) -> None:
        """Everything the queue tells about itself must be what the model holds."""
        told = self.queue.statistics()
        assert len(self.model) == sum(told.depth.values()) == len(self.queue)
        assert len(self.model.processing) == told.processing
        assert len(self.model.delays) == told.delayed
        assert (self.model.adds, self.model.retries) == (told.adds, told.retries)
        assert told.adds == told.queue_duration.count + len(self.model.dirty)

    def drain(self) -> None:
        """After a shutdown both hand out the same keys to the last one."""
        self.queue.shut_down()
        self.queue.add("refused")
        while self.model.dirty:
            while len(self.model):
                self.get()
            for key in sorted(self.model.processing):
                self.queue.done(key)
                self.model.done(key)
        with pytest.raises(QueueShutDown):
            self.queue.get_nowait()


async def _operate(rng: random.Random, count: int) -> None:
    pair = Pair(rng)
    operations = [pair.add] * 9 + [pair.add_after] * 3 + [pair.get] * 9 + [pair.done] * 8
    operations += [pair.discard]
    for i in range(count):
        rng.choice(operations)()
        if rng.random() < 0.04:
            await pair.pass_time()
        if not i % CHECKED_EVERY:
            pair.compare()
    pair.drain()


@pytest.mark.parametrize("seed", seeds(4), ids="seed={}".format)
def test_t37_random_operations_agree_with_the_model(seed) -> None:
    """Over random adds, delays, gets, dones and cancellations, queue and model never differ."""
    rng = random.Random(seed)
    run_virtual(_operate(rng, OPS // len(seeds(4))), limit=float("inf"))


@pytest.mark.virtual
async def test_the_model_can_fail() -> None:
    """A queue that breaks a promise is caught: this one hands keys out last in, first out."""
    pair = Pair(random.Random(1))
    for key in KEYS[:3]:
        pair.queue.add(key)
        pair.model.add(key, DEFAULT, asyncio.get_running_loop().time())
    pair.queue._ready.reverse()
    with pytest.raises(AssertionError):
        pair.get()
