"""The virtual loop must be asyncio in all but the clock: these tests pin both halves of that."""

import asyncio
import datetime as dt
import threading

import pytest

from informers.clock import LoopClock
from tests.kit.virtual import (
    EPOCH,
    WEEK,
    Deadlock,
    Livelock,
    RealIO,
    TimeLimit,
    VirtualClock,
    VirtualLoop,
    run_virtual,
    seeds,
)

CLOCK = LoopClock()


async def _race(names: str) -> str:
    """Three steps of each runner, in the order the loop chose."""
    steps: list[str] = []

    async def runner(name: str) -> None:
        for _ in range(3):
            steps.append(name)
            await CLOCK.sleep(0)

    async with asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(runner(name))
    return "".join(steps)


def test_time_jumps_to_the_next_timer() -> None:
    """A day of sleeping costs no time and ends exactly a day later."""

    async def main() -> float:
        await CLOCK.sleep(86_400)
        return CLOCK.monotonic()

    assert 86_400.0 == run_virtual(main())


def test_timers_fire_in_the_order_of_their_moments() -> None:
    """Timers fire by due time, whatever the order in which they were set."""

    async def main() -> list[tuple[str, float]]:
        loop, fired, done = asyncio.get_running_loop(), [], asyncio.Event()
        for name, delay in (("c", 3.0), ("a", 1.0), ("b", 2.0)):
            loop.call_later(delay, lambda name=name: fired.append((name, loop.time())))
        loop.call_at(4.0, done.set)
        await done.wait()
        return fired

    assert [("a", 1.0), ("b", 2.0), ("c", 3.0)] == run_virtual(main())


def test_timeouts_expire_in_virtual_time() -> None:
    """`asyncio.timeout` cuts a wait at its virtual deadline."""

    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.Event().wait()
        return CLOCK.monotonic()

    assert 30.0 == run_virtual(main())


@pytest.mark.parametrize("moment", [1e3, 1e7, 1e10], ids=["minutes", "months", "centuries"])
def test_timers_fire_however_late_it_is(moment) -> None:
    """A timer fires once even where a float no longer resolves a nanosecond."""

    async def main() -> float:
        await CLOCK.sleep(moment)
        await CLOCK.sleep(0.001)
        return CLOCK.monotonic() - moment

    assert 0.001 == pytest.approx(run_virtual(main(), limit=2 * moment), abs=1e-5)


def test_deadlock_is_told_at_once_and_names_who_waits() -> None:
    """A wait that nothing can end fails at once, with the name and the line of each waiter."""

    async def stuck() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(stuck(), name="the-stuck-one")

    with pytest.raises(
        Deadlock, match=r"(?s)nothing scheduled.*the-stuck-one waits in Event\.wait"
    ):
        run_virtual(main())


def test_a_hot_loop_is_told(monkeypatch) -> None:
    """A task that spins without letting time pass is stopped with its place."""
    monkeypatch.setattr("tests.kit.virtual._TURNS_PER_MOMENT", 1000)

    async def spin() -> None:
        while True:
            await CLOCK.sleep(0)

    with pytest.raises(Livelock, match=r"time stands still at 0\.0 s\n.* waits in"):
        run_virtual(spin())


def test_a_heartbeat_does_not_run_for_ever() -> None:
    """A program that only waits for its own ticks ends at the limit."""

    async def beat() -> None:
        while True:
            await CLOCK.sleep(3600)

    with pytest.raises(TimeLimit, match=f"after {WEEK} virtual seconds"):
        run_virtual(beat())


def test_stall_lets_time_pass_while_nothing_runs() -> None:
    """After a stall, timers that fell due meanwhile fire late, as behind a blocking call."""

    async def main() -> list[float]:
        loop, fired = asyncio.get_running_loop(), []
        loop.call_later(1, lambda: fired.append(loop.time()))
        loop.stall(20)
        assert [] == fired
        await CLOCK.sleep(0)
        return fired

    assert [20.0] == run_virtual(main())


def test_without_a_seed_the_order_is_that_of_asyncio() -> None:
    """An unseeded virtual loop schedules exactly as the stock loop does."""
    assert asyncio.run(_race("abcd")) == run_virtual(_race("abcd"))


def test_a_seed_reproduces_its_schedule_and_seeds_differ() -> None:
    """The same seed gives the same interleaving, and twenty seeds give many."""
    schedules = [run_virtual(_race("abcd"), seed=seed) for seed in range(20)]

    assert schedules == [run_virtual(_race("abcd"), seed=seed) for seed in range(20)]
    assert len(set(schedules)) > 15


