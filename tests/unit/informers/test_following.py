"""A metadata-only cache beside one of the whole objects: one watch, nothing lost or told twice."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from informers.errors import NotFound
from informers.meta.builtin import POD
from informers.reflector import Source
from informers.registration import BATCH
from informers.selection import as_metadata_only
from informers.snapshot import seal
from tests.unit.informers.silent import SilentClient, pod, put, silent_informers

METADATA = Source(kind=POD, metadata_only=True)
WHOLE = Source(kind=POD)


class Hearer:
    """A handler that knows what it was told, by version."""

    def __init__(self):
        self.told = {}
        self.newest = {}
        self.steps = []

    def take(self, changes):
        """Be told; each change follows from the last one told, and none goes back in time."""
        for change in changes:
            old = change.old and change.old.resource_version
            assert old == self.told.get(change.key)
            assert change.old is None or change.new is None or change.new.resource_version != old
            if change.new is None:
                del self.told[change.key]
            else:
                version = self.told[change.key] = change.new.resource_version
                assert int(version) > self.newest.get(change.key, 0)
                self.newest[change.key] = int(version)
            self.steps.append((change.key[3:], old, self.told.get(change.key), change.initial))


def complete(informer, version):
    """Let the informer's content be complete as of a version."""
    informer.scopes[""].complete(str(version))


def event(informer, name, version, *, gone=False):
    """Let an informer's own watch tell of an object."""
    raw = pod(name, version)
    snapshot = seal(as_metadata_only(raw) if informer.source.metadata_only else raw)
    informer.scopes[""].version = str(version)
    store = informer.store
    informer._deliver(store.delete(snapshot) if gone else store.upsert(snapshot))


@asynccontextmanager
async def beside():
    """Run a metadata-only informer that knows a, b and c, and then one of whole objects."""
    client, hearer = SilentClient(), Hearer()
    async with silent_informers(client) as informers:
        part = informers.acquire(METADATA)
        part.add_handler(hearer.take)
        complete(part, 1)
        for version, name in enumerate("abc", start=2):
            event(part, name, version)
        await client.clock.sleep(0)
        whole = informers.acquire(WHOLE)
        hearer.steps.clear()
        yield client, informers, part, whole, hearer


async def moved(part):
    """Wait until the part follows."""
    async with asyncio.timeout(60):
        while part.lead is None:
            await part.clock.sleep(0.1)
        await part.clock.sleep(0.1)


@pytest.mark.virtual
async def test_metadata_is_served_from_a_cache_of_the_whole_objects():
    """Whoever comes later and asks for less gets what is there; no second watch begins."""
    client = SilentClient()
    async with silent_informers(client) as informers:
        whole = informers.acquire(WHOLE)
        part = informers.acquire(METADATA)
        assert part is whole
        await client.clock.sleep(1)
        assert 1 == client.streams

        await informers.release(whole)
        assert 1 == client.streams
        await informers.release(part)
        assert 0 == client.streams


@pytest.mark.virtual
async def test_a_metadata_cache_gives_its_watch_up_and_says_only_what_is_new():
    """What both know is not told again; what changed meanwhile is, as after a new list."""
    async with beside() as (client, _, part, whole, hearer):
        for name, version in (("a", 2), ("b", 5), ("d", 6)):
            event(whole, name, version)
        complete(whole, 7)
        await moved(part)

        assert 1 == client.streams
        assert [("c", "4", None, False), ("b", "3", "5", False), ("d", None, "6", False)] == (
            hearer.steps
        )
        assert part.is_whole
        assert all(b'"spec":' in held.raw for held in part.store)
        assert {held.key for held in whole.store} == {held.key for held in part.store}


@pytest.mark.virtual
async def test_a_follower_hears_each_change_once():
    """Of the watch, of own writes, of own deletions, and of what a lost write left in doubt."""
    async with beside() as (_, informers, part, whole, hearer):
        complete(whole, 7)
        await moved(part)
        hearer.steps.clear()

        event(whole, "a", 8)
        event(whole, "a", 9, gone=True)
        informers.doubtful(POD, "ns/b", "ns/owner", 1)
        raw = pod("b", 10)
        informers.wrote(POD, seal(raw), raw)
        informers.deleted(POD, "ns/b", "b")
        informers.settled(POD, "ns/b", 1)
        event(whole, "b", 11, gone=True)
        event(whole, "b", 12)

        assert [
            ("a", None, "8", False),
            ("a", "8", None, False),
            ("b", None, "10", False),
            ("b", "10", None, False),
            ("b", None, "12", False),
        ] == hearer.steps
        assert [0, 0] == [one.store.doubtful for one in (part, whole)]


@pytest.mark.virtual
async def test_a_large_cache_moves_piece_by_piece():
    """Others have their turns; what is written meanwhile is there, and whole is what is all so."""
    many = 5 * BATCH
    async with beside() as (client, informers, part, whole, hearer):
        sizes = []
        part.add_handler(lambda changes: sizes.append(len(changes)))
        names = [f"n{number}" for number in range(many)]
        for version, name in enumerate(names, start=10):
            event(whole, name, version)
        complete(whole, 10 + many)
        while part.lead is None:
            await client.clock.sleep(0)
        assert not part.is_whole

        last = names[-1]
        assert part.store.get(f"ns/{last}") is None
        raw = pod(last, 9)  # the reply was late: the watch has told of a newer state
        informers.wrote(POD, seal(raw), raw)
        assert f"{9 + many}" == part.store.get(f"ns/{last}").resource_version
        event(whole, names[-2], 11 + many, gone=True)
        event(whole, "late", 12 + many)
        await moved(part)

        assert part.is_whole
        assert BATCH >= max(sizes)
        assert {held.key for held in whole.store} == hearer.told.keys()


