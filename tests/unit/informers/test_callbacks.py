"""Indexers and handlers that raise: what it costs, and who is told."""

import pytest

from informers.index import Index
from informers.meta.builtin import CONFIG_MAP, SECRET
from informers.reflector import Source
from tests.unit.controller.runtime.world import World, picture, thing

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
            ("ConfigMap", "letters", "ns/0!"),
            ("Secret", "broken", "ns/s!"),
            ("Secret", "letters", "ns/s!"),
        ]

        assert expected == sorted(told(world))
        first = world.log.told("callback_failed")[0]
        assert "return () for what is odd" in first["remedy"]
        assert "ValueError('a bug')" == first["error"]


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
