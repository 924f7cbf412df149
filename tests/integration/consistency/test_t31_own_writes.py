"""Whatever we wrote is in the next read, however late the watch is."""

import pytest

from informers.lister import Lister
from informers.meta.builtin import CONFIG_MAP, POD, SECRET, SERVICE
from informers.meta.kinds import Kind
from informers.request import DeleteOptions, ListOptions
from tests.integration.consistency.world import WITHIN, OneChild, config_map, deaf
from tests.kit.builders import widget
from tests.kit.eventually import eventually
from tests.kit.faults import Match
from tests.kit.hosting import hosted
from tests.kit.mirror import mirrored
from tests.kit.widget.api import WIDGET, Widget

SERVICE_ACCOUNT = Kind("", "v1", "ServiceAccount", "serviceaccounts")
CLAIM = Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims")
CLAIM_SPEC = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
POD_SPEC = {
    "schedulerName": "nobody",
    "automountServiceAccountToken": False,
    "containers": [{"name": "c", "image": "none"}],
}


async def test_t31_a_created_object_is_in_the_next_list(proxy, proxied, namespace, rest):
    """By key, in lists and in every index; told once, and not again when the watch catches up."""
    async with deaf(proxy, proxied, CONFIG_MAP, namespace) as (mirror, held):
        store, key = mirror.informer.store, f"{namespace}/a"
        store.add_index("colour", lambda found: [found.labels.get("colour", "")])

        body = config_map("a", labels={"colour": "red"})
        made = await mirror.client.create(CONFIG_MAP, body, namespace=namespace)

        assert made.resource_version == store.get(key).resource_version
        assert key in [found.key for found in store.in_namespace(namespace)]
        assert [key] == store.index_keys("colour", "red")
        held.remove()
        await mirror.wait_agrees(rest, within=WITHIN)
        assert ["added"] == mirror.steps("a")


async def test_t31_a_made_up_name_is_in_the_next_list(proxy, proxied, namespace, rest):
    """With generateName, the object is found by what it is: nobody knows its name before."""
    async with deaf(proxy, proxied, CONFIG_MAP, namespace) as (mirror, held):
        body = config_map(generateName="made-", labels={"made": "up"})
        made = await mirror.client.create(CONFIG_MAP, body, namespace=namespace)

        found = [one for one in mirror.informer.store if one.labels.get("made") == "up"]

        assert [made.meta.name] == [one.meta.name for one in found]
        held.remove()
        await mirror.wait_agrees(rest, within=WITHIN)
        assert ["added"] == mirror.steps(made.meta.name)


@pytest.mark.parametrize("how", ["update", "patch", "apply"])
async def test_t31_a_changed_object_is_read_as_changed(proxy, proxied, namespace, rest, how):
    """Index entries follow, and what the watch had not told before our write stays in the past."""
    rest.create(f"/api/v1/namespaces/{namespace}/configmaps", config_map("a"))
    async with deaf(proxy, proxied, CONFIG_MAP, namespace) as (mirror, held):
        store, client, key = mirror.informer.store, mirror.client, f"{namespace}/a"
        store.add_index("colour", lambda found: [found.labels.get("colour", "")])
        body = config_map("a", labels={"colour": "blue"})
        write = getattr(client, how)

        answer = await write(CONFIG_MAP, "a", body, namespace=namespace, manager="tests")

        assert answer.resource_version == store.get(key).resource_version
        assert [key] == store.index_keys("colour", "blue")
        held.remove()
        await mirror.wait_agrees(rest, within=WITHIN)
        assert ["initial", "changed"] == mirror.steps("a")


