"""The election's thread against time that is real: stalls, hanging sockets, ends without leaks.

Durations are shortened to 2/1.5/0.3 s, or a little longer where a term has to last on a busy
machine; `tests/e2e/test_election_stall.py` repeats the stalls with 15/10/2 s. The Lease lives in
another process, because here the interpreter itself is stopped.
"""

import asyncio
import ctypes
import datetime as dt
import random
import socket
import threading

import pytest

from controller.runtime.election.config import ElectionConfig
from controller.runtime.election.elector import Elector
from controller.runtime.election.fence import CandidacyEnded, boottime
from controller.runtime.election.machine import Outcome
from informers.connection import Connection
from informers.errors import FenceClosed
from tests.chaos.election_candidate import candidate
from tests.chaos.election_server import lease_server
from tests.kit.answers import refusal
from tests.kit.eventually import eventually
from tests.kit.faults import HalfOpen, Throttle
from tests.kit.leaks import no_leaks
from tests.kit.proxy import FaultProxy
from tests.kit.upstream import Upstream

SHORT = {"lease": 2, "renew_deadline": 1.5, "retry": 0.3}
STEADY = {"lease": 4, "renew_deadline": 3.0, "retry": 0.3}


def election(server: str, *, durations=SHORT, connection=None, **options) -> Elector:
    """A candidate for the one Lease of these tests."""
    config = ElectionConfig(name="l", namespace="n", **durations)
    return Elector(config, connection or Connection(server=server), **options)


@pytest.fixture
def server():
    """A Lease server of this test's own."""
    with lease_server() as url:
        yield url


@pytest.fixture
def proxy(server):
    """The same server behind faults."""
    with FaultProxy(Upstream.at(server), tls=False) as proxy:
        yield proxy


def spin(seconds: float) -> None:
    """Block the loop in Python code, as a slow reconcile does."""
    until = boottime() + seconds
    while boottime() < until:
        sum(range(1000))


def hold_the_interpreter(seconds: float) -> None:
    """One long C call that keeps the GIL: no thread of this process runs meanwhile."""
    ctypes.PyDLL(None).usleep(int(seconds * 1e6))


async def test_t26_loop_blocked_in_python_keeps_the_lease(server):
    """A loop that does nothing else for longer than the lease loses nothing."""
    async with election(server, durations=STEADY) as elector:
        await elector.wait_leading()
        with candidate(server, **STEADY) as rival:
            spin(5)
            elector.fence.check()
            assert elector.is_leading
            assert elector.statistics().renew_age < STEADY["renew_deadline"]
            assert not [words for words in rival.events() if words[0] == "leading"]
            await elector.release()


async def test_t26_stall_that_holds_the_gil_trips_the_fence(server):
    """Who wakes from a stall finds the fence closed, and a rival took over only after it was."""
    async with election(server) as elector:
        await elector.wait_leading()
        with candidate(server, **SHORT) as rival:
            elector.fence.check()
            open_until = boottime() + elector.fence.remaining()
            hold_the_interpreter(3)
            with pytest.raises(FenceClosed):
                elector.fence.check()
            (taken_at,) = rival.wait("leading")
            assert open_until < float(taken_at)
            assert (await elector.wait_lost()).outcome is Outcome.LOST


async def test_t22_network_errors_end_leading_in_time(proxy):
    """A refused connection ends the term within the deadline; the fence is closed by then."""
    async with election(proxy.url) as elector:
        await elector.wait_leading()
        proxy.refuse()
        proxy.cut_all()
        cut_at = boottime()
        ended = await elector.wait_lost()
        assert ended.outcome is Outcome.LOST
        assert boottime() - cut_at < SHORT["renew_deadline"] + 1
        assert elector.fence.remaining() == 0
        assert elector.statistics().failures > 0


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(HalfOpen(at="request"), id="never-answered"),
        pytest.param(HalfOpen(at="reply"), id="applied-never-answered"),
        pytest.param(HalfOpen(at="body"), id="head-without-body"),
        pytest.param(Throttle(bytes_per_second=3), id="trickle"),
    ],
)
async def test_t23_hanging_renewal_ends_leading_in_time(proxy, fault):
    """A request that hangs, or whose reply trickles in for ever, costs at most the deadline."""
    async with election(proxy.url) as elector:
        await elector.wait_leading()
        proxy.add(fault)
        broken_at = boottime()
        assert (await elector.wait_lost()).outcome is Outcome.LOST
        assert boottime() - broken_at < SHORT["renew_deadline"] + 1


