"""Freezes of a workload's replicas, on a real API server."""

import asyncio
import datetime as dt
import functools

import pytest

from controller.runtime.builder import Builder
from controller.runtime.freezer import Freezer, HeldByAnother
from controller.runtime.intent import INTENTS, LABEL, TARGET, WHY, Intents, TargetRef, targeting
from controller.runtime.reconcile import Postponed, done
from informers.client import Client
from informers.connection import connect
from informers.errors import Conflict
from informers.meta.builtin import LEASE, STATEFUL_SET
from tests.integration.connection_world import SteppedClock
from tests.kit.eventually import eventually
from tests.kit.hosting import hosted

MINE, THEIRS = "vertice-failover/orders", "vertice-backup/nightly"


class Meddled:
    """Between a client and the server: right before a write, somebody else is faster."""

    def __init__(self, carrier, method, meddle, *, times=1):
        self._carrier, self._method, self._meddle, self._left = carrier, method, meddle, times
        self.stream, self.close = carrier.stream, carrier.close

    async def send(self, request, *, timeout):
        """Let the others go first, and then the request."""
        if request.method == self._method and self._left:
            self._left -= 1
            self._meddle()
        return await self._carrier.send(request, timeout=timeout)


@pytest.fixture
async def client(cluster):
    """Return a client whose time of day a test can move."""
    made = Client(await connect(kubeconfig=cluster.kubeconfig), clock=SteppedClock())
    yield made
    await made.close()


@pytest.fixture
def target(namespace):
    """Return something to freeze; that it exists is nobody's condition."""
    return TargetRef.of(STATEFUL_SET, namespace, "orders")


@pytest.fixture
def path(target):
    """Return where its Lease is."""
    return LEASE.path(target.namespace, target.lease)


def by_hand(target, *, name="", holder="anna", **spec):
    """Return a Lease as people write it: for an hour from now, but for what a test says."""
    now = SteppedClock().wall().strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    said = {"holderIdentity": holder, "leaseDurationSeconds": 3600, "renewTime": now} | spec
    return {
        "apiVersion": LEASE.api_version,
        "kind": LEASE.kind,
        "metadata": {
            "name": name or target.lease,
            "labels": {LABEL: "true"},
            "annotations": {TARGET: str(target), WHY: "I look into it"},
        },
        "spec": {key: value for key, value in said.items() if value is not None},
    }


# Freezing


async def test_a_freeze_is_a_lease_that_people_can_read(client, target, path, rest):
    """It says who, why and until when, beside the target and by its name."""
    intent = await Freezer(client, MINE).freeze(target, why="node-1 is lost", seconds=60)

    found = rest.get(path)
    assert (MINE, 60) == (intent.holder, (intent.until - intent.renewed).total_seconds())
    assert {TARGET: "StatefulSet.apps/orders", WHY: "node-1 is lost"} == found["metadata"][
        "annotations"
    ]
    assert (MINE, 60) == (found["spec"]["holderIdentity"], found["spec"]["leaseDurationSeconds"])
    assert intent.renewed == dt.datetime.fromisoformat(found["spec"]["renewTime"])


async def test_the_holder_renews_and_nobody_else(client, target, path, rest):
    """The same holder, also after a restart, prolongs it; another is told whose it is."""
    first = await Freezer(client, MINE).freeze(target, why="node-1 is lost", seconds=60)
    rest.merge(path, {"metadata": {"labels": {"team": "shop"}}})
    client.clock.skip(30)
    second = await Freezer(client, MINE).freeze(target, why="still", seconds=60)
    with pytest.raises(HeldByAnother) as refused:
        await Freezer(client, THEIRS).freeze(target, why="a backup", seconds=60)

    found = rest.get(path)
    assert second == refused.value.intent
    assert second.until - first.until >= dt.timedelta(seconds=30)
    assert first.renewed == dt.datetime.fromisoformat(found["spec"]["acquireTime"])
    assert {LABEL: "true", "team": "shop"} == found["metadata"]["labels"]


