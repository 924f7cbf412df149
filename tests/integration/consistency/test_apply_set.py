"""The children of an owner, and its status, on a real API server."""

import itertools
from contextlib import asynccontextmanager

import pytest
import structlog
from msgspec import UNSET

from controller.runtime.ownership import ADOPT, Misplaced, Owner, Taken
from controller.runtime.runtime import Runtime, cached
from informers.client import Client
from informers.connection import connect
from informers.errors import Conflict, NotFound
from informers.factory import Informers
from informers.meta.builtin import CONFIG_MAP
from informers.meta.conditions import Condition
from informers.snapshot import seal
from tests.integration.consistency.world import WITHIN, change, config_map
from tests.kit.builders import widget
from tests.kit.eventually import eventually
from tests.kit.faults import WRITES
from tests.kit.widget.api import WIDGET, Widget, WidgetStatus


@asynccontextmanager
async def started(proxied, namespace):
    """Run the caches of a program that has just been started, until they have the Widgets."""
    client = Client(await connect(kubeconfig=proxied.kubeconfig))
    made = Runtime(client, Informers(client, namespaces=[namespace]), log=structlog.get_logger())
    made.lister(Widget)
    async with made.informers:
        for informer in made.informers:
            await eventually(lambda informer=informer: informer.has_synced, within=WITHIN)
        yield made
    await client.close()


@pytest.fixture
async def runtime(proxied, namespace, widgets, rest):
    """Return a runtime whose caches have the one Widget there is."""
    rest.create(widgets, widget())
    async with started(proxied, namespace) as made:
        yield made


def owner(runtime, namespace):
    """Return the Widget as an owner."""
    return Owner(kind=WIDGET, snapshot=runtime.lister(Widget).snapshot(f"{namespace}/w"))


def child(name="c", **data):
    """Return a child with data."""
    return config_map(name) | {"data": data}


async def test_what_is_as_it_was_applied_costs_no_request(runtime, proxy, namespace, rest):
    """Also after others added fields and the server its defaults; drift of ours is put right."""
    children, parent = runtime.apply_set("t", [CONFIG_MAP]), owner(runtime, namespace)
    path = f"/api/v1/namespaces/{namespace}/configmaps/c"
    first = await children.apply(parent, [child(colour="red"), child("d")])
    assert ("ConfigMap " + f"{namespace}/c", f"ConfigMap {namespace}/d") == first.applied

    proxy.forget()
    added = change(rest, path, {"data": {"other": "theirs"}})["metadata"]["resourceVersion"]
    store = children._informers[CONFIG_MAP].store
    await eventually(
        lambda: store.get(f"{namespace}/c").resource_version, equals=added, within=WITHIN
    )
    again = await children.apply(parent, [child(colour="red"), child("d")])
    assert (2, (), 0) == (again.unchanged, again.applied, len(proxy.seen(WRITES)))

    drifted = change(rest, path, {"data": {"colour": "blue"}})["metadata"]["resourceVersion"]
    await eventually(
        lambda: store.get(f"{namespace}/c").resource_version, equals=drifted, within=WITHIN
    )
    repaired = await children.apply(parent, [child(colour="red"), child("d")])
    assert (f"ConfigMap {namespace}/c",) == repaired.applied
    assert {"colour": "red", "other": "theirs"} == rest.get(path)["data"]


async def test_what_is_no_longer_desired_is_pruned(runtime, namespace, rest):
    """Children that we did not apply, or that others own, are not ours to delete."""
    children, parent = runtime.apply_set("t", [CONFIG_MAP]), owner(runtime, namespace)
    by_hand = child("by-hand")
    by_hand["metadata"]["ownerReferences"] = [parent.reference()]
    rest.create(f"/api/v1/namespaces/{namespace}/configmaps", by_hand)
    rest.create(f"/api/v1/namespaces/{namespace}/configmaps", child("stranger"))
    store = children._informers[CONFIG_MAP].store
    await eventually(
        lambda: {f"{namespace}/by-hand", f"{namespace}/stranger"} <= set(store.all_keys()),
        within=WITHIN,
    )
    await children.apply(parent, [child("a"), child("b")])

    pruned = (await children.apply(parent, [child("a")])).pruned

    assert (f"ConfigMap {namespace}/b",) == pruned
    assert store.get(f"{namespace}/b") is None
    found = rest.get(f"/api/v1/namespaces/{namespace}/configmaps")["items"]
    names = {one["metadata"]["name"] for one in found} - {"kube-root-ca.crt"}
    assert {"a", "by-hand", "stranger"} == names


