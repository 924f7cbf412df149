"""The status writer: what it sends, what it spares, and what it does about conflicts."""

import datetime as dt

import pytest
from msgspec import UNSET, Struct, UnsetType

from controller.runtime.status import STAMP, StatusWriter, changed_fields, merged_conditions
from informers.errors import Conflict
from informers.meta.codec import convert, to_builtins
from informers.meta.conditions import Condition, set_conditions
from informers.meta.microtime import Time
from tests.kit.answers import status as refusal
from tests.kit.virtual import EPOCH
from tests.kit.widget.api import WIDGET, WidgetStatus
from tests.unit.controller.runtime.world import World, picture, thing

pytestmark = pytest.mark.virtual

OLD, NOW = "2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"
ONE, TWO = {"n": 1}, {"n": 1, "m": 2}
READY = {"type": "Ready", "status": "True", "reason": "R", "message": "m"}
BARE = {"type": "Ready", "status": "True", "reason": "R"}
NOT_READY = READY | {"status": "False"}
ZERO = "0001-01-01T00:00:00Z"
SINCE = {"last_transition_time": Time.parse(OLD)}
OTHER = {"type": "Other", "status": "True", "reason": "O", "ours": "no", STAMP: OLD}


class Found(Struct, frozen=True, kw_only=True, rename="camel"):
    """A status with every shape that a merge patch treats in its own way."""

    ready_children: int | UnsetType = UNSET
    ports: dict[str, dict[str, int]] | UnsetType = UNSET
    words: tuple[str, ...] | UnsetType = UNSET
    set: frozenset[str] | UnsetType = UNSET
    conditions: tuple[Condition, ...] | UnsetType = UNSET


def writer(world):
    """Return a status writer over the world's wire."""
    return StatusWriter(world.client, WIDGET, manager="pentad-t", clock=world.clock)


def condition(status="True", message="m", **more):
    """Return a Ready condition."""
    return Condition(type="Ready", status=status, reason="R", message=message, **more)


@pytest.mark.parametrize(
    ("now", "found", "patch"),
    [
        ({}, Found(), {}),
        ({}, Found(ready_children=0), {"readyChildren": 0}),
        ({"readyChildren": 1}, Found(ready_children=1), {}),
        ({"readyChildren": 1}, Found(), {"readyChildren": None}),
        ({"unknown": 1}, Found(), {}),
        ({"words": ["a"]}, Found(words=("a", "b")), {"words": ["a", "b"]}),
        ({"words": ["a"]}, Found(words=()), {"words": []}),
        ({"words": ["a"]}, Found(words=("a",)), {}),
        ({"set": ["a", "b", "c"]}, Found(set=frozenset("cba")), {}),
        ({"ports": {"a": ONE}}, Found(ports={"b": ONE}), {"ports": {"a": None, "b": ONE}}),
        ({"ports": {"a": TWO}}, Found(ports={"a": ONE}), {"ports": {"a": ONE | {"m": None}}}),
        ({"conditions": [READY]}, Found(conditions=()), {}),
    ],
    ids=[
        "nothing",
        "zero is a value",
        "the same",
        "no longer found",
        "not ours to know",
        "a list is whole",
        "an empty list",
        "a tuple is a list",
        "a set is a list",
        "a map loses a key",
        "deep in a map",
        "conditions are merged elsewhere",
    ],
)  # fmt: skip
def test_a_patch_has_what_differs_and_nothing_else(now, found, patch):
    """Fields not found go by null, unknown ones stay, maps lose what is not named."""
    assert patch == changed_fields(now, found)


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        ([], condition(), [READY | {STAMP: NOW}]),
        ([READY | {STAMP: OLD}], condition(), None),
        ([READY | {STAMP: OLD, "observedGeneration": 0}], condition(), None),
        ([READY | {STAMP: OLD}], condition(message="n"), [READY | {"message": "n", STAMP: OLD}]),
        ([READY | {STAMP: OLD}], condition("False"), [NOT_READY | {STAMP: NOW}]),
        ([BARE | {STAMP: OLD}], condition(message=""), None),
        ([READY], condition(message="n"), [READY | {"message": "n", STAMP: NOW}]),
        ([READY | {STAMP: None}], condition(message="n"), [READY | {"message": "n", STAMP: NOW}]),
        ([READY | {STAMP: ZERO}], condition(message="n"), [READY | {"message": "n", STAMP: NOW}]),
        ([READY | {STAMP: NOW}], condition("False", **SINCE), [NOT_READY | {STAMP: OLD}]),
        ([OTHER, READY | {STAMP: OLD}], condition("False"), [OTHER, NOT_READY | {STAMP: NOW}]),
        ([OTHER], condition(), [OTHER, READY | {STAMP: NOW}]),
    ],
    ids=[
        "first",
        "the same",
        "no generation is 0",
        "no message is empty",
        "another message",
        "a transition",
        "no time before",
        "null time before",
        "zero time before",
        "a time of its own",
        "others stay in place",
        "others stay to the letter",
    ],
)  # fmt: skip
def test_conditions_are_merged_by_type(before, wanted, after):
    """The time moves with the status alone, order stays, and others' fields are not touched."""
    merged = merged_conditions(before, [wanted], stamp=lambda: NOW)

    assert (before if after is None else after) == merged
    assert (after is None) == (merged is before)


