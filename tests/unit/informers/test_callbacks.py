"""Indexers, handlers and transforms that raise: what it costs, and who is told."""

import asyncio
import functools

import pytest

from informers.callbacks import called
from informers.client import Client
from informers.factory import Informers
from informers.index import Index
from informers.meta.builtin import CONFIG_MAP, SECRET
from informers.references import Mentions
from informers.reflector import Source
from tests.kit.virtual import VirtualClock
from tests.unit.controller.runtime.world import Nowhere, Wire, World, picture, thing

pytestmark = pytest.mark.virtual


class Ear:
    """A handler that raises at some objects."""

    def __init__(self, *odd):
        self.odd, self.keys = odd, []

    def take(self, changes):
        """Hear, or raise."""
        for change in changes:
            if change.key in self.odd:
                raise ValueError(f"a bug at {change.key}")
            self.keys.append(change.key)


def letters(snapshot):
    """Index by the letters of the name, but for names that are odd."""
    for letter in snapshot.meta.name:
        yield letter
        if letter == "!":
            raise ValueError("a bug")


def told(world):
    """Return what was logged: kind, function and key."""
    found = world.log.told("callback_failed")
    return [(each["kind"], each["callback"], each["key"]) for each in found]


async def test_a_handler_that_raises_ends_neither_a_watch_nor_what_others_hear():
    """The watch goes on and everybody hears of all that follows."""
    world = World()
    informer = world.informers.acquire(Source(kind=CONFIG_MAP))
    broken, sound = Ear("ns/a"), Ear()
    informer.add_handler(broken.take, name="broken")
    informer.add_handler(sound.take)
    async with world.reflecting(informer):
        for version, name in enumerate("abab", start=60):
            world.wire.push(CONFIG_MAP, "MODIFIED", thing(name, version=version))
            await world.clock.sleep(1)

        assert ["ns/a", "ns/b", "ns/a", "ns/b"] == sound.keys
        assert ["ns/b", "ns/b"] == broken.keys
        assert 1 == informer.reflectors[0].statistics.watches


async def test_a_late_handler_that_raises_ends_nothing():
    """Neither while it hears of what there is, nor when it hears of it again."""
    world = World()
    world.wire.content["configmaps"] = [thing("a")]
    informer = world.informers.acquire(Source(kind=CONFIG_MAP))
    async with world.reflecting(informer):
        informer.add_handler(Ear("ns/a").take, name="late", resync=10)
        await world.clock.sleep(60)
        world.wire.push(CONFIG_MAP, "ADDED", thing("b", version=60))
        await world.clock.sleep(1)

        assert informer.store.get("ns/b") is not None
        assert [("ConfigMap", "late", "ns/a")] == told(world)


async def test_an_indexer_that_raises_costs_its_object_and_no_other():
    """The object is cached, its handlers hear of it, and other objects are found."""
    world = World()
    informer = world.informers.acquire(Source(kind=CONFIG_MAP))
    informer.store.add_index("letters", letters)
    ear = Ear()
    informer.add_handler(ear.take)
    async with world.reflecting(informer):
        for version, name in enumerate(("odd!", "do"), start=60):
            world.wire.push(CONFIG_MAP, "ADDED", thing(name, version=version))
            await world.clock.sleep(1)

        assert ["ns/do"] == informer.store.index_keys("letters", "d")
        assert ["ns/odd!", "ns/do"] == ear.keys


def whole(raw):
    """Keep all of an object, but for names that are odd."""
    if b"!" in raw:
        raise ValueError("a bug")
    return raw


async def test_a_transform_that_raises_costs_its_object_and_no_other():
    """It is no worse than an object that makes no sense, in the first content and in a write."""
    world = World()
    world.wire.content["configmaps"] = [thing("a!"), thing("b")]
    informer = world.informers.acquire(Source(kind=CONFIG_MAP, transform=whole))
    async with world.reflecting(informer):
        world.wire.answer = lambda _: (200, thing("b", version=60, data={"odd": "!"}))
        await world.client.patch(CONFIG_MAP, "b", {}, namespace="ns")
        world.wire.push(CONFIG_MAP, "MODIFIED", thing("c!", version=61))
        world.wire.push(CONFIG_MAP, "MODIFIED", thing("d", version=62))
        await world.clock.sleep(1)

        assert {"ns/b": "1", "ns/d": "62"} == {s.key: s.resource_version for s in informer.store}
        assert 2 == informer.reflectors[0].statistics.undecodable
        assert [("ConfigMap", f"transform {__name__}.whole", "ns/a!")] == told(world)
        assert 1 == informer.reflectors[0].statistics.watches


