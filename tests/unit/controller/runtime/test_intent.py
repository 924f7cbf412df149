"""Freezes of a workload's replicas: what a Lease is called, what it says, and until when."""

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.runtime.freezer import Freezer, HeldByAnother
from controller.runtime.intent import (
    FREEZING,
    INTENTS,
    LABEL,
    MOST_SECONDS,
    READING,
    TARGET,
    WHY,
    WHY_MOST,
    Intent,
    Intents,
    Malformed,
    TargetRef,
    in_force,
    read,
    targeting,
    until,
)
from informers.meta import names
from informers.meta.builtin import LEASE, STATEFUL_SET
from informers.snapshot import seal
from tests.kit.eventually import eventually
from tests.unit.controller.runtime.world import World

ORDERS = TargetRef("apps", "StatefulSet", "shop", "orders")
NOW = dt.datetime(2030, 1, 1, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
NAME = st.text("ab.-/\u00e9", min_size=1, max_size=8)
TARGET_REFS = st.builds(
    TargetRef,
    group=st.text("ab.-", max_size=8),
    kind=st.text("ABab", min_size=1, max_size=3),
    namespace=st.just("shop"),
    name=NAME,
)


def lease(*, labels=None, said=None, meta=None, **spec):
    """Return the Lease of a freeze for a minute from now, but for what a test says."""
    return {
        "metadata": {
            "name": ORDERS.lease,
            "namespace": "shop",
            "resourceVersion": "7",
            "uid": "u",
            "labels": {LABEL: "true"} if labels is None else labels,
            "annotations": {TARGET: str(ORDERS), WHY: "it is restored"} if said is None else said,
        }
        | (meta or {}),
        "spec": {
            "holderIdentity": "vertice-restore/orders",
            "leaseDurationSeconds": 60,
            "renewTime": "2030-01-01T12:00:00.000000Z",
        }
        | spec,
    }


def snapshot(**fields):
    """Return a snapshot of one."""
    return seal(msgspec.json.encode(lease(**fields)))


# Targets and names


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (ORDERS, "pentad-intent.statefulset.apps.orders"),
        (TargetRef("", "Pod", "shop", "orders"), "pentad-intent.pod.orders"),
        (
            TargetRef("db.example.com", "Store", "shop", "orders-1"),
            "pentad-intent.store.db.example.com.orders-1",
        ),
    ],
    ids=["a group", "the core group", "a longer group"],
)
def test_people_can_say_what_a_lease_is_called(target, name):
    """Kind, group and name stand in it as people write them."""
    assert name == target.lease


@pytest.mark.parametrize(
    ("group", "kind", "name"),
    [
        ("apps", "StatefulSet", "orders.eu"),
        ("apps", "StatefulSet", "o" * 253),
        ("apps", "StatefulSet", "Orders:1"),
    ],
    ids=["a dot", "too long", "no name of a Lease"],
)
def test_what_would_be_unclear_or_no_name_is_hashed(group, kind, name):
    """It is a name all the same, no readable one, and that of the namespace's only such target."""
    found = TargetRef(group, kind, "shop", name).lease

    assert () == names.dns1123_subdomain(found)
    assert found.startswith("pentad-intent-")
    assert found != TargetRef(group, kind, "shop", f"{name}x").lease


@given(one=TARGET_REFS, other=TARGET_REFS)
def test_no_two_targets_share_a_lease(one, other):
    """Wherever their dots are, equal names mean equal targets."""
    assert (one == other) == (one.lease == other.lease)


@given(target=TARGET_REFS)
def test_a_target_is_read_as_it_is_printed(target):
    """The annotation says all but the namespace."""
    assert target == TargetRef.parse("shop", str(target))


def test_targets_whose_texts_run_together_are_told_apart():
    """A dot that ends the group is none that begins the name."""
    one = TargetRef("apps", "Set", "shop", "eu.orders")
    other = TargetRef("apps.eu", "Set", "shop", "orders")

    assert one.lease != other.lease


@pytest.mark.parametrize(("group", "kind"), [("apps", "A.B"), ("apps", "A/B"), ("a/b", "A")])
def test_parts_that_run_together_are_refused(group, kind):
    """No API has such a kind or group, and its Lease could not say it."""
    with pytest.raises(ValueError, match="must match"):
        TargetRef(group, kind, "shop", "orders")


def test_the_case_of_a_kind_does_not_matter():
    """People write statefulset as well, and mean the same one."""
    other = TargetRef.parse("shop", "statefulset.apps/orders")

    assert {ORDERS} == {ORDERS, other, TargetRef.of(STATEFUL_SET, "shop", "orders")}
    assert ORDERS.lease == other.lease


@pytest.mark.parametrize("text", ["", "orders", "StatefulSet.apps", "/orders", "Pod/"])
def test_a_target_has_a_kind_and_a_name(text):
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=r"'(kind|name)'"):
        TargetRef.parse("shop", text)


# What a Lease says


def test_a_lease_says_who_why_and_until_when():
    """All that a reader tells its users."""
    expected = Intent(
        target=ORDERS,
        holder="vertice-restore/orders",
        why="it is restored",
        renewed=NOW,
        until=NOW + 60 * SECOND,
    )

    assert expected == read(snapshot())


