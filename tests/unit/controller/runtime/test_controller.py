"""What a controller does with a key; chaos/test_controller does it under random schedules."""

import asyncio

import pytest

from controller.runtime.builder import Builder
from controller.runtime.controller import (
    BUCKETS,
    OUTCOMES,
    CachesIncomplete,
    Controller,
    Options,
    Statistics,
)
from controller.runtime.ownership import TAKEN_SECONDS, Taken
from controller.runtime.pause import PAUSED
from controller.runtime.reconcile import Postponed, TerminalError, after, done
from controller.runtime.source import IteratorSource
from informers.client import CAUSE
from informers.errors import Cause, Conflict, Details, Forbidden, OutcomeUnknown, TransportError
from informers.meta.builtin import CONFIG_MAP
from tests.kit.eventually import eventually
from tests.kit.widget.api import WIDGET, Widget
from tests.unit.controller.runtime.world import World, thing

pytestmark = pytest.mark.virtual


class Noted:
    """A reconciler that notes its calls and does what the test says."""

    def __init__(self, act=None):
        self.calls = []
        self.causes = []
        self._act = act or (lambda _: done())

    async def reconcile(self, request):
        """Note the call."""
        self.calls.append(request.key)
        self.causes.append(CAUSE.get())
        result = self._act(request)
        if asyncio.iscoroutine(result):
            result = await result
        return result


class Hook:
    """Who is told of what cannot be helped."""

    def __init__(self, error=None):
        self.told, self.cleared, self._error = {}, [], error

    async def tell(self, request, error):
        """Be told, or fail."""
        if self._error is not None:
            raise self._error
        self.told[request.key] = error.reason

    def is_told(self, key):
        """Say whether it was told."""
        return key in self.told

    async def clear(self, request):
        """Take it back."""
        self.cleared.append(request.key)
        del self.told[request.key]


def fail(error):
    """Return an act that raises."""

    def act(_):
        raise error

    return act


def widgets(world, reconciler, **options):
    """Return a controller of Widgets."""
    builder = Builder(world.runtime, "widget").for_(Widget).owns(CONFIG_MAP)
    return builder.with_options(**options).on_terminal(Hook()).complete(reconciler)


def bare(world, reconciler, *, hook=None, **options):
    """Return a controller that nothing calls by itself."""
    return Controller(
        "bare",
        reconciler,
        [],
        clock=world.clock,
        log=world.log,
        options=Options(**options),
        on_terminal=hook,
    )


def outcomes(controller):
    """Return the outcomes that happened."""
    return {o: n for o, n in controller.statistics.outcomes.items() if n}


@pytest.mark.parametrize(
    ("seconds", "place"),
    [(0, 0), (0.001, 0), (0.0011, 1), (60, len(BUCKETS) - 1), (61, len(BUCKETS))],
    ids=str,
)
def test_a_duration_goes_into_the_first_bucket_that_holds_it(seconds, place):
    """Bounds belong to their bucket; what is longer than all goes into the last."""
    statistics = Statistics()
    statistics.record("success", seconds)

    assert [place] == [n for n, count in enumerate(statistics.buckets) if count]
    assert (seconds, 1) == (statistics.seconds, statistics.outcomes["success"])
    assert set(OUTCOMES) == set(statistics.outcomes)


async def test_what_is_written_is_written_on_behalf_of_its_object():
    """Requests made in a reconcile carry controller and key, which the gate asks for."""
    world, reconciler = World(), Noted()
    controller = bare(world, reconciler, workers=1)
    async with world.working(controller):
        for key in ("ns/a", "ns/b"):
            controller.queue.add(key)
        await eventually(lambda: reconciler.causes, equals=["bare/ns/a", "bare/ns/b"])


async def test_a_lost_write_to_any_cached_kind_is_settled_first():
    """A kind that the controller reads and writes, but is not called by, counts too."""
    world = World()
    world.wire.content["widgets"] = [thing()]

    async def write(_):
        await world.client.patch(CONFIG_MAP, "c", {}, namespace="ns")
        return done()

    reconciler = Noted(write)
    controller = Builder(world.runtime, "widget").for_(Widget).complete(reconciler)
    world.runtime.apply_set("widget", [CONFIG_MAP])
    answers = iter(
        [OutcomeUnknown("lost"), (200, thing("c", version=61)), (200, thing("c", version=62))]
    )
    world.wire.answer = lambda _: next(answers)
    async with world.working(controller):
        await eventually(lambda: outcomes(controller), equals={"error": 1, "success": 1})

    assert ["PATCH", "GET", "PATCH"] == [request.method for request in world.wire.requests]
    assert 1 == controller.gate.settled