async def test_what_is_over_is_taken_over(client, target, path, rest):
    """A holder that died keeps nobody out for longer than it said."""
    first = await Freezer(client, MINE).freeze(target, why="node-1 is lost", seconds=60)
    client.clock.skip(61)
    intent = await Freezer(client, THEIRS).freeze(target, why="a backup", seconds=60)

    found = rest.get(path)
    assert THEIRS == intent.holder == found["spec"]["holderIdentity"]
    assert "a backup" == found["metadata"]["annotations"][WHY]
    assert first.renewed < dt.datetime.fromisoformat(found["spec"]["acquireTime"])
    with pytest.raises(HeldByAnother):
        await Freezer(client, MINE).freeze(target, why="I am back", seconds=60)


async def test_a_target_with_a_long_name_is_frozen_as_well(client, namespace):
    """The hashed name is one that the server takes."""
    target = TargetRef.of(STATEFUL_SET, namespace, "o" * 253)

    assert target == (await Freezer(client, MINE).freeze(target, why="", seconds=60)).target


# Releasing


async def test_released_twice_is_released(client, target, path, rest):
    """The Lease goes, and that it has gone is fine."""
    mine = Freezer(client, MINE)
    await mine.freeze(target, why="node-1 is lost", seconds=60)
    await mine.release(target)
    await mine.release(target)

    assert 404 == rest.request("GET", path).status


async def test_anothers_freeze_is_not_released(client, target, path, rest):
    """Whoever lost it while asleep leaves it to who has it now."""
    await Freezer(client, THEIRS).freeze(target, why="a backup", seconds=60)
    await Freezer(client, MINE).release(target)

    assert THEIRS == rest.get(path)["spec"]["holderIdentity"]


async def test_what_others_made_of_it_can_be_released_too(client, target, path, rest):
    """A Lease of ours that somebody has made no freeze is no litter."""
    mine = Freezer(client, MINE)
    await mine.freeze(target, why="node-1 is lost", seconds=60)
    rest.merge(path, {"metadata": {"labels": {LABEL: None}}})
    await mine.release(target)

    assert 404 == rest.request("GET", path).status


async def test_what_has_yet_to_go_is_waited_for(client, target, path, rest):
    """A freeze in a Lease that goes as soon as its finalizer does would be lost."""
    mine = Freezer(client, MINE)
    await mine.freeze(target, why="node-1 is lost", seconds=60)
    rest.merge(path, {"metadata": {"finalizers": ["example.com/hold"]}})
    await mine.release(target)
    with pytest.raises(Postponed, match="has yet to go"):
        await mine.freeze(target, why="again", seconds=60)

    rest.merge(path, {"metadata": {"finalizers": None}})
    assert MINE == (await mine.freeze(target, why="again", seconds=60)).holder


# Races


@pytest.mark.parametrize("before", ["nothing", "an expired one"])
async def test_of_two_who_try_at_once_exactly_one_wins(client, target, path, rest, before):
    """Whatever was there, the other is told who has it."""
    if before != "nothing":
        rest.create(LEASE.path(target.namespace), by_hand(target, leaseDurationSeconds=1))
        client.clock.skip(2)
    won, lost = [], []

    async def race(holder):
        try:
            won.append((await Freezer(client, holder).freeze(target, why="", seconds=60)).holder)
        except HeldByAnother as error:
            lost.append(error.intent.holder)

    async with asyncio.TaskGroup() as group:
        for number in range(8):
            group.create_task(race(f"holder-{number}"))

    assert [rest.get(path)["spec"]["holderIdentity"]] == won
    assert won * 7 == lost


