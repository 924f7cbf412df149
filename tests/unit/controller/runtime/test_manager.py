"""The manager's life: what comes after what, and how each way of ending ends."""

import asyncio
import gc

import msgspec
import pytest

from controller.runtime.builder import Builder
from controller.runtime.controller import Controller
from controller.runtime.election.machine import Outcome
from controller.runtime.manager import EXIT_CLEAN, EXIT_LEASE_LOST, Manager
from informers.errors import ConfigError, FenceClosed
from informers.meta.builtin import CRD
from informers.reflector import Source
from tests.kit.eventually import eventually
from tests.kit.widget.api import WIDGET, Widget
from tests.unit.controller.runtime.manager_world import Case, Server
from tests.unit.controller.runtime.world import picture, thing

pytestmark = pytest.mark.virtual


async def test_servers_first_and_last_caches_before_workers():
    """And each thing that was started is stopped, the last first."""
    case = Case()
    async with case.running() as run:
        await eventually(lambda: "reconcile ns/w" in case.story)
        case.manager.stop()
        assert EXIT_CLEAN == await run

    assert ["a starts", "b starts", "reconcile ns/w", "b stops", "a stops"] == case.story
    assert ["caches_synced", "workers_started", "stopped"] == case.log.events()
    assert 1 == case.wire.closed
    assert (True, True, True) == (
        case.manager.progress.synced,
        case.manager.progress.leading,
        case.manager.progress.stopping,
    )


async def test_a_standby_is_warm_and_works_only_when_it_leads():
    """Its cache follows changes; nothing is reconciled before the lease is held."""
    case = Case(elects=True, servers=())
    async with case.running() as run:
        await eventually(lambda: case.manager.progress.synced)
        case.wire.push(WIDGET, "ADDED", thing("v", version=60))
        await case.clock.sleep(1)
        assert ["election starts"] == case.story
        assert case.runtime.lister(Widget).snapshot("ns/v")

        case.election.win()
        await eventually(lambda: {"reconcile ns/w", "reconcile ns/v"} <= set(case.story))
        case.manager.stop()
        assert EXIT_CLEAN == await run


async def test_the_lease_is_given_back_after_the_last_worker():
    """What is under way ends first, since the next leader starts at once."""
    case = Case(lambda: case.clock.sleep(5), elects=True)
    async with case.running() as run:
        case.election.win()
        await eventually(lambda: "reconcile ns/w" in case.story)
        case.manager.stop()
        await run

    assert [
        "a starts", "b starts", "election starts", "reconcile ns/w", "reconciled",
        "lease released", "election ends", "b stops", "a stops",
    ] == case.story  # fmt: skip


async def test_a_lost_lease_ends_the_program_at_once():
    """Nothing is drained and nothing given back; the exit code says why."""
    case = Case(lambda: asyncio.Event().wait(), elects=True)
    async with case.running() as run:
        case.election.win()
        await eventually(lambda: "reconcile ns/w" in case.story)
        case.wire.answer = lambda _: FenceClosed("not leading")
        case.runtime.recorder.tell(WIDGET, picture(), "Painted", "it is red now")
        began = case.clock.monotonic()
        case.election.end(Outcome.LOST)
        assert EXIT_LEASE_LOST == await run

    assert began == case.clock.monotonic()
    assert "lease released" not in case.story
    assert [{"reason": "lost"}] == case.log.told("lease_lost")


async def test_a_stop_takes_no_longer_than_it_may():
    """A reconcile that hangs is cut off at seven tenths of it, and the log says what was left."""
    case = Case(lambda: asyncio.Event().wait(), stop_seconds=10.0)
    async with case.running() as run:
        await eventually(lambda: "reconcile ns/w" in case.story)
        began = case.clock.monotonic()
        case.manager.stop()
        assert EXIT_CLEAN == await run

    assert began + 7 == case.clock.monotonic()
    [left] = case.log.told("queue_not_drained")
    assert ("widget", 1) == (left["controller"], left["processing"])


async def test_a_stop_before_the_caches_are_complete_ends_the_start():
    """No worker starts and no candidacy begins."""
    case = Case(elects=True)
    case.wire.refused["widgets"] = 403
    async with case.running() as run:
        await case.clock.sleep(1)
        case.manager.stop()
        assert EXIT_CLEAN == await run

    assert ["a starts", "b starts", "b stops", "a stops"] == case.story
    assert ["stopped"] == case.log.events()


async def test_a_stop_while_standing_by_ends_the_candidacy():
    """It never led, so there is nothing to drain."""
    case = Case(elects=True, servers=())
    async with case.running() as run:
        await eventually(lambda: "election starts" in case.story)
        case.manager.stop()
        assert EXIT_CLEAN == await run

    assert ["election starts", "lease released", "election ends"] == case.story


async def test_a_lease_won_in_the_moment_of_the_stop_starts_no_work():
    """It is given back."""
    case = Case(elects=True, servers=())
    async with case.running() as run:
        await eventually(lambda: "election starts" in case.story)
        case.manager.stop()
        case.election.win()
        assert EXIT_CLEAN == await run

    assert "workers_started" not in case.log.events()
    assert "lease released" in case.story


