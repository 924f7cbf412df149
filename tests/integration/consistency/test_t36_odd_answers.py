"""Versions that are no small numbers, answers that are no objects, objects that leave."""

import json

import pytest

from informers.meta.builtin import CONFIG_MAP, POD
from informers.reply import Status
from tests.integration.consistency.test_t31_own_writes import POD_SPEC
from tests.integration.consistency.world import WITHIN, change, config_map, deaf
from tests.kit.eventually import eventually
from tests.kit.faults import WATCHES, EditEvents, EditReply, EditRequest, Match
from tests.kit.mirror import mirrored

VERSION = "resourceVersion"


def path(namespace, name=""):
    """Return the path of the namespace's ConfigMaps, or of one."""
    return f"/api/v1/namespaces/{namespace}/configmaps" + (f"/{name}" if name else "")


class Disguise:
    """Makes the server's versions look different, both ways."""

    def __init__(self, prefix, width):
        self._prefix, self._width = prefix, width

    def put_on(self, proxy):
        """Put it between the server and the client."""
        proxy.add(EditRequest(edit=self._request))
        proxy.add(EditReply(edit=self._out), Match(watch=False))
        proxy.add(EditEvents(edit=self._line), WATCHES)

    def hide(self, version):
        """Return what the client sees."""
        return version if version in ("", "0") else self._prefix + version.zfill(self._width)

    def _show(self, version):
        return version.removeprefix(self._prefix).lstrip("0") or version

    def _out(self, tree):
        if isinstance(tree, list):
            return [self._out(entry) for entry in tree]
        if not isinstance(tree, dict):
            return tree
        return {
            key: self.hide(value) if key == VERSION else self._out(value)
            for key, value in tree.items()
        }

    def _line(self, line):
        text = json.dumps(self._out(json.loads(line)), separators=(",", ":"))
        return (text.encode() + b"\n",)

    def _request(self, request):
        if VERSION not in request.params:
            return request
        return request.with_params(request.params | {VERSION: self._show(request.params[VERSION])})


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "listed"])
@pytest.mark.parametrize(
    "disguise", [Disguise("1", 24), Disguise("v", 0)], ids=["25 digits", "no number"]
)
async def test_t36_odd_versions_fail_open(proxy, proxied, namespace, rest, disguise, streams):
    """Own writes show at once, foreign ones in time, and nothing waits for an order."""
    rest.create(path(namespace), config_map("old"))
    disguise.put_on(proxy)
    async with mirrored(proxied, CONFIG_MAP, namespace, streams=streams) as mirror:
        await mirror.wait_synced(within=WITHIN)
        client, store = mirror.client, mirror.informer.store
        with proxy.hold():
            await client.create(CONFIG_MAP, config_map("ours"), namespace=namespace)
            label = {"metadata": {"labels": {"colour": "red"}}}
            await client.patch(CONFIG_MAP, "ours", label, namespace=namespace)
            assert "red" == store.get(f"{namespace}/ours").labels["colour"]
            await client.delete(CONFIG_MAP, "old", namespace=namespace)
            assert None is store.get(f"{namespace}/old")
        change(rest, path(namespace, "ours"), {"data": {"by": "others"}})

        def agrees():
            there = {
                f"{namespace}/{one['metadata']['name']}": disguise.hide(one["metadata"][VERSION])
                for one in rest.get(path(namespace))["items"]
            }
            return there == mirror.content()

        await eventually(agrees, within=WITHIN)
        assert 0 == store.doubtful
        proxy.cut(WATCHES)
        rest.delete(path(namespace, "ours"))
        await eventually(agrees, within=WITHIN)


async def test_t36b_an_eviction_is_a_success_without_a_version(proxy, proxied, namespace, rest):
    """Answered by a Status, it is done; what became of the pod is read live (CR#3590)."""
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    await eventually(lambda: rest.request("GET", accounts).status, equals=200, within=WITHIN)
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": POD_SPEC}
    rest.create(POD.path(namespace), pod)
    async with deaf(proxy, proxied, POD, namespace) as (mirror, _):
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": "p", "namespace": namespace},
        }
        store, key = mirror.informer.store, f"{namespace}/p"

        answer = await mirror.client.create(
            POD, eviction, name="p", namespace=namespace, subresource="eviction"
        )

        assert isinstance(answer, Status)
        assert store.is_doubtful(key)
        await mirror.informer.settle(key)
        assert not store.is_doubtful(key)
        assert store.get(key) is None or store.get(key).is_deleting


async def test_t36c_a_write_that_moves_an_object_out_of_the_selection(
    proxy, proxied, namespace, rest
):
    """It leaves the cache at once, and older news that are still under way keep it out."""
    red, blue = ({"metadata": {"labels": {"colour": colour}}} for colour in ("red", "blue"))
    rest.create(path(namespace), config_map("a", labels={"colour": "red"}))
    async with deaf(proxy, proxied, CONFIG_MAP, namespace, label_selector="colour=red") as (
        mirror,
        held,
    ):
        patch, get = mirror.client.patch, mirror.informer.store.get
        change(rest, path(namespace, "a"), {"data": {"by": "others"}})

        await patch(CONFIG_MAP, "a", blue, namespace=namespace)
        assert None is get(f"{namespace}/a")
        held.remove()
        rest.create(path(namespace), config_map("z", labels={"colour": "red"}))
        await mirror.wait_told("z", "added", within=WITHIN)
        assert ["initial", "deleted"] == mirror.steps("a")

        with proxy.hold():
            await patch(CONFIG_MAP, "a", red, namespace=namespace)
            assert "red" == get(f"{namespace}/a").labels["colour"]
            await patch(CONFIG_MAP, "a", blue, namespace=namespace)
            await patch(CONFIG_MAP, "a", red, namespace=namespace)
            assert "red" == get(f"{namespace}/a").labels["colour"]
        rest.create(path(namespace), config_map("zz", labels={"colour": "red"}))
        await mirror.wait_told("zz", "added", within=WITHIN)
        assert ["initial", "deleted", "added", "deleted", "added"] == mirror.steps("a")


async def test_t36c_a_write_to_a_namespace_that_is_not_covered(proxy, proxied, namespace, rest):
    """It changes nothing here, nobody waits for it, and a lost one is nobody's doubt."""
    other = f"{namespace}-other"
    rest.create("/api/v1/namespaces", {"metadata": {"name": other}})
    async with deaf(proxy, proxied, CONFIG_MAP, namespace) as (mirror, _):
        before = mirror.content()
        await mirror.client.create(CONFIG_MAP, config_map("a"), namespace=other)
        mirror.informers.doubtful(CONFIG_MAP, f"{other}/a", "somebody", 1)

        assert before == mirror.content()
        assert 0 == mirror.informer.store.doubtful
    rest.delete(f"/api/v1/namespaces/{other}")