async def test_t23_dead_connection_is_replaced_in_time(proxy):
    """One connection that swallows everything is left for a new one before the lease is lost."""
    async with election(proxy.url, durations=STEADY) as elector:
        await elector.wait_leading()
        proxy.add(HalfOpen(at="request"), times=1)
        await eventually(lambda: elector.statistics().slow_paths, where=lambda n: n > 0)
        await eventually(lambda: elector.fence.remaining() > STEADY["renew_deadline"] - 0.5)
        assert elector.is_leading
        await elector.release()


async def test_t24_wall_clock_jumps_an_hour_and_nothing_happens(server):
    """The time of day is for people: with every stamp an hour off, one process leads on."""
    stamps = []

    def wall():
        hours = dt.timedelta(hours=random.Random(len(stamps)).choice((-1, 1)))
        stamps.append(dt.datetime.now(dt.UTC) + hours)
        return stamps[-1]

    async with election(server, durations=STEADY, wall=wall) as elector:
        await elector.wait_leading()
        with candidate(server, **STEADY) as rival:
            await eventually(lambda: len(stamps) > 10)
            assert elector.is_leading
            assert elector.statistics().slow_paths == 0
            assert rival.events() == []
            await elector.release()


async def test_t28_released_lease_is_taken_within_a_pause(server):
    """Giving back is what makes a clean hand-over fast."""
    async with election(server) as elector:
        await elector.wait_leading()
        with candidate(server, **SHORT) as rival:
            assert (await elector.release()).outcome is Outcome.RELEASED
            released_at = boottime()
            (taken_at,) = rival.wait("leading")
            assert float(taken_at) - released_at < 1.2 * SHORT["retry"] + 0.5


async def test_t28_release_during_a_hanging_renewal_uses_a_new_connection(proxy):
    """The renewal under way is given half the time; the other half frees the lease."""
    async with election(proxy.url) as elector:
        await elector.wait_leading()
        proxy.add(HalfOpen(at="request"), times=1)
        await eventually(lambda: len(proxy.seen()) >= 3)
        ended = await elector.release(timeout=2)
        assert ended.outcome is Outcome.RELEASED


async def test_release_gives_up_in_time(proxy):
    """A server that is gone does not hold up the end."""
    async with election(proxy.url) as elector:
        await elector.wait_leading()
        proxy.add(HalfOpen(at="request"))
        began = boottime()
        assert (await elector.release(timeout=0.5)).outcome is Outcome.ABANDONED
        assert boottime() - began < 1.5


async def test_t29_standby_that_stops_never_leads(server):
    """Released while it waits, a standby ends at once and wakes nobody into leader work."""
    async with election(server) as leader:
        await leader.wait_leading()
        async with election(server) as standby, asyncio.TaskGroup() as group:
            waiting = group.create_task(standby_leads(standby))
            assert (await standby.release()).outcome is Outcome.STOPPED
        assert waiting.result() is False
        assert standby.fence.remaining() == 0
        await leader.release()


async def test_t29_stop_wins_over_a_grant_that_is_on_its_way_to_the_loop(server):
    """A standby told to stop after it won, before its loop has heard of that, does not start."""
    async with election(server) as elector, asyncio.TaskGroup() as group:
        waiting = group.create_task(standby_leads(elector))
        while not elector.fence.remaining():
            pass
        assert (await elector.release()).outcome is Outcome.RELEASED
    assert waiting.result() is False


async def test_t29_stop_wins_in_the_turn_in_which_the_loop_hears_of_the_grant(server):
    """Whoever waits to lead looks again on waking: somebody may have called it off."""
    electors = []

    def call_off(event, /, **_):
        if event == "election_leading":
            electors[0].abandon()

    async with election(server, log=call_off) as elector:
        electors.append(elector)
        assert not await standby_leads(elector)


async def standby_leads(elector: Elector) -> bool:
    """Whether leader work would start."""
    try:
        await elector.wait_leading()
    except CandidacyEnded:
        return False
    return True


class StuckConnection(Connection):
    """Credentials whose plugin hangs."""

    stuck = threading.Event()
    go_on = threading.Event()

    def headers(self):
        """Hang once somebody says so."""
        if self.stuck.is_set():
            self.go_on.wait(20)
        return super().headers()


