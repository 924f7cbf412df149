"""A reconcile that hangs, on a real cluster: it ends at its limit, and nobody else waits longer."""

import asyncio

import attrs

from controller.runtime.builder import Builder
from controller.runtime.controller import Options
from controller.runtime.reconcile import done
from tests.kit.builders import widget
from tests.kit.eventually import eventually
from tests.kit.hosting import hosted
from tests.kit.widget.api import Widget

LIMIT = 1.0


class Hangs:
    """Waits for ever on one Widget until told otherwise; with a single worker."""

    def __init__(self):
        self.is_stuck = True
        self.ended = []
        self.cut = 0

    def set_up(self, runtime):
        """Be the function that a family registers."""
        options = {"timeout": LIMIT, "workers": 1}
        return Builder(runtime, "hangs").for_(Widget).with_options(**options).complete(self)

    async def reconcile(self, request):
        """Hang, or be done."""
        if request.name == "hangs" and self.is_stuck:
            try:
                await asyncio.Event().wait()
            finally:
                self.cut += 1
        self.ended.append(request.name)
        return done()


async def test_a_reconcile_that_hangs_frees_its_worker(cluster, namespace, rest, widgets):
    """The only worker goes on to the next object; the hanging one is tried again and succeeds."""
    reconciler = Hangs()
    async with hosted(cluster, reconciler.set_up, namespaces=[namespace]) as host:
        rest.create(widgets, widget("hangs"))
        await eventually(lambda: host.controllers[0].statistics.active, equals=1)
        rest.create(widgets, widget("waits"))

        await eventually(lambda: reconciler.ended, equals=["waits"])
        assert reconciler.cut >= 1
        assert host.controllers[0].statistics.outcomes["timeout"] >= 1
        reconciler.is_stuck = False
        await eventually(lambda: "hangs" in reconciler.ended)


def test_a_limit_is_on_by_default():
    """Nobody has to remember it; and it can be chosen."""
    assert 0 < Options().timeout < float("inf")
    assert attrs.evolve(Options(), timeout=5.0).timeout == 5.0
