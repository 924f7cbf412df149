"""The example of docs/guide/testkit.md: what happened while a controller was deaf is made good."""

import pytest

from hack.gen.__main__ import ROOT
from tests.kit.crds import install_crds
from tests.kit.eventually import eventually
from tests.kit.faults import WATCHES
from tests.kit.hosting import hosted
from tests.kit.leaks import no_leaks
from tests.kit.widget.api import Widget
from tests.kit.widget.reconciler import set_up

CRD = ROOT / "tests/kit/widget/manifests/crd/widgets.test.pentad.dev.yaml"


@pytest.fixture
def widgets(kubectl, namespace):
    """Return the path of the namespace's Widgets, served by the cluster."""
    install_crds(kubectl, CRD)
    return Widget.definition.kind.path(namespace)


async def test_a_child_deleted_unseen_comes_back(proxy, proxied, namespace, rest, widgets):
    """A child deleted while no watch is open is restored once the API server is back."""
    child = f"/api/v1/namespaces/{namespace}/configmaps/w-0"
    widget = {
        "apiVersion": "test.pentad.dev/v1alpha1",
        "kind": "Widget",
        "metadata": {"name": "w"},
        "spec": {"size": 1, "children": 1},
    }
    async with no_leaks(besides=proxy), hosted(proxied, set_up, namespaces=[namespace]):
        rest.create(widgets, widget)
        first = await eventually(lambda: rest.request("GET", child), where=lambda a: a.status < 400)

        proxy.refuse()
        assert proxy.cut_all() > 0
        rest.delete(child)
        proxy.forget()
        proxy.accept()

        again = await eventually(lambda: rest.request("GET", child), where=lambda a: a.status < 400)
        assert first.body["metadata"]["uid"] != again.body["metadata"]["uid"]
        assert [] != proxy.seen(WATCHES)
