"""Deletions that come without a last state: nobody trips, and owners are called all the same."""

import json

import pytest

from controller.runtime.handler import owner
from informers.index import by_owner
from informers.meta.builtin import CONFIG_MAP
from tests.integration.informers.objects import WATCH, change, delete, path
from tests.kit.eventually import eventually
from tests.kit.faults import EditEvents
from tests.kit.mirror import mirrored


def bare(line):
    """Take all but its identity from a deleted object, and add one of an object never seen."""
    event = json.loads(line)
    if event["type"] != "DELETED":
        return (line,)
    meta = event["object"]["metadata"]
    least = {key: meta[key] for key in ("name", "namespace", "uid", "resourceVersion")}
    kept = [{"metadata": least}, {"metadata": least | {"name": "never", "uid": "u"}}]
    return tuple(json.dumps({"type": "DELETED", "object": o}).encode() + b"\n" for o in kept)


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "listed"])
async def test_t05_a_deletion_without_a_last_state_is_harmless(
    proxy, proxied, namespace, rest, streams
):
    """The last state told is the cached one, indexes let go, the unknown object stays unknown."""
    parent = rest.create(path(namespace), {"metadata": {"name": "parent"}})["metadata"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "parent", "uid": parent["uid"]}
    owned = {"name": "child", "ownerReferences": [reference | {"controller": True}]}
    rest.create(path(namespace), {"metadata": owned, "data": {"colour": "red"}})
    with proxy.add(EditEvents(edit=bare), WATCH):
        async with mirrored(proxied, CONFIG_MAP, namespace, streams=streams) as mirror:
            mirror.informer.store.add_index("owner", by_owner)
            await mirror.wait_synced()
            assert [f"{namespace}/child"] == mirror.informer.store.index_keys(
                "owner", parent["uid"]
            )
            delete(rest, namespace, "child")

            await mirror.wait_told("child", "initial", "deleted")
            last = next(step.old for step in mirror.changes if step.new is None)
            assert b'"red"' in last.raw
            assert [f"{namespace}/parent"] == list(owner(CONFIG_MAP)(last))
            assert [] == mirror.informer.store.index_keys("owner", parent["uid"])
            assert [] == mirror.steps("never")
            change(rest, namespace, "parent", still="followed")
            await mirror.wait_agrees(rest)
            assert 0 == mirror.informer.reflectors[0].statistics.undecodable
            await eventually(lambda: "changed" in mirror.steps("parent"))
