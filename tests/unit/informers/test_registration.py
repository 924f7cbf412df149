"""What one handler hears: late, again and again, and no more."""

import asyncio

import pytest

from informers.registration import BATCH
from tests.unit.informers.silent import put, running_informer, silent_informer

PERIOD = 60.0


class Hearer:
    """A handler that holds its informer to its word."""

    def __init__(self):
        self.changes = []
        self.batches = []
        self.told = {}

    def take(self, changes):
        """Be told."""
        self.batches.append(len(changes))
        for change in changes:
            before = self.told.get(change.key)
            assert change.old is before or (change.initial and before is None)
            self.told[change.key] = change.new
        self.changes += changes

    @property
    def resyncs(self):
        """How many times an object was told again."""
        return sum(change.is_resync for change in self.changes)


async def rest_of(informer):
    """Let the informer's tasks run until they wait for time to pass."""
    await informer.clock.sleep(0.001)


@pytest.mark.virtual
async def test_a_resync_tells_of_every_object_as_an_update_of_itself():
    """About once in each period, and only the handler that asked for it."""
    asked, other = Hearer(), Hearer()
    async with running_informer() as informer:
        informer.add_handler(asked.take, resync=PERIOD)
        informer.add_handler(other.take)
        held = {put(informer, name, 1) for name in "abc"}

        await informer.clock.sleep(10.5 * PERIOD)

    assert 3 == len(other.changes)
    again = [change for change in asked.changes if change.is_resync]
    assert held == {change.new for change in again}
    assert len(again) in {27, 30, 33}
    assert not any(change.initial for change in again)


@pytest.mark.virtual(seeds=5)
async def test_periods_are_spread_by_a_tenth():
    """No two handlers that began together stay together, and none is called early or late."""
    times = []
    async with asyncio.TaskGroup() as group:
        informer = silent_informer(seed=asyncio.get_running_loop().seed)
        informer.start(group)
        put(informer, "a", 1)
        for _ in range(5):
            informer.add_handler(
                lambda told: told[0].is_resync and times.append(informer.clock.monotonic()),
                resync=PERIOD,
            )
        await informer.clock.sleep(1.2 * PERIOD)
        await informer.stop()

    assert 5 == len(set(times))
    assert all(0.9 * PERIOD <= moment <= 1.1 * PERIOD + 0.001 for moment in times)


@pytest.mark.virtual(seeds=10)
async def test_a_resync_never_tells_of_an_older_state():
    """Writes, deletions and new lists during the rounds: each step follows from the last."""
    loop, hearer = asyncio.get_running_loop(), Hearer()
    names = [f"p{number}" for number in range(2 * BATCH + 10)]
    async with asyncio.TaskGroup() as group:
        informer = silent_informer(seed=loop.seed)
        informer.start(group)
        informer.add_handler(hearer.take, resync=1.0)
        for version in range(1, 4000):
            name = loop.random.choice(names)
            if loop.random.random() < 0.2:
                informer.deleted(f"ns/{name}", name)
            else:
                put(informer, name, version, uid=name)
            if version % 7 == 0:
                await informer.clock.sleep(loop.random.choice((0, 0, 0.01)))
        await informer.stop()

    held = {snapshot.key: snapshot for snapshot in informer.store}
    assert held == {key: told for key, told in hearer.told.items() if told is not None}
    assert hearer.resyncs > 0


@pytest.mark.virtual
async def test_a_handler_that_left_is_not_resynced():
    """Not even the rest of the round in which it left; and its task is over."""
    async with asyncio.TaskGroup() as group:
        informer = silent_informer()
        informer.start(group)
        told = []

        def once(changes):
            told.extend(changes)
            if changes[0].is_resync:
                registration.remove()

        registration = informer.add_handler(once, resync=PERIOD)
        for number in range(BATCH + 1):
            put(informer, f"p{number}", 1)
        await informer.clock.sleep(5 * PERIOD)

        assert 2 * BATCH + 1 == len(told)
        assert {} == informer._tellers
        await informer.stop()


@pytest.mark.virtual
async def test_a_resync_asked_for_before_the_start_begins_with_it():
    """Handlers that are there first are not forgotten."""
    hearer = Hearer()
    async with asyncio.TaskGroup() as group:
        informer = silent_informer()
        informer.add_handler(hearer.take, resync=PERIOD)
        informer.start(group)
        put(informer, "a", 1)
        await informer.clock.sleep(1.5 * PERIOD)
        await informer.stop()

    assert 1 == hearer.resyncs


@pytest.mark.parametrize("seconds", [0.5, -1.0])
async def test_a_resync_that_would_be_polling_is_refused(seconds):
    """With the least there is."""
    with pytest.raises(ValueError, match="give 1 s or more"):
        silent_informer().add_handler(print, resync=seconds)


@pytest.mark.virtual
async def test_t18_a_late_handler_hears_of_a_change_of_its_first_moment_once():
    """What changes before it was told anything is told as part of everything, not before it."""
    hearer = Hearer()
    async with running_informer() as informer:
        put(informer, "a", 1)
        put(informer, "b", 1)
        registration = informer.add_handler(hearer.take, name="late")
        assert not registration.has_synced
        assert 2 == registration.depth
        newest = put(informer, "a", 2)
        informer.deleted("ns/b", "b")
        fresh = put(informer, "c", 3)
        await rest_of(informer)

        assert [(None, fresh, False), (None, newest, True)] == [
            (change.old, change.new, change.initial) for change in hearer.changes
        ]
        assert (0, 0.0) == (registration.depth, registration.oldest_age())


@pytest.mark.virtual
async def test_everything_is_told_in_parts():
    """So that other tasks run in between."""
    hearer = Hearer()
    async with running_informer() as informer:
        for number in range(2 * BATCH + 1):
            put(informer, f"p{number}", 1)
        informer.add_handler(hearer.take)
        await rest_of(informer)

    assert [BATCH, BATCH, 1] == hearer.batches


@pytest.mark.virtual
async def test_an_informer_that_stops_ends_what_it_tells():
    """A late handler that was to hear of more hears no more, and no task is left."""
    hearer = Hearer()
    async with asyncio.TaskGroup() as group:
        informer = silent_informer()
        informer.start(group)
        for number in range(3 * BATCH):
            put(informer, f"p{number}", 1)
        informer.add_handler(hearer.take, resync=PERIOD)
        await informer.clock.sleep(0)
        await informer.stop()

        assert {} == informer._tellers
    assert len(hearer.changes) < 3 * BATCH


class Backlog(list):
    """Things that wait since a moment."""

    waiting_since = 5.0


@pytest.mark.virtual
async def test_what_waits_behind_a_handler_counts_as_its_depth():
    """How much and for how long, for the metrics."""
    informer = silent_informer()
    registration = informer.add_handler(print, name="slow", backlog=Backlog("ab"))
    await informer.clock.sleep(25)

    assert ("slow", 2, 20.0) == (registration.name, registration.depth, registration.oldest_age())