@pytest.mark.parametrize("seed", range(10))
def test_callbacks_stay_in_order_under_any_seed(seed) -> None:
    """Plain callbacks run in the order of `call_soon`, which asyncio promises, under any seed."""

    async def main() -> list[int]:
        loop, seen = asyncio.get_running_loop(), []
        async with asyncio.TaskGroup() as group:
            for i in range(10):
                loop.call_soon(seen.append, i)
                group.create_task(CLOCK.sleep(0))
        return seen

    assert list(range(10)) == run_virtual(main(), seed=seed)


@pytest.mark.parametrize("seed", range(5))
def test_time_waits_for_tasks_that_are_held_back(seed) -> None:
    """However a seed delays ready tasks, none of them misses the moment at which it was ready."""

    async def main() -> set[float]:
        moments = set()

        async def runner() -> None:
            for _ in range(20):
                await CLOCK.sleep(0)
                moments.add(CLOCK.monotonic())

        asyncio.get_running_loop().call_later(1, lambda: None)
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(runner())
        return moments

    assert {0.0} == run_virtual(main(), seed=seed)


async def _in_a_thread() -> None:
    await asyncio.to_thread(len, "x")


async def _a_connection() -> None:
    await asyncio.open_connection("127.0.0.1", 1)


async def _a_name() -> None:
    await asyncio.get_running_loop().getaddrinfo("localhost", 1)


async def _a_process() -> None:
    await asyncio.create_subprocess_exec("true")


@pytest.mark.parametrize("real", [_in_a_thread, _a_connection, _a_name, _a_process])
def test_real_io_is_refused(real) -> None:
    """Whatever has a time of its own is refused, with the way out."""
    with pytest.raises(RealIO, match="move the test to tests/integration"):
        run_virtual(real())


def test_a_foreign_thread_may_not_wake_the_loop() -> None:
    """A wake-up from another thread fails in that thread."""
    caught: list[BaseException] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def wake() -> None:
            try:
                loop.call_soon_threadsafe(int)
            except RealIO as error:
                caught.append(error)

        thread = threading.Thread(target=wake)
        thread.start()
        thread.join()

    run_virtual(main())
    assert 1 == len(caught)


def test_tasks_left_behind_are_cancelled() -> None:
    """What the main coroutine leaves running is cancelled and awaited."""
    ended: list[str] = []

    async def background() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cleaned up")

    async def main() -> None:
        asyncio.get_running_loop().create_task(background(), name="left-behind")
        await CLOCK.sleep(0)

    run_virtual(main())
    assert ["cleaned up"] == ended


async def _wall_after_an_hour_and_a_step() -> tuple[dt.datetime, float]:
    clock = VirtualClock()
    await clock.sleep(3600)
    clock.step_wall(-7200)
    return clock.wall(), clock.monotonic()


def test_the_time_of_day_is_virtual_and_steps_alone() -> None:
    """The wall clock follows virtual time and may step without moving the monotonic one."""
    wall, monotonic = run_virtual(_wall_after_an_hour_and_a_step())

    assert EPOCH - dt.timedelta(hours=1) == wall
    assert 3600.0 == monotonic


@pytest.mark.virtual
async def test_the_marker_gives_a_virtual_loop() -> None:
    """A marked test runs in virtual time and in asyncio's order."""
    loop = asyncio.get_running_loop()
    await CLOCK.sleep(1e5)

    assert isinstance(loop, VirtualLoop)
    assert (None, 1e5) == (loop.seed, loop.time())


@pytest.fixture
async def warmed_up():
    """An asynchronous fixture that takes an hour."""
    await CLOCK.sleep(3600)
    return asyncio.get_running_loop()


@pytest.mark.virtual(seeds=3)
async def test_fixtures_share_the_virtual_loop(warmed_up, request) -> None:
    """Asynchronous fixtures run on the test's loop, and the test id carries the seed."""
    loop = asyncio.get_running_loop()

    assert loop is warmed_up
    assert 3600.0 == loop.time()
    assert f"seed={loop.seed}" in request.node.name


async def test_unmarked_tests_keep_the_stock_loop() -> None:
    """Without the marker nothing changes."""
    assert not isinstance(asyncio.get_running_loop(), VirtualLoop)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, range(4)), ({"PENTAD_SEEDS": "9"}, range(9)), ({"PENTAD_SEED": "7"}, range(7, 8))],
    ids=["default", "more", "one"],
)
def test_the_environment_chooses_seeds(monkeypatch, environment, expected) -> None:
    """A run may explore more schedules, or repeat the one that failed."""
    for name in ("PENTAD_SEEDS", "PENTAD_SEED"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert expected == seeds(4)