async def test_each_function_is_told_once_for_each_kind():
    """With the first object and the remedy; a thousand odd objects are one line."""
    world = World()
    world.wire.content["configmaps"] = [thing(f"{n}!") for n in range(3)]
    world.wire.content["secrets"] = [thing("s!")]
    kinds = (CONFIG_MAP, SECRET)
    informers = [world.informers.acquire(Source(kind=kind)) for kind in kinds]
    for informer in informers:
        informer.store.add_index("letters", letters)
        informer.add_handler(Ear("ns/0!", "ns/s!").take, name="broken")
    async with world.reflecting(*informers):
        expected = [
            ("ConfigMap", "broken", "ns/0! and 2 more"),
            ("ConfigMap", "index letters", "ns/0!"),
            ("Secret", "broken", "ns/s!"),
            ("Secret", "index letters", "ns/s!"),
        ]

        assert expected == sorted(told(world))
        first = world.log.told("callback_failed")[0]
        assert "return () for what is odd" in first["remedy"]
        assert "ValueError('a bug')" == first["error"]


async def test_a_cache_on_its_own_tells_the_loop_once_of_each_function():
    """Nothing that raises is lost where no program has said who wants to know."""
    wire, heard = Wire(), []
    wire.content["configmaps"] = [thing("a!"), thing("b!")]
    client = Client(Nowhere(), clock=VirtualClock())
    client._transport = wire
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))
    async with Informers(client) as informers:
        informer = informers.acquire(Source(kind=CONFIG_MAP))
        informer.store.add_index("letters", letters)
        informer.add_handler(Ear("ns/a!").take)
        await informer.wait_synced()
        wire.push(CONFIG_MAP, "MODIFIED", thing("a!", version=60))
        await client.clock.sleep(1)

    assert ["a bug", "a bug at ns/a!"] == [str(context["exception"]) for context in heard]
    messages = [context["message"] for context in heard]
    assert messages[0].startswith("index letters raised at ConfigMap ns/a!; the index does not ")
    named = f"{__name__}.Ear.take"
    assert messages[1].startswith(f"{named} raised at ConfigMap ns/a! and 1 more; it missed ")


async def test_functions_that_look_alike_are_told_each():
    """Two lambdas of one scope, two indexes of one kind of function, and what a partial calls."""

    def wide(word, _):
        raise ValueError(word)

    world = World()
    world.wire.content["configmaps"] = [thing("a")]
    informer = world.informers.acquire(Source(kind=CONFIG_MAP))
    informer.add_handler(lambda _: wide("one", _))
    informer.add_handler(lambda _: wide("two", _))
    informer.add_handler(functools.partial(wide, "three"))
    for name in ("four", "five"):
        informer.store.add_index(name, functools.partial(wide, name))
    async with world.reflecting(informer):
        assert {"one", "two", "three", "four", "five"} == {
            str(each["exc_info"]) for each in world.log.told("callback_failed")
        }
        scope = f"{__name__}.test_functions_that_look_alike_are_told_each.<locals>"
        names = [name for _, name, _ in told(world)]
        assert {"index four", "index five", f"{scope}.wide"} < set(names)
        assert 2 == sum(name.startswith(f"{scope}.<lambda>:") for name in names)


async def test_functions_of_two_modules_are_told_each():
    """The second is heard of though the first, which has failed before, has the same name."""

    def of(module):
        def handle(_):
            raise ValueError(module)

        handle.__module__ = module
        return handle

    world = World()
    world.wire.content["configmaps"] = [thing("a")]
    informer = world.informers.acquire(Source(kind=CONFIG_MAP))
    for module in ("one", "two"):
        informer.add_handler(of(module))
    async with world.reflecting(informer):
        told_of = [str(each["exc_info"]) for each in world.log.told("callback_failed")]

        assert ["one", "two"] == sorted(told_of)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (print, "builtins.print"),
        ([].append, "builtins.list.append"),
        (Ear("a").take, f"{__name__}.Ear.take"),
        (functools.partial(Ear.take, Ear("a")), f"{__name__}.Ear.take"),
        (Mentions(), "informers.references.Mentions"),
    ],
    ids=["built in", "built in and bound", "bound", "partial", "an object that can be called"],
)
def test_whatever_can_be_called_has_a_name(function, name):
    """Whoever reads it knows where to look."""
    assert name == called(function)


def test_an_indexer_that_comes_to_raise_leaves_no_key_behind():
    """Whatever it says of an object that goes, no lookup shows that."""
    moods = iter([["x", "y"], ["x"], ValueError("a bug")])

    def moody(_):
        mood = next(moods)
        if isinstance(mood, Exception):
            raise mood
        return mood

    first, second = picture("a"), picture("b")
    index = Index(moody, {"ns/a": first, "ns/b": second})
    index.move("ns/a", first, None)

    assert {"x": ["ns/b"]} == {value: list(index.keys(value)) for value in index.values()}