@pytest.mark.parametrize(
    ("now", "frozen"),
    [
        (NOW - 301 * SECOND, False),
        (NOW - 300 * SECOND, True),
        (NOW, True),
        (NOW + 60 * SECOND - dt.timedelta(microseconds=1), True),
        (NOW + 60 * SECOND, False),
        (NOW + 3600 * SECOND, False),
    ],
    ids=["long before", "clocks differ", "at once", "just yet", "at the end", "long after"],
)
def test_a_freeze_is_in_force_until_its_end(now, frozen):
    """Its last moment is the one before `until`; a clock may be a little behind the writer's."""
    assert frozen == (in_force(snapshot(), now) is not None)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (1, 1),
        (MOST_SECONDS, MOST_SECONDS),
        (MOST_SECONDS + 1, MOST_SECONDS),
        (10**30, MOST_SECONDS),
    ],
    ids=["a second", "a day", "longer", "without end"],
)
def test_no_freeze_is_longer_than_a_day(seconds, expected):
    """Whatever the Lease says."""
    assert NOW + dt.timedelta(seconds=expected) == until(NOW, seconds)
    assert until(NOW, seconds) == read(snapshot(leaseDurationSeconds=seconds)).until


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"labels": {}}, "no label"),
        ({"labels": {LABEL: "yes"}}, "no label"),
        ({"said": {}}, "names no target"),
        ({"said": {TARGET: "orders"}}, "names no target"),
        ({"said": {TARGET: "Deployment.apps/orders"}}, r"called pentad-intent\.deployment"),
        ({"meta": {"name": "orders"}}, r"called pentad-intent\.statefulset"),
        ({"holderIdentity": ""}, "who asks"),
        ({"holderIdentity": None}, "who asks"),
        ({"holderIdentity": 7}, "not as a Lease is"),
        ({"renewTime": None}, "until when"),
        ({"renewTime": "yesterday"}, "not as a Lease is"),
        ({"renewTime": "9999-12-31T23:59:59.000000Z"}, "no year"),
        ({"renewTime": "0000-01-01T00:00:00.000000Z"}, "no year"),
        ({"leaseDurationSeconds": None}, "until when"),
        ({"leaseDurationSeconds": 0}, "until when"),
        ({"leaseDurationSeconds": -60}, "until when"),
        ({"leaseDurationSeconds": "60"}, "not as a Lease is"),
    ],
    ids=str,
)
def test_a_record_that_says_less_is_no_freeze(fields, problem):
    """It is told what is wrong with it, and nothing is frozen."""
    found = snapshot(**fields)

    with pytest.raises(Malformed, match=problem):
        read(found)
    assert in_force(found, NOW) is None


def test_a_lease_that_is_being_deleted_is_no_freeze():
    """It was released, and only a finalizer holds it."""
    assert in_force(snapshot(meta={"deletionTimestamp": "2030-01-01T11:00:00Z"}), NOW) is None


def test_a_long_why_is_cut():
    """A message has room for so much."""
    assert "y" * WHY_MOST == read(snapshot(said={TARGET: str(ORDERS), WHY: "y" * 9_999})).why


def test_a_reader_looks_again_when_it_ends():
    """No event tells of that; a moment later there is nothing left to wait for."""
    intent = read(snapshot())

    assert 45.5 == intent.remaining(NOW + dt.timedelta(seconds=14.5))
    assert 0 == intent.remaining(NOW + 61 * SECOND)


# Who asks and who is told


@pytest.mark.parametrize(
    ("fields", "keys"),
    [
        ({}, ["shop/scaler-of-orders"]),
        ({"renewTime": None}, ["shop/scaler-of-orders"]),
        ({"said": {}}, []),
    ],
    ids=["good", "malformed", "of nothing"],
)
def test_a_changed_lease_calls_for_who_scales_its_target(fields, keys):
    """The target is enough to know whose concern it is."""
    mapper = targeting(lambda target: [f"{target.namespace}/scaler-of-{target.name}"])

    assert keys == list(mapper(snapshot(**fields)))


def test_the_refusal_says_whose_it_is_and_until_when():
    """A reconciler that lets it through is called again soon, and not as a failure."""
    error = HeldByAnother(read(snapshot()), now=NOW + 50 * SECOND)

    told = "StatefulSet.apps/orders is frozen by vertice-restore/orders until 2030-01-01T12:01:00Z"
    assert f"{told}: it is restored" == str(error)
    assert (10, "vertice-restore/orders") == (error.seconds, error.intent.holder)


def test_a_freeze_has_a_holder():
    """Anybody's would be nobody's to release."""
    with pytest.raises(ValueError, match="say who"):
        Freezer(None, "")


@pytest.mark.parametrize("seconds", [0, -1, MOST_SECONDS + 1])
async def test_a_freeze_is_for_some_time_and_a_day_at_most(seconds):
    """What no reader would honour is not written."""
    with pytest.raises(ValueError, match="renew it"):
        await Freezer(None, "me").freeze(ORDERS, why="", seconds=seconds)


def test_the_permissions_are_those_of_leases_alone():
    """Reading asks for what an informer does, freezing for what writing takes."""
    granted = [(each.group, each.resources, each.verbs) for each in (READING, FREEZING)]

    assert [
        (LEASE.group, ("leases",), ("list", "watch")),
        (LEASE.group, ("leases",), ("get", "create", "update", "delete")),
    ] == granted


@pytest.mark.virtual
async def test_a_malformed_record_is_told_to_the_log():
    """Who made it by hand believes that something is frozen."""
    world = World()
    world.wire.content["leases"] = [lease(), lease(renewTime=None, meta={"name": "broken"})]
    intents = Intents.of(world.runtime)
    async with world.informers:
        await world.informers.acquire(INTENTS).wait_synced()
        [told] = await eventually(lambda: world.log.told("intent_malformed"))

    assert "shop/broken" == told["key"]
    assert "called pentad-intent.statefulset" in told["problem"]
    assert NOW + 60 * SECOND == intents.frozen(ORDERS, NOW).until