async def test_t31_a_status_is_read_as_written(proxy, proxied, namespace, rest, widgets):
    """The typed read after a patch of the status has it."""
    rest.create(widgets, widget())
    async with deaf(proxy, proxied, WIDGET, namespace) as (mirror, held):
        lister = Lister(mirror.informer, Widget)
        patch = {"status": {"readyChildren": 7}}

        await mirror.client.patch(WIDGET, "w", patch, namespace=namespace, subresource="status")

        assert 7 == lister.get(f"{namespace}/w").status.ready_children
        assert [7] == [w.status.ready_children for w in lister.list(namespace=namespace)]
        held.remove()
        await mirror.wait_agrees(rest, within=WITHIN)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (CONFIG_MAP, {}),
        (SECRET, {}),
        (SERVICE, {"spec": {"ports": [{"port": 80}]}}),
        (SERVICE_ACCOUNT, {}),
        (CLAIM, {"spec": CLAIM_SPEC | {"storageClassName": "none"}}),
        (POD, {"spec": POD_SPEC}),
    ],
    ids=lambda value: value.kind if isinstance(value, Kind) else "",
)
async def test_t31_a_deleted_object_is_not_read(proxy, proxied, namespace, rest, kind, fields):
    """Kinds answer a deletion with a Status, with the last state, or with a mark: gone is gone."""
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    await eventually(lambda: rest.request("GET", accounts).status, equals=200, within=WITHIN)
    body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "a"}} | fields
    async with mirrored(proxied, kind, namespace) as mirror:
        await mirror.wait_synced(within=WITHIN)
        await mirror.client.create(kind, body, namespace=namespace)
        with proxy.hold():
            await mirror.client.delete(
                kind, "a", DeleteOptions(grace_seconds=0), namespace=namespace
            )
            is_held = rest.request("GET", kind.path(namespace, "a")).status == 200
            held = mirror.informer.store.get(f"{namespace}/a")

            assert held is not None or not is_held  # whose finalizer may have gone meanwhile
            assert held is None or held.is_deleting
            assert kind == CLAIM or held is None
        await eventually(lambda: mirror.content().get(f"{namespace}/a"), equals=None, within=WITHIN)
        assert "deleted" == mirror.steps("a")[-1]
        assert 1 == mirror.steps("a").count("deleted")


async def test_t31_a_deleted_collection_is_not_read(proxy, proxied, namespace, rest):
    """What is gone is gone at once, what a finalizer holds is seen to go, the rest stays."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    red = {"colour": "red"}
    rest.create(path, config_map("a", labels=red))
    rest.create(path, config_map("held", labels=red, finalizers=["test.pentad.dev/hold"]))
    rest.create(path, config_map("stays"))
    async with deaf(proxy, proxied, CONFIG_MAP, namespace) as (mirror, held):
        which = ListOptions(namespace=namespace, label_selector="colour=red")
        await mirror.client.delete_collection(CONFIG_MAP, which)

        get = mirror.informer.store.get
        assert None is get(f"{namespace}/a")
        assert get(f"{namespace}/held").is_deleting
        assert not get(f"{namespace}/stays").is_deleting
        assert 0 == mirror.informer.store.doubtful
        held.remove()
        rest.merge(f"{path}/held", {"metadata": {"finalizers": None}})
        await mirror.wait_agrees(rest, within=WITHIN)
        assert ["initial", "deleted"] == mirror.steps("a")


async def test_t31_a_dry_run_changes_no_read(proxy, proxied, namespace, rest):
    """What only might have been written is in no cache, and nothing is in doubt."""
    rest.create(f"/api/v1/namespaces/{namespace}/configmaps", config_map("a"))
    async with deaf(proxy, proxied, CONFIG_MAP, namespace) as (mirror, _):
        client, before = mirror.client, mirror.content()
        await client.create(CONFIG_MAP, config_map("b"), namespace=namespace, dry_run=True)
        patch = {"data": {"k": "v"}}
        await client.patch(CONFIG_MAP, "a", patch, namespace=namespace, dry_run=True)
        await client.delete(CONFIG_MAP, "a", namespace=namespace, dry_run=True)
        which = ListOptions(namespace=namespace)
        await client.delete_collection(CONFIG_MAP, which, dry_run=True)

        assert before == mirror.content()
        assert 0 == mirror.informer.store.doubtful


@pytest.mark.parametrize("late", [True, False], ids=["held", "prompt"])
async def test_t31_no_child_is_made_twice(proxy, proxied, namespace, rest, widgets, late):
    """A reconciler that creates what it does not find creates one (k/k#129795, CAPI#13649)."""
    child = OneChild()
    async with hosted(proxied, child.set_up, namespaces=[namespace]) as host:
        held = proxy.hold(Match(watch=True, path="/configmaps")) if late else None
        rest.create(widgets, widget())
        key = f"{namespace}/w"
        for times in range(1, 6):
            await eventually(
                lambda times=times: len(child.seen.get(key, ())) >= times, within=WITHIN
            )
            host.controllers[0].queue.add(key)
        await eventually(lambda: len(child.seen[key]) > 5, within=WITHIN)
        if held:
            held.remove()

        assert [0] == [count for count in child.seen[key] if count != 1]
    made = rest.get(f"/api/v1/namespaces/{namespace}/configmaps")["items"]
    assert 1 == sum(one["metadata"]["name"].startswith("child-") for one in made)
