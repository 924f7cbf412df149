"""T42, T45: a controller's workers outlive whatever reconcilers do, under random schedules."""

import asyncio
import itertools
import random
from collections import Counter

import pytest

from controller.runtime.controller import Controller, Options
from controller.runtime.reconcile import Postponed, TerminalError, after, done
from controller.runtime.workqueue.ratelimit import MAX_WAIT, default_limiter
from informers.errors import Conflict
from tests.kit.eventually import eventually
from tests.kit.virtual import VirtualClock

pytestmark = pytest.mark.virtual(seeds=10)

LIMIT = 60.0
HOUR = 3600.0


def gaps(times):
    """Return the times between one and the next."""
    return [later - earlier for earlier, later in itertools.pairwise(times)]


class Silence:
    """A log that keeps the events."""

    def __init__(self):
        self.events = []

    def debug(self, event, /, **fields):
        """Keep it."""
        self.events.append((event, fields))

    warning = error = debug


class OwnBaseError(BaseException):
    """What no library should raise."""


class Scripted:
    """Does to each object what its script says, one step a reconcile, and then succeeds."""

    def __init__(self, clock, scripts):
        self.clock = clock
        self.scripts = {key: list(steps) for key, steps in scripts.items()}
        self.busy = Counter()
        self.times = {}
        self.finished = Counter()
        self.overlaps = 0

    async def reconcile(self, request):
        """Take the next step."""
        key = request.key
        self.overlaps += self.busy[key]
        self.busy[key] += 1
        self.times.setdefault(key, []).append(self.clock.monotonic())
        try:
            steps = self.scripts.get(key, ())
            result = await self._step(steps.pop(0)) if steps else done()
            self.finished[key] += 1
            return result
        finally:
            self.busy[key] -= 1

    async def _step(self, step):
        if step == "hang":
            await asyncio.Event().wait()
        elif step == "cancel itself":
            raise asyncio.CancelledError
        elif step == "cancelled inside":
            async with asyncio.TaskGroup() as group:
                task = group.create_task(self.clock.sleep(1))
                task.cancel()
                await task
        elif isinstance(step, float):
            await self.clock.sleep(step)
        elif isinstance(step, BaseException):
            raise step
        return step if step.__class__ is after(1).__class__ else done()


class World:
    """A controller at work in virtual time."""

    def __init__(self, scripts, *, workers=3, rng=None):
        self.clock = VirtualClock()
        self.log = Silence()
        self.reconciler = Scripted(self.clock, scripts)
        self.controller = Controller(
            "chaos",
            self.reconciler,
            [],
            clock=self.clock,
            log=self.log,
            options=Options(
                workers=workers, timeout=LIMIT, limiter=default_limiter(rng=rng or random.Random(1))
            ),
        )
        self.group = asyncio.TaskGroup()

    async def __aenter__(self):
        await self.group.__aenter__()
        self.controller.start(self.group)
        for key in self.reconciler.scripts:
            self.controller.queue.add(key)
        return self

    async def __aexit__(self, *error):
        await self.controller.stop(limit=0)
        await self.group.__aexit__(*error)

    async def wait_finished(self, keys, *, within=HOUR):
        """Wait until each of these was reconciled to its end."""
        await eventually(lambda: set(keys) <= set(self.reconciler.finished), within=within)

    @property
    def outcomes(self):
        """Return the outcomes that happened."""
        return {o: n for o, n in self.controller.statistics.outcomes.items() if n}


@pytest.mark.parametrize(
    ("step", "outcome"),
    [
        (OwnBaseError("odd"), "error"),
        (asyncio.CancelledError(), "error"),
        ("cancelled inside", "error"),
        (ExceptionGroup("several", [ValueError("one")]), "error"),
        (BaseExceptionGroup("several", [OwnBaseError()]), "error"),
        (RecursionError(), "error"),
        ("hang", "timeout"),
        (LIMIT + 1, "timeout"),
    ],
    ids=str,
)
async def test_t42_a_slot_is_recovered_whatever_a_reconcile_does(step, outcome):
    """With one worker, the next object has its turn, and the odd one is tried again."""
    async with World({"odd": [step], "next": []}, workers=1) as world:
        await world.wait_finished(["odd", "next"])

        assert {outcome: 1, "success": 2} == world.outcomes
        assert 0 == world.controller.statistics.active
        assert 0 == world.controller.queue.num_requeues("odd")


async def test_t42_a_hung_reconcile_ends_at_its_limit():
    """Not before, hardly after, each time; its slot is free for others meanwhile."""
    async with World({"hangs": ["hang"] * 3}, workers=1) as world:
        await world.wait_finished(["hangs"])

        waits = gaps(world.reconciler.times["hangs"])
        assert all(LIMIT <= wait <= LIMIT + 1 for wait in waits)
        assert {"timeout": 3, "success": 1} == world.outcomes


async def test_t42_all_workers_hang_and_all_come_back():
    """Every slot is taken by an object that hangs: others wait one limit and no longer."""
    hanging = {f"hangs-{n}": ["hang"] for n in range(3)}
    async with World(hanging) as world:
        await world.clock.sleep(1)
        world.controller.queue.add("patient")
        began = world.clock.monotonic()

        await world.wait_finished(["patient"])

        assert world.clock.monotonic() - began <= LIMIT
        await world.wait_finished(hanging)
        assert 0 == world.controller.statistics.active