async def test_stuck_thread_does_not_keep_the_loop_from_stepping_down(server):
    """A thread that hangs where nothing can interrupt it closes the fence, and the loop sees it."""
    connection = StuckConnection(server=server)
    async with election(server, connection=connection) as elector:
        await elector.wait_leading()
        connection.stuck.set()
        began = boottime()
        assert (await elector.wait_lost()).outcome is Outcome.LOST
        assert boottime() - began < SHORT["renew_deadline"] + 1
        connection.go_on.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_bug_in_the_thread_closes_the_fence_and_is_told(server):
    """If the thread dies of a bug, this process stops leading at that moment."""
    readings = iter([boottime()] * 12)
    with no_leaks():
        async with election(server, clock=lambda: next(readings)) as elector:
            ended = await elector.wait_lost()
            assert ended.outcome is Outcome.LOST
            assert "thread failed" in ended.reason


async def test_refused_credentials_are_told_to_the_loop(proxy):
    """A 401 calls for new credentials; with them the next try succeeds."""
    told = asyncio.Event()
    async with election(proxy.url, on_unauthorized=told.set) as elector:
        await elector.wait_leading()
        proxy.add(refusal(401), times=1)
        async with asyncio.timeout(5):
            await told.wait()
        await eventually(lambda: elector.fence.remaining() > SHORT["renew_deadline"] - 0.5)
        await elector.release()


@pytest.mark.parametrize("how", ["release", "abandon", "leave", "cancel"])
@pytest.mark.parametrize("state", ["standby", "leading", "hanging"])
async def test_nothing_is_left_behind(proxy, how, state):
    """Thread and sockets are gone, whichever way and in whichever state it ends."""
    with no_leaks():
        async with asyncio.TaskGroup() as group:
            first = group.create_task(live(proxy.url, how, state, proxy))
            if how == "cancel":
                await eventually(proxy.seen)
                first.cancel()
        proxy.cut_all()


async def live(url: str, how: str, state: str, proxy: FaultProxy) -> None:
    """One candidacy, up to a state, ended one way."""
    if state != "leading":
        proxy.add(HalfOpen(at="request") if state == "hanging" else refusal(403))
    async with election(url) as elector:
        if state == "leading":
            await elector.wait_leading()
        else:
            await eventually(proxy.seen)
        if how == "release":
            await elector.release()
        elif how == "abandon":
            elector.abandon()
        elif how == "cancel":
            await elector.wait_lost()


async def test_log_tells_the_story_once(server):
    """Standing by, leading, failing and the end are one line each, told in the loop."""
    lines = []

    def log(event, /, **fields):
        assert threading.current_thread() is threading.main_thread()
        lines.append((event, fields))

    async with election(server) as first:
        await first.wait_leading()
        async with election(server, log=log) as second:
            await eventually(lambda: lines)
            await first.release()
            await second.wait_leading()
            await second.release()
    assert ["election_standby", "election_leading", "election_ended"] == [
        event for event, fields in lines if fields.get("holder") != ""
    ]
    assert lines[-1][1] == {
        "lease": "n/l",
        "outcome": "released",
        "reason": "the lease was given back",
    }


async def test_server_that_closes_each_connection_is_no_trouble():
    """`Connection: close` costs a connection per renewal, nothing else."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        answers = threading.Thread(target=answer_and_close, args=(listener, 5))
        answers.start()
        async with election(url) as elector:
            await eventually(lambda: elector.statistics().failures, equals=0)
            await asyncio.to_thread(answers.join, 10)
            elector.abandon()
        assert not answers.is_alive()


def answer_and_close(listener: socket.socket, times: int) -> None:
    """Answer 404 and close, so many times."""
    listener.settimeout(10)
    for _ in range(times):
        peer, _ = listener.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 403 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")


async def test_name_with_a_dead_address_is_tried_at_the_next(server, monkeypatch):
    """A name with several addresses, the first of which nobody listens on, is no trouble."""
    resolve = socket.getaddrinfo

    def both(host, port, **options):
        return resolve("127.0.0.2", port, **options) + resolve(host, port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", both)
    async with election(server) as elector:
        await elector.wait_leading()
        assert elector.statistics().failures == 0
        await elector.release()
