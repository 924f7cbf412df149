"""Subresources that answer with something else than the object: what they changed is read live."""

import msgspec
import pytest

from informers.errors import Conflict
from informers.meta.builtin import DEPLOYMENT, POD
from informers.reply import Status
from tests.integration.consistency.test_t31_own_writes import POD_SPEC
from tests.integration.consistency.world import WITHIN, deaf
from tests.kit.eventually import eventually

NODE_NAME = "fake-0000"


def field(snapshot, *path):
    """Return a field of an object."""
    found = msgspec.json.decode(snapshot.raw)
    for step in path:
        found = found[step]
    return found


def make_deployment(rest, namespace, name):
    """Create a Deployment of one replica, which it does not make because it is paused."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": POD_SPEC["containers"]}}
    spec = {"paused": True, "replicas": 1, "selector": {"matchLabels": labels}}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}}
    rest.create(DEPLOYMENT.path(namespace), body | {"spec": spec | {"template": template}})


async def make_pod(rest, namespace, name):
    """Create a pod that no scheduler looks at."""
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    await eventually(lambda: rest.request("GET", accounts).status, equals=200, within=WITHIN)
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}}
    rest.create(POD.path(namespace), body | {"spec": POD_SPEC})


async def test_a_scale_is_read_and_patched(proxy, proxied, namespace, rest):
    """The answer is a Scale; the cache, whose watch is late, has the new number once it settled."""
    make_deployment(rest, namespace, "a")
    async with deaf(proxy, proxied, DEPLOYMENT, namespace) as (mirror, _):
        client, store, key = mirror.client, mirror.informer.store, f"{namespace}/a"
        at = {"namespace": namespace, "subresource": "scale"}
        before = await client.get(DEPLOYMENT, "a", **at)
        answer = await client.patch(DEPLOYMENT, "a", {"spec": {"replicas": 7}}, **at)
        after = await client.get(DEPLOYMENT, "a", **at)

        assert ["Scale"] * 3 == [field(each, "kind") for each in (before, answer, after)]
        assert [1, 7, 7] == [field(each, "spec", "replicas") for each in (before, answer, after)]
        assert (1, True) == (field(store.get(key), "spec", "replicas"), store.is_doubtful(key))
        await mirror.informer.settle(key)
        assert (7, False) == (field(store.get(key), "spec", "replicas"), store.is_doubtful(key))


async def test_a_scale_is_replaced_only_at_the_version_it_was_read_at(
    proxy, proxied, namespace, rest
):
    """One of another version is a conflict, as with whole objects, and changes nothing."""
    make_deployment(rest, namespace, "a")
    async with deaf(proxy, proxied, DEPLOYMENT, namespace) as (mirror, _):
        at = {"namespace": namespace, "subresource": "scale"}
        old = msgspec.json.decode((await mirror.client.get(DEPLOYMENT, "a", **at)).raw)
        await mirror.client.patch(DEPLOYMENT, "a", {"spec": {"replicas": 7}}, **at)
        with pytest.raises(Conflict):
            await mirror.client.update(DEPLOYMENT, "a", old | {"spec": {"replicas": 3}}, **at)

        assert 7 == rest.get(DEPLOYMENT.path(namespace, "a"))["spec"]["replicas"]


async def test_a_pod_is_bound_to_a_node(proxy, proxied, namespace, rest):
    """Answered by a Status, it is done: the cache settles on the node, and there the pod runs."""
    await make_pod(rest, namespace, "p")
    async with deaf(proxy, proxied, POD, namespace) as (mirror, held):
        store, key = mirror.informer.store, f"{namespace}/p"
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "p"}}
        node = {"apiVersion": "v1", "kind": "Node", "name": NODE_NAME}
        answer = await mirror.client.create(
            POD, binding | {"target": node}, name="p", namespace=namespace, subresource="binding"
        )

        assert isinstance(answer, Status)
        assert "nodeName" not in field(store.get(key), "spec")
        assert store.is_doubtful(key)
        await mirror.informer.settle(key)
        assert NODE_NAME == field(store.get(key), "spec", "nodeName")
        assert not store.is_doubtful(key)
        held.remove()
        await eventually(lambda: field(store.get(key), "status", "phase"), equals="Running")