async def test_the_reconciled_kind_is_the_one_for_names_whatever_the_order():
    """A kind watched before `for_` neither pauses nor hides objects of the same key."""
    world, reconciler = World(), Noted()
    world.wire.content["configmaps"] = [thing(meta={"annotations": {PAUSED: "true"}})]
    world.wire.content["widgets"] = [thing()]
    builder = Builder(world.runtime, "widget").watches(CONFIG_MAP, lambda _: ()).for_(Widget)
    async with world.working(builder.on_terminal(Hook()).complete(reconciler)):
        await eventually(lambda: reconciler.calls, equals=["ns/w"])


async def test_a_gone_object_leaves_nothing_in_the_queue():
    """The look it had asked for is cancelled: there is nothing to look at."""
    world, answers = World(), iter([after(60), done()])
    reconciler = Noted(lambda _: next(answers))
    world.wire.content["widgets"] = [thing()]
    controller = widgets(world, reconciler)
    async with world.working(controller):
        await eventually(lambda: controller.queue.state_of("ns/w"), equals="delayed")
        world.wire.push(WIDGET, "DELETED", thing(version=60))
        await eventually(lambda: outcomes(controller).get("success"), equals=1)

        assert "absent" == controller.queue.state_of("ns/w")
        await world.clock.sleep(100)

    assert 2 == len(reconciler.calls)


async def test_a_gone_object_may_still_ask_for_a_look():
    """Who cleans up after an object says when to look again."""
    world, answers = World(), iter([after(60), done()])
    reconciler = Noted(lambda _: next(answers))
    controller = widgets(world, reconciler)
    async with world.working(controller):
        controller.queue.add("ns/gone")
        await world.clock.sleep(61)

    assert ["ns/gone"] * 2 == reconciler.calls


@pytest.mark.parametrize(
    ("error", "event", "has_trace", "outcome"),
    [
        (Conflict("faster", code=409), "reconcile_conflict", False, "conflict"),
        (TransportError("cut"), "reconcile_failed", False, "error"),
        (KeyError("size"), "reconcile_failed", True, "error"),
        (asyncio.CancelledError(), "reconcile_failed", True, "error"),
        (TerminalError("never", reason="TooBig"), "reconcile_terminal", False, "terminal"),
        (Postponed("later", seconds=1), "reconcile_postponed", False, "requeue_after"),
    ],
    ids=["conflict", "network", "bug", "cancellation", "terminal", "postponed"],
)
async def test_each_failure_is_told_as_what_it_is(error, event, has_trace, outcome):
    """A bug with its traceback, the expected in one line; always with the key."""
    world = World()
    controller = bare(world, Noted(fail(error)))
    async with world.working(controller):
        controller.queue.add("ns/a")
        await eventually(lambda: outcomes(controller).get(outcome))

    said = world.log.told(event)[0]
    assert "ns/a" == said["key"]
    assert said["error"]
    assert has_trace == bool(said.get("exc_info"))


async def test_what_last_troubled_an_object_is_remembered():
    """The debug page shows it, with its reason."""
    world = World()
    controller = bare(world, Noted(lambda _: asyncio.Event().wait()), timeout=5, workers=1)
    async with world.working(controller):
        controller.queue.add("ns/a")
        await eventually(lambda: outcomes(controller), equals={"timeout": 1})

    _, text = controller.troubles.of("ns/a")
    assert "Timeout: took longer than 5 s; its slot is free again" == text


async def test_a_terminal_error_is_told_and_taken_back():
    """Told once, not tried again, and cleared by the next reconcile that works."""
    world, hook = World(), Hook()
    errors = [TerminalError("never", reason="TooBig")]
    reconciler = Noted(lambda request: fail(errors.pop())(request) if errors else done())
    controller = bare(world, reconciler, hook=hook)
    async with world.working(controller):
        controller.queue.add("ns/a")
        await world.clock.sleep(1000)
        assert {"ns/a": "TooBig"} == hook.told
        controller.queue.add("ns/a")
        await eventually(lambda: hook.cleared, equals=["ns/a"])

    assert {"terminal": 1, "success": 1} == outcomes(controller)


async def test_in_a_namespace_that_is_deleted_nothing_is_tried_again():
    """What would be made there is refused until it is gone, and that is nobody's fault."""
    causes = [Cause(reason="NamespaceTerminating", field="metadata.namespace")]
    refusal = Forbidden("it is being terminated", code=403, details=Details(causes=causes))
    world = World()
    controller = bare(world, Noted(fail(refusal)))
    async with world.working(controller):
        controller.queue.add("ns/a")
        await world.clock.sleep(1000)

    assert {"success": 1} == outcomes(controller)
    assert [] == world.log.told("reconcile_failed")