@pytest.mark.parametrize(
    ("method", "mine"), [("POST", False), ("PUT", True)], ids=["the first", "a renewal"]
)
async def test_who_was_faster_is_not_written_over(client, target, path, rest, method, mine):
    """Between the look and the write somebody else has got it."""
    if mine:
        await Freezer(client, MINE).freeze(target, why="node-1 is lost", seconds=60)

    def be_faster():
        rest.delete(path)
        rest.create(LEASE.path(target.namespace), by_hand(target))

    client.wrap(functools.partial(Meddled, method=method, meddle=be_faster))
    with pytest.raises(HeldByAnother, match="by anna until"):
        await Freezer(client, MINE).freeze(target, why="node-1 is lost", seconds=60)

    assert "anna" == rest.get(path)["spec"]["holderIdentity"]


async def test_a_renewal_of_what_went_meanwhile_is_a_new_freeze(client, target, path, rest):
    """An update does not bring the old Lease back; what is there then was decided anew."""
    mine = Freezer(client, MINE)
    first = await mine.freeze(target, why="node-1 is lost", seconds=60)
    client.wrap(functools.partial(Meddled, method="PUT", meddle=lambda: rest.delete(path)))
    await mine.freeze(target, why="still", seconds=60)

    since = dt.datetime.fromisoformat(rest.get(path)["spec"]["acquireTime"])
    assert first.renewed < since
    assert 1 == client.answers["PUT", 409]


async def test_a_release_of_what_another_got_meanwhile_leaves_it(client, target, path, rest):
    """The deletion names the state that was ours."""
    mine = Freezer(client, MINE)
    await mine.freeze(target, why="node-1 is lost", seconds=60)
    spec = {"spec": {"holderIdentity": THEIRS}}
    client.wrap(functools.partial(Meddled, method="DELETE", meddle=lambda: rest.merge(path, spec)))
    await mine.release(target)

    assert THEIRS == rest.get(path)["spec"]["holderIdentity"]


async def test_a_release_of_what_went_meanwhile_is_one(client, target, path, rest):
    """Somebody else has deleted it between the look and the deletion."""
    mine = Freezer(client, MINE)
    await mine.freeze(target, why="node-1 is lost", seconds=60)
    client.wrap(functools.partial(Meddled, method="DELETE", meddle=lambda: rest.delete(path)))
    await mine.release(target)

    assert 1 == client.answers["DELETE", 404]


async def test_who_is_never_fast_enough_is_told(client, target, path, rest):
    """After some rounds it is the reconciler's to try again; nothing was lost meanwhile."""
    mine = Freezer(client, MINE)
    await mine.freeze(target, why="node-1 is lost", seconds=60)
    seen = []

    def touch():
        seen.append(rest.merge(path, {"metadata": {"labels": {"seen": str(len(seen))}}}))

    client.wrap(functools.partial(Meddled, method="PUT", meddle=touch, times=100))
    with pytest.raises(Conflict):
        await mine.freeze(target, why="still", seconds=60)

    assert 5 == len(seen) == client.answers["PUT", 409]
    assert "node-1 is lost" == rest.get(path)["metadata"]["annotations"][WHY]


# Reading


class Scaler:
    """A reconciler that notes what it was called for, and whether that is frozen."""

    def __init__(self):
        self.intents, self.seen = None, []

    def set_up(self, runtime):
        """Return its controller, called by freezes alone."""
        self.intents = Intents.of(runtime)
        self.now = runtime.clock.wall
        keys = targeting(lambda target: [f"{target.namespace}/scaler-of-{target.name}"])
        return Builder(runtime, "scaler").watches(INTENTS, keys).complete(self)

    async def reconcile(self, request):
        """Ask who holds the target, if anybody does."""
        target = TargetRef.of(STATEFUL_SET, request.namespace, request.name[len("scaler-of-") :])
        found = self.intents.frozen(target, self.now())
        self.seen.append((request.name, found and found.holder))
        return done()