async def test_two_controllers_of_one_owner_prune_their_own(runtime, namespace, rest):
    """Also after a restart, when nothing is remembered of who applied what."""
    parent, path = owner(runtime, namespace), f"/api/v1/namespaces/{namespace}/configmaps"
    for name in ("one", "two"):
        await runtime.apply_set(name, [CONFIG_MAP]).apply(parent, [child(name)])
    restarted = runtime.apply_set("one", [CONFIG_MAP])

    pruned = (await restarted.apply(parent, [child("new")])).pruned

    assert (f"ConfigMap {namespace}/one",) == pruned
    assert (404, 200) == (
        rest.request("GET", f"{path}/one").status,
        rest.request("GET", f"{path}/two").status,
    )


async def test_after_a_restart_each_child_is_applied_once_at_most(
    runtime, proxy, proxied, namespace
):
    """Nothing is remembered of what was applied; what was, is found as it is and costs no more."""
    desired = [child(name, colour="red") for name in "abcde"]
    await runtime.apply_set("t", [CONFIG_MAP]).apply(owner(runtime, namespace), desired)

    async with started(proxied, namespace) as again:
        children, parent = again.apply_set("t", [CONFIG_MAP]), owner(again, namespace)
        await eventually(
            lambda: all(informer.has_synced for informer in again.informers), within=WITHIN
        )
        proxy.forget()
        await children.apply(parent, desired)
        first = [(seen.method, seen.path.rpartition("/")[2]) for seen in proxy.seen(WRITES)]
        proxy.forget()
        await children.apply(parent, desired)

        assert [("PATCH", name) for name in "abcde"] == sorted(first)
        assert [] == proxy.seen(WRITES)
        assert (5, 5) == (children.applied, children.unchanged)


async def test_a_child_where_its_owner_cannot_own_it_is_refused(runtime, namespace):
    """The garbage collector would delete it; nothing is sent."""
    far = child("far")
    far["metadata"]["namespace"] = "default"

    with pytest.raises(Misplaced, match=r"leave metadata\.namespace away"):
        await runtime.apply_set("t", [CONFIG_MAP]).apply(owner(runtime, namespace), [far])


async def test_what_another_controls_is_refused(runtime, namespace, rest, widgets):
    """The error says whose it is; nothing was written."""
    children = runtime.apply_set("t", [CONFIG_MAP])
    first = owner(runtime, namespace)
    await children.apply(first, [child()])
    second = Owner(kind=WIDGET, snapshot=await _second(runtime, rest, widgets, namespace))

    with pytest.raises(Taken, match=r"belongs to Widget w;"):
        await children.apply(second, [child()])