async def test_t42_a_stop_in_the_moment_of_the_limit_ends_the_worker():
    """The watchdog and the stop cancel the same task: it ends, and takes nothing more."""
    async with World({"hangs": ["hang"], "waits": [1.0]}, workers=1) as world:
        await world.clock.sleep(LIMIT)
        [worker] = [task for task in asyncio.all_tasks() if task.get_name() == "worker chaos 0"]
        worker.cancel()
        await asyncio.wait([worker], timeout=1)

        assert worker.cancelled()
        assert "waits" not in world.reconciler.finished


async def test_t42_random_misbehaviour_leaves_every_slot_free():
    """Objects that raise, hang, cancel and recover: all succeed, none overlaps with itself."""
    rng = asyncio.get_running_loop().random
    menu = [
        lambda: "hang",
        lambda: "cancel itself",
        lambda: "cancelled inside",
        OwnBaseError,
        lambda: ValueError("no"),
        lambda: Conflict("faster", code=409),
        lambda: Postponed("later", seconds=rng.uniform(0, 30)),
        lambda: rng.uniform(0, 2 * LIMIT),
        lambda: after(rng.uniform(0, 10)),
    ]
    scripts = {f"o{n}": [rng.choice(menu)() for _ in range(rng.randrange(6))] for n in range(30)}
    async with World(scripts, workers=rng.randrange(1, 6), rng=rng) as world:
        queue = world.controller.queue
        for _ in range(100):
            await world.clock.sleep(rng.uniform(0, 5))
            queue.add(f"o{rng.randrange(30)}")
        for _ in range(6):  # an object that succeeds has to be called again for its next step
            for key in scripts:
                queue.add(key)
            await world.clock.sleep(HOUR)

        assert not any(world.reconciler.scripts.values())
        assert 0 == world.reconciler.overlaps
        assert set(scripts) == set(world.reconciler.finished)
        assert 0 == world.controller.statistics.active
        assert 0 == len(queue._limiter)
        assert dict.fromkeys(scripts, 0) == {key: queue.num_requeues(key) for key in scripts}


@pytest.mark.virtual(seeds=2)
async def test_t45_a_storm_of_conflicts_converges():
    """A hundred times 409: each wait is longer up to the cap, then it is done and forgotten."""
    storm = [Conflict("somebody was faster", code=409) for _ in range(100)]
    async with World({"busy": storm, "calm": []}) as world:
        await world.wait_finished(["calm"], within=5)
        await world.wait_finished(["busy"], within=48 * HOUR)

        times = world.reconciler.times["busy"]
        waits = gaps(times)
        assert 101 == len(times)
        assert all(0.8 * min(0.005 * 2**n, MAX_WAIT) <= wait for n, wait in enumerate(waits))
        assert max(waits) <= MAX_WAIT + 1
        assert {"conflict": 100, "success": 2} == world.outcomes
        assert not any(event == "reconcile_failed" for event, _ in world.log.events)
        assert 0 == world.controller.queue.num_requeues("busy")


async def test_t45_many_objects_in_conflict_are_no_hot_loop():
    """Fifty objects in conflict ten times each: their retries are held to a rate."""
    scripts = {f"o{n}": [Conflict("faster", code=409) for _ in range(10)] for n in range(50)}
    async with World(scripts) as world:
        await world.wait_finished(scripts)

        retries = sorted(t for times in world.reconciler.times.values() for t in times[1:])
        burst, rate = 100, 10.0
        assert 500 == len(retries)
        assert retries[-1] - retries[0] >= (500 - burst) / rate * 0.9
        busiest = max(sum(t <= other < t + 10 for other in retries) for t in retries)
        assert busiest <= burst + 10 * rate + 1


async def test_a_postponed_object_is_looked_at_when_it_asked():
    """No failure is counted, and its backoff begins anew."""
    script = [ValueError("first"), Postponed("not now", seconds=42), Postponed("no", seconds=7)]
    async with World({"late": script}, workers=1) as world:
        await world.wait_finished(["late"])

        times = world.reconciler.times["late"]
        waits = gaps(times)
        assert [42, 7] == [round(wait) for wait in waits[1:]]
        assert {"error": 1, "requeue_after": 2, "success": 1} == world.outcomes


async def test_t39_nothing_of_an_object_is_remembered_that_nobody_tries_again():
    """Three failures, and then a terminal error: neither a delay nor a place in the limiter."""
    script = [*(ValueError("no") for _ in range(3)), TerminalError("no way")]
    async with World({"stuck": script}, workers=1) as world:
        queue = world.controller.queue
        await eventually(lambda: world.outcomes, equals={"error": 3, "terminal": 1}, within=HOUR)

        assert (0, 0) == (queue.num_requeues("stuck"), len(queue._limiter))
        assert "absent" == queue.state_of("stuck")


async def test_a_terminal_error_is_not_tried_again():
    """Only a new call brings the object back."""
    async with World({"stuck": [TerminalError("no way")]}, workers=1) as world:
        await world.clock.sleep(HOUR)
        assert {"terminal": 1} == world.outcomes
        world.controller.queue.add("stuck")
        await world.wait_finished(["stuck"])

        assert {"terminal": 1, "success": 1} == world.outcomes
