"""A child that changes its owner, on a real API server."""

from controller.runtime.builder import Builder
from controller.runtime.predicate import spec_changed
from controller.runtime.reconcile import done
from informers.meta.builtin import CONFIG_MAP
from tests.integration.consistency.world import WITHIN, change, config_map
from tests.kit.builders import widget
from tests.kit.eventually import eventually
from tests.kit.hosting import hosted
from tests.kit.widget.api import WIDGET, Widget


class Calls:
    """Notes which Widgets were called after a child changed."""

    def __init__(self):
        self.keys = []

    def set_up(self, runtime):
        """Be the function that a family registers."""
        return Builder(runtime, "calls").for_(Widget, spec_changed).owns(CONFIG_MAP).complete(self)

    async def reconcile(self, request):
        """Only note it."""
        self.keys.append(request.name)
        return done()


async def test_t43_a_child_that_changes_owner_calls_both(cluster, namespace, rest, widgets):
    """One patch moves it from one Widget to another: the one that lost it hears of it, too."""
    owners = [rest.create(widgets, widget(name))["metadata"] for name in "ab"]
    reference = {"apiVersion": WIDGET.api_version, "kind": WIDGET.kind, "controller": True}
    refer = {own["name"]: reference | {k: own[k] for k in ("name", "uid")} for own in owners}
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    rest.create(path, config_map("child", ownerReferences=[refer["a"]]))
    calls = Calls()
    async with hosted(cluster, calls.set_up, namespaces=[namespace]):
        await eventually(lambda: {"a", "b"} <= set(calls.keys), within=WITHIN)
        calls.keys.clear()

        change(rest, f"{path}/child", {"metadata": {"ownerReferences": [refer["b"]]}})
        await eventually(lambda: set(calls.keys), equals={"a", "b"}, within=WITHIN)

        calls.keys.clear()
        rest.delete(f"{path}/child")
        await eventually(lambda: calls.keys, equals=["b"], within=WITHIN)
