"""The Widget controller on a real cluster: the runtime as its users see it."""

import pytest

from hack.gen.__main__ import ROOT
from informers.meta import codec
from tests.kit.builders import widget
from tests.kit.crds import install_crds
from tests.kit.eventually import eventually
from tests.kit.hosting import hosted
from tests.kit.widget.api import Widget
from tests.kit.widget.desired import checksum
from tests.kit.widget.reconciler import set_up

CRD = ROOT / "tests/kit/widget/manifests/crd/widgets.test.pentad.dev.yaml"


@pytest.fixture
def widgets(kubectl, namespace):
    """Return the path of the namespace's Widgets, served by the cluster."""
    install_crds(kubectl, CRD)
    return Widget.definition.kind.path(namespace)


def config_maps(rest, namespace):
    """Return the data of the namespace's ConfigMaps, by name."""
    found = rest.get(f"/api/v1/namespaces/{namespace}/configmaps")["items"]
    return {
        entry["metadata"]["name"]: entry["data"]
        for entry in found
        if entry["metadata"]["name"] != "kube-root-ca.crt"
    }


async def ready(rest, path):
    """Wait until the Widget's status speaks of its newest spec; return the Widget."""

    def current(found):
        generation = found["metadata"]["generation"]
        return found.get("status", {}).get("observedGeneration") == generation

    return codec.convert(await eventually(lambda: rest.get(path), where=current), Widget)


async def test_a_widget_gets_its_children_and_its_status(cluster, namespace, rest, widgets):
    """Created, it is reconciled; changed, its children follow; shrunk, they are pruned."""
    async with hosted(cluster, set_up, namespaces=[namespace]):
        rest.create(widgets, widget(children=3, colour="red"))
        found = await ready(rest, f"{widgets}/w")

        assert found.status.checksum == checksum("w", found.spec)
        assert found.status.ready_children == 3
        assert [("Ready", "True")] == [(c.type, c.status) for c in found.status.conditions]
        assert {"w-0", "w-1", "w-2"} == set(config_maps(rest, namespace))

        merge = {"spec": {"children": 1, "colour": "blue"}}
        rest.merge(f"{widgets}/w", merge)
        found = await ready(rest, f"{widgets}/w")

        assert {"w-0"} == set(config_maps(rest, namespace))
        assert config_maps(rest, namespace)["w-0"]["colour"] == "blue"


async def test_what_others_do_to_a_child_is_repaired(cluster, namespace, rest, widgets):
    """A deleted child comes back, a changed one is what it was."""
    child = f"/api/v1/namespaces/{namespace}/configmaps/w-0"
    async with hosted(cluster, set_up, namespaces=[namespace]):
        rest.create(widgets, widget(children=1))
        await ready(rest, f"{widgets}/w")

        rest.delete(child)
        await eventually(lambda: rest.request("GET", child).status, equals=200)
        drifted = {"data": {"colour": "pink"}}
        content_type = "application/merge-patch+json"
        rest.request("PATCH", child, drifted, content_type=content_type).ok()

        await eventually(lambda: rest.get(child)["data"]["colour"], equals="grey")


async def test_a_deleted_widget_is_let_go(cluster, namespace, rest, widgets):
    """The finalizer holds it until the controller has seen it."""
    async with hosted(cluster, set_up, namespaces=[namespace]):
        rest.create(widgets, widget())
        found = await ready(rest, f"{widgets}/w")
        assert found.metadata.finalizers == ("test.pentad.dev/bench",)

        rest.delete(f"{widgets}/w")

        await eventually(lambda: rest.request("GET", f"{widgets}/w").status, equals=404)