async def test_what_was_there_before_is_taken_over_only_when_given_away(runtime, namespace, rest):
    """A user's own object of that name is not touched, until its annotation says so."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    theirs = rest.create(path, {"metadata": {"name": "c"}, "data": {"theirs": "1"}})
    children = runtime.apply_set("t", [CONFIG_MAP])
    parent = owner(runtime, namespace)

    async def tell():
        """Apply as soon as the cache shows the object as it is now."""
        live = rest.get(f"{path}/c")["metadata"]["resourceVersion"]
        store = runtime.informers.acquire(cached(CONFIG_MAP)).store
        key = f"{namespace}/c"
        await eventually(lambda: store.get(key) and store.get(key).resource_version, equals=live)
        return await children.apply(parent, [child()])

    with pytest.raises(Taken, match=r"annotate configmaps c pentad\.dev/adopt=true"):
        await tell()
    assert theirs == rest.get(f"{path}/c")

    rest.merge(f"{path}/c", {"metadata": {"annotations": {ADOPT: "true"}}})
    await tell()
    found = rest.get(f"{path}/c")
    assert "1" == found["data"]["theirs"]
    owners = [each["uid"] for each in found["metadata"]["ownerReferences"]]
    assert [parent.snapshot.meta.uid] == owners


async def _second(runtime, rest, widgets, namespace):
    rest.create(widgets, widget("second"))
    return await runtime.client.get(WIDGET, "second", namespace=namespace)


async def test_a_kind_that_is_not_owned_is_a_clear_mistake(runtime, namespace):
    """The remedy is in the message."""
    children = runtime.apply_set("t", [CONFIG_MAP])

    with pytest.raises(LookupError, match=r"declare it with owns\(\)"):
        await children.apply(
            owner(runtime, namespace),
            [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}],
        )


def ready(value="True", **fields):
    """Return a Ready condition."""
    return Condition(type="Ready", status=value, reason="R", message="m", **fields)


async def test_a_status_is_written_once_and_as_declared(runtime, proxy, namespace, rest, widgets):
    """Fields that are not set go, equal ones cost nothing, the condition keeps its time."""
    writer, get = runtime.status_writer("t", Widget), runtime.lister(Widget).snapshot
    key = f"{namespace}/w"
    await writer.write(get(key), WidgetStatus(ready_children=2, stamp="x"), [ready()])
    first = rest.get(f"{widgets}/w")["status"]
    assert (2, "x", "Ready") == (
        first["readyChildren"],
        first["stamp"],
        first["conditions"][0]["type"],
    )

    proxy.forget()
    await writer.write(get(key), WidgetStatus(ready_children=2, stamp="x"), [ready()])
    assert ([], 1, 1) == (proxy.seen(WRITES), writer.written, writer.skipped)

    await writer.write(get(key), WidgetStatus(ready_children=3), [ready(observed_generation=1)])
    second = rest.get(f"{widgets}/w")["status"]
    assert (3, False) == (second["readyChildren"], "stamp" in second)
    times = [one["conditions"][0]["lastTransitionTime"] for one in (first, second)]
    assert times[0] == times[1]


async def test_conditions_of_others_stay(runtime, namespace, rest, widgets):
    """Two writers of one list take turns: the later one reads again and merges."""
    one, two = (runtime.status_writer(name, Widget) for name in ("one", "two"))
    snapshot = runtime.lister(Widget).snapshot(f"{namespace}/w")
    other = Condition(type="Other", status="True", reason="R", message="m")
    await one.write(snapshot, None, [ready()])
    fresh = runtime.lister(Widget).snapshot(f"{namespace}/w")
    await two.write(fresh, None, [other])

    await one.write(fresh, WidgetStatus(stamp="s"), [ready("False")])

    status = rest.get(f"{widgets}/w")["status"]
    found = {condition["type"]: condition["status"] for condition in status["conditions"]}
    assert {"Ready": "False", "Other": "True"} == found
    assert "s" == status["stamp"]


async def test_a_status_never_lands_on_a_successor(runtime, namespace, rest, widgets):
    """The uid that was read is the one that is written to."""
    writer = runtime.status_writer("t", Widget)
    before = runtime.lister(Widget).snapshot(f"{namespace}/w")
    rest.delete(f"{widgets}/w")
    rest.create(widgets, widget())

    with pytest.raises(Conflict):
        await writer.write(before, WidgetStatus(ready_children=1))
    rest.delete(f"{widgets}/w")
    with pytest.raises(NotFound):
        await writer.write(before, WidgetStatus(ready_children=1))


async def test_fields_that_the_type_does_not_know_stay(runtime):
    """A merge patch names what goes, and only that."""
    raw = (
        b'{"metadata":{"name":"w","resourceVersion":"1"},'
        b'"status":{"stamp":"x","readyChildren":1,"unknown":7}}'
    )
    writer = runtime.status_writer("t", Widget)

    patch = writer._patch(seal(raw), WidgetStatus(ready_children=1, stamp=UNSET), ())

    assert {"stamp": None} == patch


async def test_nothing_is_remembered_of_children_that_are_gone(runtime, namespace):
    """Created, shrunk and created again: the memory is of what there is."""
    children, parent = runtime.apply_set("t", [CONFIG_MAP]), owner(runtime, namespace)
    for many in itertools.chain((5, 0) * 3, (2,)):
        await children.apply(parent, [child(f"c{number}") for number in range(many)])

    assert 2 == len(children._memory)
