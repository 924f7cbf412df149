"""T19: a reader that has stopped reading, beside a handler that is quick."""

import asyncio

from informers.meta.builtin import CONFIG_MAP
from informers.subscription import Subscription
from tests.integration.informers.objects import create, path
from tests.kit.eventually import eventually
from tests.kit.mirror import mirrored

NAMES = [f"o{number}" for number in range(10)]
CHANGES = 1_000
ALARM = 5


class Reader:
    """Takes one change and then no more, until it may go on; what it took makes its view."""

    def __init__(self, informer):
        self.alarms = []
        self.longest = 0
        self.beside = []
        self.view = {}
        self.taken = 0
        self.go_on = asyncio.Event()
        self.changes = Subscription(informer, warn_at=ALARM, alarm=self.alarms.append)

    async def run(self):
        """Read until the subscription ends."""
        async for change in self.changes:
            self.taken += 1
            assert self.view.get(change.key) == (change.old and change.old.resource_version)
            self.view.pop(change.key, None)
            if change.new is not None:
                self.view[change.key] = change.new.resource_version
            await self.go_on.wait()

    def stand_beside(self, changes):
        """Be a quick handler that comes after the reader, and note how much waits for that."""
        self.longest = max(self.longest, len(self.changes))
        self.beside += changes


def change_all(rest, namespace, number):
    """Change every object, and return the versions that came of it."""
    merge = "application/merge-patch+json"
    answers = [
        rest.request(
            "PATCH", path(namespace, name), {"data": {"n": f"{number}"}}, content_type=merge
        )
        for name in NAMES
    ]
    return [answer.ok()["metadata"]["resourceVersion"] for answer in answers]


def versions(changes):
    """Return what changed objects became; those that came are left out."""
    return [change.new.resource_version for change in changes if change.old is not None]


async def test_t19_a_reader_that_stalls_costs_no_other_handler_a_change(cluster, namespace, rest):
    """A thousand changes of ten objects: one hears of each, one keeps the last state of each."""
    create(rest, namespace, *NAMES)
    async with mirrored(cluster, CONFIG_MAP, namespace) as mirror, asyncio.TaskGroup() as group:
        await mirror.wait_synced()
        reader = Reader(mirror.informer)
        mirror.informer.add_handler(reader.stand_beside)
        reading = group.create_task(reader.run())
        await eventually(lambda: reader.taken, equals=1)
        made = []
        for number in range(CHANGES // len(NAMES)):
            made += change_all(rest, namespace, number)
            await mirror.client.clock.sleep(0)
        await eventually(lambda: versions(mirror.changes), equals=made, within=30)
        await mirror.wait_agrees(rest)
        assert made == versions(reader.beside)

        assert 1 == reader.taken
        assert ALARM < reader.longest <= len(mirror.informer.store)
        assert 1 == len(reader.alarms)

        reader.go_on.set()
        await eventually(lambda: reader.view == mirror.content())
        assert reader.taken <= 1 + 2 * len(mirror.informer.store)
        reader.changes.close()
        await reading