@pytest.mark.virtual
async def test_nobody_moves_to_a_cache_that_knows_less():
    """Neither where its watch has told of less, nor where it has not seen a write of ours."""
    async with beside() as (client, _, part, whole, hearer):
        event(whole, "a", 2)
        complete(whole, 3)
        await client.clock.sleep(30)
        assert part.lead is None
        assert 2 == client.streams

        put(part, "e", 20)
        complete(whole, 4)
        await client.clock.sleep(30)
        assert part.lead is None

        event(whole, "b", 3)
        event(whole, "c", 4)
        event(whole, "e", 20)
        await moved(part)
        assert [("e", None, "20", False)] == hearer.steps
        assert 1 == client.streams


@pytest.mark.virtual
async def test_a_lead_lives_as_long_as_its_followers():
    """Its last own holder may go; with the last of all it ends, and leaves nothing."""
    async with beside() as (client, informers, part, whole, hearer):
        complete(whole, 7)
        await moved(part)
        await informers.release(whole)
        assert 1 == client.streams
        event(whole, "z", 8)
        assert "ns/z" in hearer.told

        await informers.release(part)
        assert 0 == client.streams
        assert [] == list(informers)
        assert () == whole.registrations


@pytest.mark.virtual
async def test_what_is_asked_for_before_the_start_needs_one_watch():
    """The metadata-only cache never watches by itself, and waits for the other's content."""
    client, hearer = SilentClient(), Hearer()
    informers = silent_informers(client)
    part = informers.acquire(METADATA, optional=False)
    part.add_handler(hearer.take)
    whole = informers.acquire(WHOLE)
    async with informers, asyncio.TaskGroup() as group:
        waiting = group.create_task(part.wait_synced())
        await client.clock.sleep(1)
        assert 1 == client.streams
        event(whole, "a", 5)
        complete(whole, 5)
        await asyncio.wait_for(waiting, 10)

        assert part.has_synced
        assert [("a", None, "5", True)] == hearer.steps


@pytest.mark.virtual
async def test_a_follower_tells_and_does_as_its_lead():
    """Staleness, absence, optionality, namespaces: there is one watch that they are about."""
    async with beside() as (_, informers, part, whole, _):
        informers.acquire(METADATA, optional=True)
        event(whole, "a", 6)
        complete(whole, 7)
        await moved(part)

        (reflector,) = whole.reflectors
        reflector.statistics.last_contact = part.clock.monotonic() - 5
        reflector.statistics.absent = True
        assert [] == part.reflectors
        assert part.staleness() >= 5
        assert part.is_absent
        assert whole.is_optional
        part.wake()
        assert reflector._patience._wake.is_set()
        assert 1 == len(part.store)
        await part.set_namespaces(["other"])
        assert ["other"] == list(whole.scopes)
        assert 0 == len(part.store)


@pytest.mark.virtual
async def test_an_informer_that_ends_while_it_moves_leaves_nothing():
    """It was waiting for the other one to catch up."""
    async with beside() as (client, informers, part, whole, _):
        complete(whole, 1)
        await client.clock.sleep(5)
        await informers.release(part)
        assert 1 == client.streams
        await informers.release(whole)
        assert 0 == client.streams


@pytest.mark.virtual(seeds=30)
async def test_two_watches_at_any_lag_end_as_one():
    """Whenever the change-over comes, the handler's view follows step by step to the end."""
    loop = asyncio.get_running_loop()
    log, alive = [], set()
    for version in range(10, 300):
        name = loop.random.choice("abcdefgh")
        gone = name in alive and loop.random.random() < 0.4
        alive = alive - {name} if gone else alive | {name}
        log.append((name, version, gone))
    async with beside() as (client, _, part, whole, hearer):
        cursors = {id(part): 0, id(whole): 0}

        def step(informer):
            name, version, gone = log[cursors[id(informer)]]
            cursors[id(informer)] += 1
            event(informer, name, version, gone=gone)

        for version, name in enumerate("abc", start=2):
            event(whole, name, version)
        complete(whole, 4)
        while cursors[id(whole)] < len(log):
            if part.lead is None and cursors[id(part)] < len(log) and loop.random.random() < 0.5:
                step(part)
            else:
                step(whole)
            if loop.random.random() < 0.2:
                await client.clock.sleep(loop.random.choice((0, 0.7)))
        await moved(part)

        assert {held.key: held.resource_version for held in whole.store} == hearer.told


@pytest.mark.virtual
async def test_a_live_read_of_what_is_gone_is_told_to_all():
    """A follower that asks the server itself passes the answer on."""

    async def get(kind, name, *, namespace):
        raise NotFound(f"no {kind} {namespace}/{name}", code=404)

    async with beside() as (client, _, part, whole, hearer):
        client.get = get
        event(whole, "a", 5)
        complete(whole, 7)
        await moved(part)
        with pytest.raises(NotFound):
            await part.get_live("a", namespace="ns")

        assert (0, 0) == (len(whole.store), len(part.store))
        assert {} == hearer.told