async def test_what_the_caches_wait_for_is_told_again_and_again():
    """After two seconds, then every ten; when it is granted, work begins."""
    case = Case()
    case.wire.refused["widgets"] = 403
    async with case.running():
        await case.clock.sleep(25)
        told = case.log.told("waiting_for_cache")
        assert 3 == len(told)
        assert "grant get, list and watch on widgets.test.pentad.dev" in told[0]["obstacle"]

        case.wire.refused.clear()
        await case.leading()
        count = len(case.log.told("waiting_for_cache"))
        await case.clock.sleep(60)

    assert count == len(case.log.told("waiting_for_cache"))


async def test_a_cache_that_no_controller_waits_for_is_no_obstacle():
    """Such as that of CRDs, which a manager of some namespaces may not see."""
    case = Case()
    case.wire.refused.update(widgets=404, customresourcedefinitions=403)
    case.informers.acquire(Source(kind=CRD))
    async with case.running():
        await case.clock.sleep(5)

    [told] = case.log.told("waiting_for_cache")
    assert "Widget" in told["obstacle"]


async def test_caches_that_never_come_are_given_up_with_the_remedy():
    """All is stopped in order, and then the error says what to do."""
    case = Case(sync_seconds=20.0)
    case.wire.refused["widgets"] = 404
    with pytest.raises(ConfigError, match=r"widget are not complete after 20 s: .* is not served"):
        await case.manager.run()

    assert ["a starts", "b starts", "b stops", "a stops"] == case.story
    assert 1 == case.wire.closed
    assert 20 <= case.clock.monotonic() <= 23


async def test_a_controllers_own_limit_counts_before_the_managers():
    """A kind known to be slow gets more time."""
    case = Case(sync_seconds=20.0)
    patient = Builder(case.runtime, "patient").for_(Widget).with_options(sync_timeout=50.0)
    manager = Manager(case.runtime, [patient.complete(case)], log=case.log, sync_seconds=20.0)
    case.wire.refused["widgets"] = 404
    with pytest.raises(ConfigError, match="patient are not complete after 50 s"):
        await manager.run()


async def test_a_server_that_cannot_start_ends_those_that_had():
    """The error is passed on as it is; nothing was watched."""
    story = []
    case = Case(servers=[Server(story, "a"), Server(story, "b", ConfigError("port 1 is taken"))])

    with pytest.raises(ConfigError, match="port 1 is taken"):
        await case.manager.run()

    assert (["a starts", "a stops"], [], 1) == (story, case.wire.requests, case.wire.closed)


async def test_the_first_reason_to_stop_counts():
    """A signal after the lease was lost does not make that a clean end."""
    case = Case()
    case.manager.stop(EXIT_LEASE_LOST)
    case.manager.stop()

    assert EXIT_LEASE_LOST == await case.manager.run()


async def test_background_work_ends_with_the_manager():
    """It runs from the start, and is cancelled when all else has ended."""
    ticks = []

    async def tick():
        while True:
            ticks.append(case.clock.monotonic())
            await case.clock.sleep(10)

    case = Case(background=[tick])
    async with case.running() as run:
        await case.clock.sleep(25)
        case.manager.stop()
        await run
        await case.clock.sleep(100)

    assert [0, 10, 20] == [round(tick) for tick in ticks]


@pytest.mark.parametrize("count", [1, 2], ids=["one on its way", "and one that waits"])
async def test_events_told_at_the_end_are_written(count):
    """Those in the queue and the one on its way, before the connection closes."""
    case = Case()

    async def tell():
        await case.clock.sleep(5)
        for number in range(count):
            case.runtime.recorder.tell(WIDGET, picture(), f"Ended{number}", "the last it did")

    async def slowly(request):
        await case.clock.sleep(0.5)
        return 201, msgspec.json.decode(request.body)

    case._act, case.wire.answer = tell, slowly
    async with case.running() as run:
        await eventually(lambda: "reconcile ns/w" in case.story)
        case.manager.stop()
        await run

    assert count == len(case.wire.sent("POST"))
    assert count == case.runtime.recorder.written


async def test_the_garbage_collector_is_as_it_was():
    """What the manager set for its own life is put back."""
    before = gc.get_threshold()
    case = Case()
    async with case.running() as run:
        await case.leading()
        assert before != gc.get_threshold()
        case.manager.stop()
        await run

    assert (before, 0) == (gc.get_threshold(), gc.get_freeze_count())


async def test_a_bug_in_a_controller_is_not_hidden():
    """A source that raises ends the program with its traceback, and all is stopped."""

    class Broken:
        async def start(self, *_, **__):
            raise KeyError("a bug")

        async def wait_synced(self):
            """Be ready."""

        async def stop(self):
            """End."""

    case = Case()
    broken = Controller("broken", case, [Broken()], clock=case.clock, log=case.log)
    manager = Manager(case.runtime, [broken], log=case.log, servers=[Server(case.story, "a")])
    with pytest.raises(ExceptionGroup) as caught:
        await manager.run()

    assert caught.group_contains(KeyError, match="a bug")
    assert ["a starts", "a stops"] == case.story