@pytest.mark.parametrize("status", ["True", "False", "Unknown"])
@pytest.mark.parametrize("time", [None, OLD], ids=["no time", "a time"])
def test_merging_agrees_with_apimachinerys_rules(status, time):
    """Plain data or types: the same outcome as `set_conditions`, which is held to Go's vectors."""
    old = condition(last_transition_time=Time.parse(time) if time else UNSET)
    wanted = [condition(status), Condition(type="Two", status="True", reason="T")] * 2
    now = dt.datetime.fromisoformat(NOW)

    typed, _ = set_conditions((old,), wanted, now=now)
    plain = merged_conditions([to_builtins(old)], wanted, stamp=lambda: NOW)

    assert typed == convert(plain, tuple[Condition, ...])


async def test_a_write_names_the_version_it_was_made_from():
    """One merge patch of /status under the controller's name, with uid and resource version."""
    world = World()
    world.wire.answer = lambda _: (200, thing(version=2))

    written = await writer(world).write(picture(), WidgetStatus(checksum=5), [condition()])

    [request] = world.wire.requests
    stamp = EPOCH.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ("PATCH", "status", "pentad-t") == (
        request.method,
        request.subresource,
        request.query["fieldManager"],
    )
    assert "application/merge-patch+json" == request.content_type
    [body] = world.wire.sent()
    assert {"uid": "u-w", "resourceVersion": "1"} == body["metadata"]
    assert {"checksum": 5, "conditions": [READY | {STAMP: stamp}]} == body["status"]
    assert "2" == written.resource_version


@pytest.mark.parametrize("has_status", [{}, {"status": None}, {"status": {}}], ids=str)
async def test_a_status_that_says_nothing_new_costs_nothing(has_status):
    """No request, whatever an absent status looks like; it is counted."""
    world = World()
    status, snapshot = writer(world), picture(**has_status)

    assert snapshot is await status.write(snapshot, WidgetStatus(), [])
    assert snapshot is await status.write(snapshot, None)
    assert ([], 2, 0) == (world.wire.requests, status.skipped, status.written)


async def test_the_time_of_a_write_is_stamped_and_is_no_reason_for_one():
    """A status that holds when it was written last is not written for that alone."""
    world = World()
    world.wire.answer = lambda _: (200, thing(version=2))
    status = StatusWriter(
        world.client, WIDGET, manager="pentad-t", clock=world.clock, stamp="writtenAt"
    )

    await status.write(picture(status={"checksum": 5, "writtenAt": OLD}), WidgetStatus(checksum=5))
    await status.write(picture(status={"checksum": 5, "writtenAt": OLD}), WidgetStatus(checksum=6))

    [body] = world.wire.sent()
    assert {"checksum": 6, "writtenAt": str(Time.of(EPOCH))} == body["status"]


async def test_a_conflict_is_merged_into_what_others_wrote():
    """The live object's conditions are kept, and the second patch names its version."""
    world = World()
    live = thing(version=7, status={"conditions": [OTHER]})
    answers = iter([(409, refusal(409)), (200, live), (200, thing(version=8))])
    world.wire.answer = lambda _: next(answers)

    await writer(world).write(picture(), None, [condition()])

    _, second = world.wire.sent("PATCH")
    assert "7" == second["metadata"]["resourceVersion"]
    assert ["Other", "Ready"] == [c["type"] for c in second["status"]["conditions"]]


async def test_a_conflict_that_somebody_else_resolved_needs_no_write():
    """What was to be written stands there already."""
    world = World()
    live = thing(version=7, status={"checksum": 5})
    answers = iter([(409, refusal(409)), (200, live)])
    world.wire.answer = lambda _: next(answers)

    found = await writer(world).write(picture(), WidgetStatus(checksum=5))

    assert "7" == found.resource_version
    assert ["PATCH", "GET"] == [request.method for request in world.wire.requests]


async def test_a_successor_of_the_same_name_gets_nothing():
    """What was found was found of its predecessor: the conflict is the answer."""
    world = World()
    live = thing(version=7, meta={"uid": "another"})
    answers = iter([(409, refusal(409)), (200, live)])
    world.wire.answer = lambda _: next(answers)

    with pytest.raises(Conflict):
        await writer(world).write(picture(), WidgetStatus(checksum=5))

    assert 1 == len(world.wire.sent("PATCH"))


async def test_conflicts_without_end_are_given_up():
    """Three tries, then the queue's backoff takes over."""
    world = World()
    versions = iter(range(2, 9))
    world.wire.answer = lambda request: (
        (409, refusal(409)) if request.method == "PATCH" else (200, thing(version=next(versions)))
    )
    status = writer(world)

    with pytest.raises(Conflict):
        await status.write(picture(), WidgetStatus(checksum=5))

    versions = [body["metadata"]["resourceVersion"] for body in world.wire.sent("PATCH")]
    assert (["1", "2", "3"], 0) == (versions, status.written)