async def test_a_reader_is_called_by_freeze_and_release(client, cluster, target, namespace):
    """It learns of both by its watch, without a request of its own."""
    scaler, mine = Scaler(), Freezer(client, MINE)
    async with hosted(cluster, scaler.set_up, namespaces=[namespace]) as host:
        assert scaler.intents.frozen(target, scaler.now()) is None
        await mine.freeze(target, why="node-1 is lost", seconds=60)
        await eventually(lambda: scaler.seen[-1:], equals=[("scaler-of-orders", MINE)])
        later = scaler.now() + dt.timedelta(seconds=61)
        assert scaler.intents.frozen(target, later) is None
        await mine.release(target)
        await eventually(lambda: scaler.seen[-1:], equals=[("scaler-of-orders", None)])
        asked = [method for method, code in host.runtime.client.answers if method != "GET"]

    assert [] == asked


async def test_a_reader_begins_with_the_freezes_there_are(client, cluster, target, namespace):
    """What was frozen before its first reconcile is known to that."""
    await Freezer(client, MINE).freeze(target, why="node-1 is lost", seconds=60)
    scaler = Scaler()
    async with hosted(cluster, scaler.set_up, namespaces=[namespace]):
        await eventually(lambda: scaler.seen)

    assert ("scaler-of-orders", MINE) == scaler.seen[0]


async def test_a_lease_made_by_hand_freezes(client, cluster, target, namespace, rest):
    """Readers leave the target alone, and controllers that want to freeze it wait."""
    scaler = Scaler()
    async with hosted(cluster, scaler.set_up, namespaces=[namespace]):
        rest.create(LEASE.path(namespace), by_hand(target))
        await eventually(lambda: scaler.seen[-1:], equals=[("scaler-of-orders", "anna")])
        with pytest.raises(HeldByAnother, match=r"by anna until .*: I look into it"):
            await Freezer(client, MINE).freeze(target, why="node-1 is lost", seconds=60)


@pytest.mark.parametrize(
    "fields",
    [
        {"renewTime": None},
        {"leaseDurationSeconds": None},
        {"holder": None},
        {"renewTime": "2999-01-01T00:00:00.000000Z"},
        {"renewTime": "9999-12-31T23:59:59.000000Z"},
    ],
    ids=["no time", "no duration", "nobody's", "a wrong year", "the last year"],
)
async def test_a_malformed_one_does_not(client, cluster, target, namespace, rest, fields):
    """Its reader goes on, and the next freeze takes its place."""
    scaler = Scaler()
    async with hosted(cluster, scaler.set_up, namespaces=[namespace]):
        rest.create(LEASE.path(namespace), by_hand(target, **fields))
        await eventually(lambda: scaler.seen[-1:], equals=[("scaler-of-orders", None)])
        await Freezer(client, MINE).freeze(target, why="node-1 is lost", seconds=60)
        await eventually(lambda: scaler.seen[-1:], equals=[("scaler-of-orders", MINE)])


async def test_one_of_another_name_does_not(cluster, target, namespace, rest):
    """There is one Lease for a target; a second would be nobody's to see before a freeze."""
    scaler = Scaler()
    async with hosted(cluster, scaler.set_up, namespaces=[namespace]):
        rest.create(LEASE.path(namespace), by_hand(target, name="freeze-orders"))
        await eventually(lambda: scaler.seen, equals=[("scaler-of-orders", None)])


async def test_the_longest_freeze_by_hand_ends_in_a_day(cluster, target, namespace, rest):
    """The server takes decades; a reader does not."""
    scaler = Scaler()
    async with hosted(cluster, scaler.set_up, namespaces=[namespace]):
        rest.create(LEASE.path(namespace), by_hand(target, leaseDurationSeconds=2**31 - 1))
        await eventually(lambda: scaler.seen[-1:], equals=[("scaler-of-orders", "anna")])
        tomorrow = scaler.now() + dt.timedelta(days=1)

        assert scaler.intents.frozen(target, tomorrow) is None
