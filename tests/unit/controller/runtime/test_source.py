"""What a kind's changes put into the queue: T43, T44."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable

import attrs
import pytest

from controller.runtime.builder import Builder
from controller.runtime.controller import Controller
from controller.runtime.handler import own_key, owner
from controller.runtime.predicate import appeared_or_went, spec_changed
from controller.runtime.reconcile import done
from controller.runtime.source import IteratorSource, KindSource, Why, timer
from controller.runtime.workqueue.priority import DEFAULT, LOW
from informers.meta.builtin import CONFIG_MAP
from informers.meta.kinds import Kind
from informers.reflector import Source as Reflected
from informers.snapshot import seal
from informers.store import Change
from tests.kit.eventually import eventually
from tests.kit.virtual import VirtualClock
from tests.unit.controller.runtime.world import Kept, World, thing

PARENT = Kind("test.pentad.dev", "v1alpha1", "Widget", "widgets")


def child(*, owner_name="", controller="true", version=1, generation=0):
    """Return a child, mostly owned."""
    reference = (
        b'{"apiVersion":"test.pentad.dev/v9","kind":"Widget","name":"%s","uid":"u-%s",'
        b'"controller":%s}' % (owner_name.encode(), owner_name.encode(), controller.encode())
    )
    return seal(
        b'{"metadata":{"name":"c","namespace":"ns","uid":"u","resourceVersion":"%d",'
        b'"generation":%d,"ownerReferences":[%s]}}'
        % (version, generation, reference if owner_name else b"")
    )


class Idle:
    """A reconciler that has nothing to do."""

    async def reconcile(self, _):
        """Be done."""
        return done()


class Queue:
    """Keeps what is put."""

    def __init__(self):
        self.put = []

    def add(self, key, *, priority=DEFAULT):
        """Keep it."""
        self.put.append((key, priority))


class NoInformers:
    """Lends nothing."""

    def acquire(self, reflected, *, optional=False):
        """Lend nothing."""


def told(*changes, mapper=own_key, predicates=()):
    """Return what a source puts for these changes, and the source."""
    source = KindSource(
        NoInformers(), Reflected(kind=CONFIG_MAP), mapper=mapper, predicates=predicates
    )
    source._queue, source._why = queue, why = Queue(), Why(VirtualClock())
    source._take(list(changes))
    return queue.put, source, why


async def test_t43_a_child_that_changes_owner_calls_both():
    """The owner it had and the owner it has are looked at, each once."""
    change = Change("ns/c", child(owner_name="a"), child(owner_name="b", version=2))

    put, _, why = told(change, mapper=owner(PARENT))

    assert [("ns/a", DEFAULT), ("ns/b", DEFAULT)] == put
    assert "ConfigMap ns/c changed" == why.of("ns/a")[1]


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        ("a", "a", ["ns/a"]),
        ("a", "", ["ns/a"]),
        ("", "b", ["ns/b"]),
        ("", "", []),
    ],
    ids=["kept", "orphaned", "adopted", "never owned"],
)
async def test_t43_owners_of_both_states_are_called_once(old, new, keys):
    """Whatever happened to the reference."""
    change = Change("ns/c", child(owner_name=old), child(owner_name=new, version=2))

    assert keys == [key for key, _ in told(change, mapper=owner(PARENT))[0]]


async def test_t43_only_a_controller_is_called_unless_all_owners_are_meant():
    """An owner that does not control it is called when that was asked for."""
    found = child(owner_name="a", controller="false")

    assert [] == list(owner(PARENT)(found))
    assert ["ns/a"] == list(owner(PARENT, only_controller=False)(found))


async def test_t44_a_predicate_that_raises_drops_nothing():
    """The change goes through, the error is counted, and the next one is judged again."""

    def broken(change):
        raise KeyError(change.key)

    changes = [Change("ns/c", None, child()), Change("ns/c", child(), None)]

    put, source, _ = told(*changes, predicates=(broken, lambda _: False))

    assert ["ns/c", "ns/c"] == [key for key, _ in put]
    assert 2 == source.predicate_errors


async def test_a_mapper_that_raises_costs_only_what_it_would_have_called_for():
    """Of the other state, and of the next change; it is counted, and told with its object."""

    def broken(snapshot):
        if snapshot.resource_version == "2":
            raise KeyError("spec")
        yield f"ns/v{snapshot.resource_version}"

    one, two, three = (child(version=number) for number in (1, 2, 3))
    first = Change("ns/c", None, two, initial=True)
    put, source, _ = told(
        first, Change("ns/c", one, two), Change("ns/c", two, three), mapper=broken
    )

    assert ["ns/v1", "ns/v3"] == [key for key, _ in put]
    assert 3 == source.mapper_errors


async def test_a_mapper_that_raises_ends_neither_a_watch_nor_a_write():
    """Handlers after it hear of the change, and the log names the object."""
    world = World()
    world.wire.content["configmaps"] = [thing("c")]

    def broken(_):
        raise ValueError("a bug")

    builder = Builder(world.runtime, "broken").watches(CONFIG_MAP, broken)
    keys, controller = [], builder.complete(Idle())
    async with world.working(controller):
        (informer,) = controller.informers
        informer.add_handler(
            lambda changes: keys.extend(change.key for change in changes), knows_all=True
        )
        world.wire.answer = lambda _: (200, thing("c", version=60))
        await world.client.patch(CONFIG_MAP, "c", {}, namespace="ns")
        assert "ns/c" in keys

    told = world.log.told("mapper_failed")[0]
    assert ("ConfigMap", "ns/c", "ValueError('a bug')") == (
        told["kind"],
        told["key"],
        told["error"],
    )


async def test_t44_predicates_must_all_agree():
    """One that turns a change down is enough."""
    change = Change("ns/c", child(generation=1), child(generation=2, version=2))

    assert [] == told(change, predicates=(spec_changed, appeared_or_went))[0]
    assert [("ns/c", DEFAULT)] == told(change, predicates=(spec_changed,))[0]


async def test_nobody_waits_for_first_contents_and_resyncs():
    """They are put behind what happens now."""
    held = child()
    put, _, _ = told(
        Change("ns/c", None, held, initial=True),
        Change("ns/c", held, held),
        Change("ns/c", None, held),
    )

    assert [LOW, LOW, DEFAULT] == [priority for _, priority in put]


async def test_reasons_are_remembered_for_a_bounded_number_of_keys():
    """The oldest key goes first; a key that is called again stays one entry."""
    why = Why(VirtualClock(), bound=2)
    for key in ("a", "b", "b", "c"):
        why.note(key, f"because of {key}")

    assert (None, "because of b", "because of c") == (
        why.of("a"),
        why.of("b")[1],
        why.of("c")[1],
    )


@pytest.mark.virtual
async def test_a_timer_puts_its_key_until_it_is_stopped():
    """Every so many seconds, and never after its stop."""
    clock, queue = VirtualClock(), Queue()
    source = timer("often", clock, seconds=10, key="all")
    async with asyncio.TaskGroup() as group:
        await source.start(queue, Why(clock), group)
        await source.wait_synced()
        await clock.sleep(35)
        await source.stop()
        await clock.sleep(100)

    assert ["all"] * 3 == [key for key, _ in queue.put]


@attrs.define
class Outside:
    """A source over an iterator that a test writes, with where its keys and its words go."""

    keys: Callable[[], AsyncIterator[str]]
    clock: VirtualClock = attrs.field(factory=VirtualClock)
    queue: Queue = attrs.field(factory=Queue)
    log: Kept = attrs.field(factory=Kept)
    source: IteratorSource = attrs.field(init=False)

    async def start(self, group):
        """Begin as a controller does."""
        self.source = IteratorSource("out", self.keys, clock=self.clock, rng=random.Random(1))
        await self.source.start(self.queue, Why(self.clock), group, log=self.log)

    @property
    def put(self):
        """The keys that came."""
        return [key for key, _ in self.queue.put]


@pytest.mark.virtual
async def test_an_iterator_that_ends_says_so():
    """Its keys are put in order; that no more will come may be a mistake."""

    async def keys():
        for key in ("a", "b"):
            yield key

    out = Outside(keys)
    async with asyncio.TaskGroup() as group:
        await out.start(group)

    assert (["a", "b"], ["source_ended"]) == (out.put, out.log.events())
    assert "out" == out.log.told("source_ended")[0]["source"]


@pytest.mark.virtual
@pytest.mark.parametrize("error", [OSError("cut"), asyncio.CancelledError()], ids=repr)
async def test_an_iterator_that_raises_is_begun_again(error):
    """It is told each time, and after a key the pauses begin anew."""
    began = []

    async def keys():
        began.append(out.clock.monotonic())
        if len(began) == 4:
            yield "late"
        raise error

    out = Outside(keys)
    async with asyncio.TaskGroup() as group:
        await out.start(group)
        await eventually(lambda: len(began), equals=5, within=60)
        await out.source.stop()

    pauses = [later - earlier for earlier, later in itertools.pairwise(began)]
    assert pauses == pytest.approx([1.0, 2.0, 4.0, 1.0], rel=0.6)
    assert (["late"], ["source_failed"] * 5) == (out.put, out.log.events())
    assert (repr(error), error) == tuple(
        out.log.told("source_failed")[0][field] for field in ("error", "exc_info")
    )


@pytest.mark.virtual
@pytest.mark.parametrize("goodbye", ["end", "raise", "go on"])
async def test_an_iterator_that_takes_its_stop_for_something_else_is_not_begun_again(goodbye):
    """Whatever it makes of the cancellation, its source has ended when `stop` returns."""
    began = []

    async def keys():
        began.append(1)
        yield "a"
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if goodbye == "raise":
                raise OSError("in its clean-up") from None
            while goodbye == "go on":
                yield "b"

    out = Outside(keys)
    async with asyncio.TaskGroup() as group:
        await out.start(group)
        await eventually(lambda: out.put, equals=["a"])
        await out.source.stop()

    assert ([1], ["a"]) == (began, out.put)
    assert (["source_failed"] if goodbye == "raise" else []) == out.log.events()


@pytest.mark.virtual
async def test_a_controller_hears_of_what_its_sources_cannot_do():
    """Its log is theirs."""
    world = World()
    controller = Controller(
        "c",
        Idle(),
        [IteratorSource("none", lambda: None, clock=world.clock)],
        clock=world.clock,
        log=world.log,
    )
    async with asyncio.TaskGroup() as group:
        await controller.warm_up(group)
        await eventually(world.log.events, equals=["source_failed"])
        await controller.stop(limit=0)
