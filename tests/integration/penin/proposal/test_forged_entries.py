"""Objects that only look like entries of a ledger, and entries that are needed for long."""

from typing import Any

import pytest

from informers.meta.builtin import CONFIG_MAP
from reconcilers.penin.ledger.chain import Entry, read
from reconcilers.penin.ledger.entries import HEAD, KEPT, Place, body, labels
from reconcilers.penin.proposal.scope import STOP
from tests.kit.eventually import eventually

pytestmark = pytest.mark.usefixtures("judging")
MORE = {"replicas": {"sigmaGuard": 2}}
LONG = {"soak": "10m"}


def entry(sequence: int, uid: str, decision: str = "reverted") -> Entry:
    """Return an entry as the operator might have written it."""
    text = dict.fromkeys(("time", "previous", "proposal", "proposer", "by", "reason"), "x")
    return Entry(
        sequence=sequence,
        cluster="a",
        decision=decision,
        proposal_uid=uid,
        message="forged",
        **text,
    )


def put(world, place: Place, made: Entry) -> None:
    """Make an entry an object, as anybody may who may make ConfigMaps there."""
    world.rest.create(CONFIG_MAP.path(place.namespace), body(place, made, owner=None))


async def on_trial(world) -> tuple[str, dict[str, Any]]:
    """Propose a change and wait until it is on trial."""
    world.cluster(policy=LONG)
    world.tell()
    name = world.propose(MORE)
    await world.reaches(name, "Applied")
    world.tell()
    await world.reaches(name, "Applied", "Soaking")
    return name, world.proposal(name)


async def seen(world) -> None:
    """Wait until the operator has looked at a proposal that was made after all else."""
    last = world.propose({"config": {"budgetDailyUsd": 7}})
    await world.reaches(last, "Rejected")


@pytest.fixture
def home(other_namespace):
    """Return the operator's own namespace: another one than the cluster's."""
    return other_namespace


@pytest.fixture
def other_namespace(rest, namespace):
    """Return a namespace in which somebody else may do what they like."""
    name = f"{namespace}-other"
    rest.create("/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    rest.delete(f"/api/v1/namespaces/{name}")


async def test_entries_of_another_namespace_say_nothing(world, other_namespace):
    """Who may make ConfigMaps in one namespace decides about nothing in another."""
    name, found = await on_trial(world)
    uid = found["metadata"]["uid"]

    put(world, Place(namespace=other_namespace, cluster="a"), entry(2, uid))
    await seen(world)

    assert world.said(name) == ("Applied", "Soaking")
    assert world.spec()["replicas"]["sigmaGuard"] == 2


async def test_an_entry_counts_at_its_own_place_alone(world):
    """A name of another ledger, or one that is about another proposal, does not."""
    name, found = await on_trial(world)
    uid = found["metadata"]["uid"]
    made = body(Place(namespace=world.namespace, cluster="a"), entry(9, uid), owner=None)
    made["metadata"]["name"] = "strange-ledger-00000009"
    world.rest.create(CONFIG_MAP.path(world.namespace), made)
    made = body(Place(namespace=world.namespace, cluster="b"), entry(9, "another"), owner=None)
    made["metadata"]["labels"] |= {"cluster": "a", "penin.ai/proposal-uid": uid}
    world.rest.create(CONFIG_MAP.path(world.namespace), made)

    await seen(world)

    assert world.said(name) == ("Applied", "Soaking")
    own = [each["metadata"]["name"] for each in world.ledger()]
    assert [each for each in own if each.startswith("a-")] == [
        "a-ledger-00000001",
        "a-ledger-00000002",
    ]


async def test_what_was_decided_about_a_trial_is_known_to_its_end(world):
    """However many entries follow, and though the volume has them all."""
    name, found = await on_trial(world)
    place = Place(namespace=world.namespace, cluster="a")
    for number in range(2, KEPT + 3):
        put(world, place, entry(number, "another", "rejected"))
    head = {"name": place.head, "labels": labels("a", HEAD)}
    said = {"sequence": str(KEPT + 2), "hash": "x"}
    world.rest.create(CONFIG_MAP.path(world.namespace), {"metadata": head, "data": said})
    await seen(world)
    forgotten = f"{CONFIG_MAP.path(world.namespace)}/{place.entry(2)}"
    await eventually(lambda: world.rest.request("GET", forgotten).status, equals=404, within=30)

    own = [read(each["data"]["entry"].encode()) for each in world.ledger()]
    about = [each.decision for each in own if each.proposal_uid == found["metadata"]["uid"]]
    assert ["applied"] == about

    world.rest.create(CONFIG_MAP.path(world.namespace), {"metadata": {"name": STOP}})

    assert await world.ends(name) == ("Reverted", "Stopped")
    assert world.spec()["replicas"]["sigmaGuard"] == 1
