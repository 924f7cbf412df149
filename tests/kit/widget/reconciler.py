"""Makes a Widget what it should be: finalizer, ConfigMaps, status.

This is what a user of the runtime would write; tests and benchmarks run it as it is. `observe` is
told of each reconcile that came to its end, with the checksum: how a benchmark knows that the typed
object was read.
"""

from collections.abc import Callable
from typing import Final

from controller.runtime.builder import Builder
from controller.runtime.controller import Controller
from controller.runtime.finalizer import ensure_finalizer, remove_finalizer
from controller.runtime.ownership import Owner
from controller.runtime.reconcile import Request, Result, done
from controller.runtime.runtime import Runtime
from informers.meta.builtin import CONFIG_MAP
from tests.kit.widget import desired, status
from tests.kit.widget.api import WIDGET, Widget

NAME: Final = "widget"
FINALIZER: Final = "test.pentad.dev/bench"
Observer = Callable[[Widget, int], None]


class WidgetReconciler:
    """Reconciles Widgets; with an empty stamp the status carries none."""

    def __init__(
        self, runtime: Runtime, *, stamp: str = "", observe: Observer | None = None
    ) -> None:
        self._client = runtime.client
        self._widgets = runtime.lister(Widget)
        self._children = runtime.apply_set(NAME, [CONFIG_MAP])
        self._status = runtime.status_writer(NAME, Widget)
        self._stamp = stamp
        self._observe = observe

    async def reconcile(self, request: Request) -> Result:
        """Compare and act."""
        snapshot = self._widgets.snapshot(request.key)
        if snapshot is None:
            return done()
        if snapshot.is_deleting:
            await remove_finalizer(self._client, WIDGET, snapshot, FINALIZER)
            return done()
        snapshot = await ensure_finalizer(self._client, WIDGET, snapshot, FINALIZER)
        widget = self._widgets.memo.typed(snapshot)
        crc = desired.checksum(request.name, widget.spec)
        owner = Owner(kind=WIDGET, snapshot=snapshot)
        applied = await self._children.apply(owner, desired.children(widget, crc=crc))
        found = status.status(widget, crc=crc, ready=len(applied.children), stamp=self._stamp)
        await self._status.write(snapshot, found, [status.ready(widget)])
        if self._observe is not None:
            self._observe(widget, crc)
        return done()


def set_up(runtime: Runtime) -> Controller:
    """Put the controller together."""
    return Builder(runtime, NAME).for_(Widget).owns(CONFIG_MAP).complete(WidgetReconciler(runtime))