async def test_a_name_that_another_has_is_looked_at_again():
    """Nobody tells when it is free: what is no child yet has no owner."""
    world, errors = World(), [Taken("ConfigMap ns/c", "Widget v")]
    controller = bare(world, Noted(lambda _: fail(errors.pop())(0) if errors else done()))
    async with world.working(controller):
        controller.queue.add("ns/a")
        await world.clock.sleep(TAKEN_SECONDS - 1)
        assert {"terminal": 1} == outcomes(controller)
        await world.clock.sleep(2)

    assert {"terminal": 1, "success": 1} == outcomes(controller)


@pytest.mark.parametrize("problem", [ValueError("a bug"), "hangs"], ids=str)
async def test_a_hook_that_fails_costs_its_object_alone(problem):
    """Its slot is free again, and other objects are looked at."""
    world, hook = World(), Hook()
    world.wire.content["widgets"] = [thing(), thing("v")]
    noted = Noted(lambda request: fail(TerminalError("no"))(0) if request.name == "w" else done())

    async def tell(*_):
        if isinstance(problem, Exception):
            raise problem
        await asyncio.Event().wait()

    hook.tell = tell
    builder = Builder(world.runtime, "widget").for_(Widget).with_options(workers=1, timeout=2)
    controller = builder.on_terminal(hook).complete(noted)
    async with world.working(controller):
        await eventually(lambda: outcomes(controller).get("terminal", 0) > 1)
        await eventually(lambda: "ns/v" in noted.calls)
    assert "cannot tell why it stopped" in world.log.told("reconcile_failed")[0]["error"]


async def test_a_terminal_error_that_cannot_be_told_is_tried_again():
    """Nobody would know of it otherwise; the reconcile repeats until the hook is told."""
    world, hook = World(), Hook(TransportError("cut"))
    controller = bare(world, Noted(fail(TerminalError("never"))), hook=hook)
    async with world.working(controller):
        controller.queue.add("ns/a")
        await eventually(lambda: outcomes(controller).get("terminal", 0) > 1)

    assert "cannot tell why it stopped: cut" in world.log.told("reconcile_failed")[0]["error"]


async def test_workers_wait_for_every_cache():
    """A cache that does not become complete is named by the time-out of the start."""
    world = World()
    world.wire.refused["configmaps"] = 403
    controller = widgets(world, Noted(), sync_timeout=30)
    async with world.informers, asyncio.TaskGroup() as group:
        with pytest.raises(CachesIncomplete, match="widget are not complete after 30 s"):
            await controller.warm_up(group, limit=99)
        await controller.stop(limit=0)

    assert world.clock.monotonic() >= 30


async def test_a_stop_drains_what_it_can_and_reports_the_rest():
    """What is under way ends within the limit; who does not is cancelled and reported."""
    world = World()
    ended = []

    async def act(request):
        if request.key == "hangs":
            await asyncio.Event().wait()
        await world.clock.sleep(3)
        ended.append(request.key)
        return done()

    controller = bare(world, Noted(act), workers=2)
    async with world.informers, asyncio.TaskGroup() as group:
        controller.start(group)
        for key in ("hangs", "slow", "waits"):
            controller.queue.add(key)
        await world.clock.sleep(1)
        left = await controller.stop(limit=10)

    assert (("hangs",), (), False) == (left.processing, left.ready, left.is_drained)
    assert ["slow", "waits"] == ended
    assert 11 == world.clock.monotonic()


async def test_caches_are_kept_until_the_last_worker_has_ended():
    """A reconcile that is being drained still sees changes; then the informers are released."""
    world = World()
    world.wire.content["widgets"] = [thing()]
    seen = []

    async def act(request):
        await world.clock.sleep(5)
        seen.append(world.runtime.lister(Widget).snapshot(request.key).resource_version)
        return done()

    controller = widgets(world, Noted(act))
    async with world.informers, asyncio.TaskGroup() as group:
        await controller.warm_up(group)
        controller.start(group)
        await world.clock.sleep(1)
        stopping = group.create_task(controller.stop(limit=10))
        await world.clock.sleep(1)
        world.wire.push(WIDGET, "MODIFIED", thing(version=60))
        await stopping

    assert ["60"] == seen
    assert CONFIG_MAP not in {informer.source.kind for informer in world.informers}


async def test_a_controller_that_never_led_stops_at_once():
    """A standby has keys and no workers: nothing is drained, its sources end."""
    world = World()
    source = IteratorSource("endless", lambda: endless(world.clock))
    controller = Controller("idle", Noted(), [source], clock=world.clock, log=world.log)
    async with asyncio.TaskGroup() as group:
        await controller.warm_up(group)
        await eventually(lambda: len(controller.queue), equals=1)
        began = world.clock.monotonic()
        left = await controller.stop(limit=30)

    assert (began, ("tick",)) == (world.clock.monotonic(), left.ready)


async def endless(clock):
    """Yield the same key for ever."""
    while True:
        yield "tick"
        await clock.sleep(10)
