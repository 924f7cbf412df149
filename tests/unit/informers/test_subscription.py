"""A slow reader costs nobody anything but itself, and never more memory than there are objects."""

import asyncio

import pytest

from informers.snapshot import seal
from informers.store import Change
from informers.subscription import Subscription
from tests.kit.virtual import VirtualClock


def snapshot(name, version, *, uid=""):
    """Return an object at a version."""
    text = f'{{"metadata":{{"name":"{name}","resourceVersion":"{version}","uid":"{uid or name}"}}}}'
    return seal(text.encode())


class Source:
    """The part of an informer that a subscription uses."""

    def __init__(self):
        self.handlers = []
        self.clock = VirtualClock()
        self.asked = {}

    def add_handler(self, handler, **asked):
        """Be told of changes; what is returned can be removed."""
        self.handlers.append(handler)
        self.asked = asked
        return self

    def remove(self):
        """Tell nobody any longer."""
        self.handlers.clear()

    def tell(self, *changes):
        """Tell all handlers."""
        for handler in list(self.handlers):
            handler(list(changes))


@pytest.fixture
def source():
    """Return what changes come from."""
    return Source()


@pytest.mark.virtual
async def test_t19_a_reader_that_is_away_holds_one_change_per_object(source):
    """10,000 changes of ten objects wait as ten, each from the first old to the last new state."""
    waiting = Subscription(source)
    states = {name: snapshot(name, 1) for name in "abcdefghij"}
    first = dict(states)
    for version in range(2, 1002):
        for name, old in states.items():
            states[name] = snapshot(name, version)
            source.tell(Change(name, old, states[name]))

    assert 10 == len(waiting)
    assert {(first[n], states[n]) for n in states} == {
        (change.old, change.new) for change in waiting._waiting.values()
    }


@pytest.mark.virtual
async def test_t19_what_came_and_went_unseen_leaves_no_trace(source):
    """Objects with ever new names do not pile up for a reader that is away."""
    waiting = Subscription(source)
    for number in range(10_000):
        passing = snapshot(f"job-{number}", number + 1)
        source.tell(Change(passing.key, None, passing))
        source.tell(Change(passing.key, passing, None))

    assert 0 == len(waiting)


@pytest.mark.virtual
async def test_t19_the_alarm_is_raised_once_until_the_reader_caught_up(source):
    """Somebody is told that a reader is slow, and not told ten thousand times."""
    alarms = []
    Subscription(source, warn_at=5, alarm=alarms.append)
    for number in range(20):
        new = snapshot(f"o{number}", 1)
        source.tell(Change(new.key, None, new))

    assert [6] == alarms


@pytest.mark.virtual
async def test_a_reader_gets_changes_in_the_order_of_their_first_arrival(source):
    """Nothing is lost and nothing comes twice."""
    reader = Subscription(source)
    one, two = snapshot("a", 1), snapshot("b", 2)
    source.tell(Change("a", None, one, initial=True), Change("b", None, two))
    source.tell(Change("a", one, snapshot("a", 3)))
    reader.close()

    taken = [change async for change in reader]

    assert [("a", True, "3"), ("b", False, "2")] == [
        (change.key, change.initial, change.new.resource_version) for change in taken
    ]


@pytest.mark.virtual
async def test_a_reader_waits_for_what_is_to_come(source):
    """An empty buffer is waited at, not polled."""
    reader = Subscription(source)
    one = snapshot("a", 1)
    asyncio.get_running_loop().call_later(5, source.tell, Change("a", None, one))

    change = await anext(reader)

    assert (None, one) == (change.old, change.new)


@pytest.mark.virtual
async def test_a_successor_of_the_same_name_is_told_as_two_steps(source):
    """Coalescing does not make two objects look like one."""
    reader = Subscription(source)
    old, new = snapshot("a", 1, uid="first"), snapshot("a", 5, uid="second")
    source.tell(Change("a", old, None), Change("a", None, new))
    reader.close()

    taken = [(change.old, change.new) async for change in reader]

    assert [(old, None), (None, new)] == taken


@pytest.mark.virtual
async def test_the_age_is_that_of_what_waits_longest(source):
    """Since its first change, though later ones were folded into it; none when all was taken."""
    reader, loop = Subscription(source, name="disk", resync=60), asyncio.get_running_loop()
    one, two, three = snapshot("a", 1), snapshot("b", 2), snapshot("a", 3)
    source.tell(Change("a", None, one))
    await source.clock.sleep(10)
    source.tell(Change("a", one, three), Change("b", None, two))

    assert {"name": "disk", "resync": 60, "backlog": reader} == source.asked
    assert 0.0 == reader.waiting_since
    await anext(reader)
    assert loop.time() == reader.waiting_since
    source.tell(Change("b", two, None))
    assert reader.waiting_since is None


@pytest.mark.virtual
async def test_a_resync_hides_no_change_that_waits(source):
    """An update of itself adds nothing to what a reader is still to hear."""
    reader = Subscription(source)
    one, two = snapshot("a", 1), snapshot("a", 2)
    source.tell(Change("a", one, two))
    source.tell(Change("a", two, two))
    source.tell(Change("b", two, two))
    reader.close()

    taken = [(change.key, change.old, change.new) async for change in reader]

    assert [("a", one, two), ("b", two, two)] == taken
