"""Objects and reconcilers for the tests beside this file, and a cache that has gone deaf."""

from contextlib import asynccontextmanager

from controller.runtime.apply import OWNER_INDEX
from controller.runtime.builder import Builder
from controller.runtime.reconcile import done
from controller.runtime.runtime import cached
from informers.index import by_owner
from informers.meta.builtin import CONFIG_MAP
from tests.kit.faults import WATCHES
from tests.kit.mirror import mirrored
from tests.kit.widget.api import WIDGET, Widget

WITHIN = 30


def config_map(name="", *, labels=None, **metadata):
    """Return a ConfigMap."""
    meta = {"labels": labels or {}, **metadata} | ({"name": name} if name else {})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


def change(rest, path, body):
    """Change an object as somebody else would."""
    return rest.merge(path, body)


@asynccontextmanager
async def deaf(proxy, proxied, kind, namespace, **options):
    """Run a synced informer whose watch brings nothing more, until what holds it is removed."""
    async with mirrored(proxied, kind, namespace, **options) as mirror:
        await mirror.wait_synced(within=WITHIN)
        await mirror.wait_watching()
        held = proxy.hold(WATCHES)
        try:
            yield mirror, held
        finally:
            held.remove()


class OneChild:
    """Creates a ConfigMap with a made-up name for each Widget that has none.

    `seen` has the number of children found by each reconcile, by the Widget's key.
    """

    def __init__(self, *, name="", timeout=60.0):
        self.seen = {}
        self.name = name
        self._timeout = timeout

    def set_up(self, runtime):
        """Be the function that a family registers."""
        self._client = runtime.client
        self._widgets = runtime.lister(Widget)
        informer = runtime.informers.acquire(cached(CONFIG_MAP))
        informer.store.add_index(OWNER_INDEX, by_owner)
        self.store = informer.store
        builder = Builder(runtime, "one-child").for_(Widget).owns(CONFIG_MAP)
        return builder.with_options(timeout=self._timeout, workers=2).complete(self)

    async def reconcile(self, request):
        """Count, and create if there is none."""
        owner = self._widgets.snapshot(request.key)
        if owner is None:
            return done()
        children = self.store.by_index(OWNER_INDEX, owner.meta.uid)
        self.seen.setdefault(request.key, []).append(len(children))
        if not children:
            naming = {"name": self.name} if self.name else {"generateName": "child-"}
            body = config_map(ownerReferences=[_reference(owner)], **naming)
            await self._client.create(CONFIG_MAP, body, namespace=request.namespace)
        return done()


def _reference(owner):
    return {
        "apiVersion": WIDGET.api_version,
        "kind": WIDGET.kind,
        "name": owner.meta.name,
        "uid": owner.meta.uid,
        "controller": True,
    }
