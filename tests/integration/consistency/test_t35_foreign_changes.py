"""A change by somebody else that falls between our read and our write is acted upon."""

import asyncio

import pytest

from controller.runtime.builder import Builder
from controller.runtime.finalizer import ensure_finalizer
from controller.runtime.ownership import Owner
from controller.runtime.predicate import spec_changed
from controller.runtime.reconcile import done
from informers.meta.builtin import CONFIG_MAP
from tests.integration.consistency.world import WITHIN, change, config_map
from tests.kit.builders import widget
from tests.kit.eventually import eventually
from tests.kit.faults import Match
from tests.kit.hosting import hosted
from tests.kit.widget.api import WIDGET, Widget, WidgetStatus


class Slow:
    """Reads a Widget, waits to be told to go on, and writes; notes the sizes it saw."""

    def __init__(self, how):
        self.how = how
        self.sizes = []
        self.go = asyncio.Event()

    def set_up(self, runtime):
        """Be the function that a family registers."""
        self._client = runtime.client
        self._widgets = runtime.lister(Widget)
        self._status = runtime.status_writer("slow", Widget)
        self._children = runtime.apply_set("slow", [CONFIG_MAP])
        return Builder(runtime, "slow").for_(Widget, spec_changed).owns(CONFIG_MAP).complete(self)

    async def reconcile(self, request):
        """Write in the way that was asked for."""
        snapshot, found = self._widgets.snapshot(request.key), self._widgets.get(request.key)
        if found is None:
            return done()
        self.sizes.append(found.spec.size)
        await self.go.wait()
        if self.how == "status":
            size = found.spec.size
            await self._status.write(snapshot, WidgetStatus(ready_children=size))
        elif self.how == "finalizer":
            await ensure_finalizer(self._client, WIDGET, snapshot, "test.pentad.dev/slow")
        else:
            child = config_map("child") | {"data": {"size": str(found.spec.size)}}
            await self._children.apply(Owner(kind=WIDGET, snapshot=snapshot), [child])
        return done()


@pytest.mark.parametrize("late", [True, False], ids=["held", "prompt"])
@pytest.mark.parametrize("how", ["status", "finalizer", "apply"])
async def test_t35_a_change_between_read_and_write_is_reconciled(
    proxy, proxied, namespace, rest, widgets, how, late
):
    """Whatever is written and whether or not the watch is late (JOSDK#3455)."""
    slow = Slow(how)
    async with hosted(proxied, slow.set_up, namespaces=[namespace]):
        rest.create(widgets, widget(size=1))
        await eventually(lambda: slow.sizes, equals=[1], within=WITHIN)
        held = proxy.hold(Match(watch=True, path="/widgets")) if late else None

        change(rest, f"{widgets}/w", {"spec": {"size": 2}})
        slow.go.set()
        if held and how != "status":
            # Nothing tells of a foreign change before the watch does, but a conflict may.
            held.remove()

        await eventually(lambda: slow.sizes[-1], equals=2, within=WITHIN)
        if held:
            held.remove()
