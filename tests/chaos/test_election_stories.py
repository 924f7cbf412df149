"""The election's known bugs (T22-T25, T27-T30), each a story with the shipped state machine.

Time is the world's: a story of an hour takes milliseconds, and delays are swept in small steps.
"""

import math

import attrs
import pytest

from controller.runtime.election.machine import (
    Conflict,
    Failed,
    Machine,
    Outcome,
    Seen,
    State,
    Verb,
)
from tests.chaos.election_world import CALM, OFFLINE, Fate, Record, TwoWritersError, World

HOUR = 3600.0
FIRST, SECOND = 0, 1


def pair(network=lambda *_: CALM, *, machine=Machine, **second) -> World:
    """Two processes; the first leads from the start, the second stands by."""
    world = World(network=network, machine=machine)
    world.add()
    world.run(0.5)
    world.add(**second)
    return world


def terms(world) -> list[int]:
    """Who led, in order."""
    return [number for number, _, _ in world.intervals]


def faults_for_first(fate, *, since=20.0, until=math.inf, verbs=tuple(Verb)):
    """A network that is bad for the first process only."""

    def network(world, process, request):
        is_hit = process.number == FIRST and since <= world.now < until and request.verb in verbs
        return fate if is_hit else CALM

    return network


def test_calm_leader_leads_for_an_hour_without_a_slow_path():
    """With nothing wrong one process leads all the time and renews by one PUT each."""
    world = pair()
    world.run(HOUR)
    leader = world.processes[FIRST]
    assert terms(world) == [FIRST]
    assert leader.machine.slow_paths == 0
    assert world.lease.writes == pytest.approx(HOUR / 2, rel=0.01)
    assert world.lease.record.transitions == 0


@pytest.mark.parametrize(
    "fate",
    [
        pytest.param(Fate(0.001, 0, instead=Failed("ConnectionReset")), id="t22-network-error"),
        pytest.param(Fate(OFFLINE, 0), id="t23-request-hangs"),
        pytest.param(Fate(0.001, OFFLINE), id="t23-applied-but-reply-hangs"),
        pytest.param(Fate(0.001, 0, instead=Failed("HTTP 403", 403)), id="t27-403"),
        pytest.param(Fate(0.001, 0, instead=Failed("HTTP 500", 500)), id="500"),
        pytest.param(Fate(0.001, 0, after=Failed("HTTP 504", 504)), id="applied-but-504"),
        pytest.param(Fate(0.001, 0, instead=Conflict()), id="t27-409-for-ever"),
    ],
)
def test_t22_t23_t27_failing_renewals_end_leading_within_the_deadline(fate):
    """Whatever way renewing fails, the leader stops by itself in time and the other takes over."""
    world = pair(faults_for_first(fate))
    world.run(90)
    (_, _, stopped), (_, started, _) = world.intervals
    assert terms(world) == [FIRST, SECOND]
    assert stopped <= 20 + 10
    assert world.outcomes == {Outcome.LOST: 1}
    assert stopped < started <= 20 + 10 + 15 + 3


@pytest.mark.parametrize("verbs", [(Verb.UPDATE,), (Verb.UPDATE, Verb.READ)], ids=["put", "all"])
@pytest.mark.parametrize(
    "fate",
    [
        pytest.param(Fate(0.001, 0, instead=Failed("ConnectionReset")), id="network-error"),
        pytest.param(Fate(OFFLINE, 0), id="hang"),
        pytest.param(Fate(0.001, OFFLINE), id="reply-lost"),
        pytest.param(Fate(0.001, 0, instead=Failed("HTTP 403", 403)), id="403"),
    ],
)
def test_t22_t23_a_short_failure_of_renewals_is_ridden_out(fate, verbs):
    """Three seconds of failing requests cost nobody the lease."""
    world = pair(faults_for_first(fate, until=23, verbs=verbs))
    world.run(120)
    assert terms(world) == [FIRST]
    assert world.processes[FIRST].machine.slow_paths > 0


def test_t24_suspended_holder_wakes_with_a_closed_fence():
    """A holder that slept for an hour may not write the moment it wakes, before any step of it."""
    world = pair()
    world.run(20)
    holder = world.processes[FIRST]
    world.stall(holder, HOUR, suspended=True)
    world.run(20 + HOUR - 1)
    assert holder.machine.state is State.LEADING  # it has not run, so it cannot know
    assert holder.machine.fence_until < holder.clock(world.now)
    assert world.leader() is world.processes[SECOND]
    world.run(20 + HOUR + 1)
    assert holder.machine.outcome is Outcome.LOST


class CountsFromTheReply(Machine):
    """client-go's way: the deadline runs from the answer, and the request may take all of it."""

    def step(self, now, event=None):
        """Pretend that the request left when the answer came."""
        if isinstance(event, Seen):
            self._sent_at = now
        return super().step(now, event)

    def _send(self, now, limit):
        request = super()._send(now, limit)
        self.patience = limit
        return request


def slow_renewal_then_cut(there: float, back: float, machine: type[Machine]) -> World:
    """One renewal of the leader is slow on both ways; then nothing of it gets through any more."""
    slow = {"sent": False}

    def network(world, process, request):
        if process.number != FIRST or world.now < 20 or request.verb is Verb.READ:
            return CALM if process.number != FIRST or world.now < 20 else Fate(OFFLINE, 0)
        if slow["sent"]:
            return Fate(OFFLINE, 0)
        slow["sent"] = True
        return Fate(there, back)

    world = pair(network, machine=machine)
    world.run(90)
    return world


STEPS = [step / 8 for step in range(12 * 8 + 1)]


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0], ids=["reply", "both", "request"])
def test_t25_slow_renewal_hole_is_closed_for_every_delay(share):
    """A renewal answered after d = 0..12 s, then silence: never two writers, and a successor."""
    for delay in STEPS:
        world = slow_renewal_then_cut(delay * share, delay * (1 - share), Machine)
        (_, _, stopped), (_, started, _) = world.intervals
        assert terms(world) == [FIRST, SECOND]
        assert started - stopped >= 5 - 0.1, f"d={delay}: the margin is lease - deadline"


def test_t25_counting_from_the_reply_leaves_the_hole():
    """The same sweep finds two writers as soon as the machine counts like client-go's."""
    holes = []
    for delay in STEPS:
        try:
            slow_renewal_then_cut(0.0, delay, CountsFromTheReply)
        except TwoWritersError:
            holes.append(delay)
    assert holes, "the sweep cannot see what it is for"
    assert 5 <= min(holes) <= 5 + 2.4, "later than lease - deadline by at most a standby's pause"


def test_t27_foreign_edit_shuts_the_fence_until_the_next_renewal():
    """A 409 from an edited annotation costs a moment of doubt, not the lease."""
    world = pair()
    world.run(20)
    leader = world.processes[FIRST]
    world.lease.touch()
    before = len(world.intervals)
    world.run(23)
    assert leader.machine.state is State.LEADING
    assert leader.machine.slow_paths == 1
    assert terms(world)[before - 1 :] == [FIRST, FIRST]  # shut, and open again
    (_, _, shut), (_, again, _) = world.intervals[-2:]
    assert 0 < again - shut < 0.1


def test_t27_conflict_with_another_holder_ends_leading_at_once():
    """Whoever overwrites the holder, the old one stops with its next renewal (k/k#23731)."""
    world = pair()
    world.run(20)
    stolen = attrs.evolve(world.lease.record, holder="somebody", version="x", stamp="x")
    world.lease.record = stolen
    world.run(23)
    assert world.leader() is None
    assert world.outcomes == {Outcome.LOST: 1}
    assert world.lease.record is stolen


def test_lease_deleted_by_hand_is_waited_out_by_those_who_saw_it():
    """A standby that knows of a holder does not create the Lease while the holder may write."""
    world = pair(faults_for_first(Fate(OFFLINE, 0)))
    world.run(20.5)
    world.lease.record = None
    world.run(60)
    (_, _, stopped), (_, started, _) = world.intervals
    assert terms(world) == [FIRST, SECOND]
    assert started > stopped


@pytest.mark.parametrize("there", [0.0, 0.4, 1.5, 4.0, OFFLINE], ids=lambda d: f"there-{d}")
@pytest.mark.parametrize("back", [0.0, 0.4, 1.5, 4.0, OFFLINE], ids=lambda d: f"back-{d}")
def test_t28_release_races_a_renewal_under_way(there, back):
    """Wherever the renewal is when its holder resigns, the lease ends up free, once and for all."""
    slow = Fate(there, back)
    for after in [step / 10 for step in range(41)]:
        world = pair(faults_for_first(slow, since=20, until=22.2, verbs=(Verb.UPDATE,)))
        world.at(20 + after, world.resign, world.processes[FIRST], 8.0)
        world.run(40)
        assert world.outcomes == {Outcome.RELEASED: 1}, f"resigned at {20 + after}"
        assert terms(world)[-1] == SECOND
        assert world.intervals[-1][1] < 20 + after + 8 + 3
        assert world.lease.record.holder == "p1"


def test_t28_released_lease_is_empty_and_short():
    """What a release writes: nobody, for one second, the transitions kept."""
    world = World()
    holder = world.add()
    world.run(10)
    world.resign(holder)
    world.run(11)
    record = world.lease.record
    assert (record.holder, record.duration, record.transitions) == ("", 1, 0)
    assert holder.fence_until <= 10


@pytest.mark.parametrize("lease_is_free", [True, False], ids=["free", "held"])
@pytest.mark.parametrize("slow", [0.005, 0.7, 3.0], ids=lambda d: f"{d}s")
def test_t29_standby_that_stops_never_leads(slow, lease_is_free):
    """Stopped at any moment, even while its take-over is under way, a standby leads nothing."""
    for at in [step / 20 for step in range(20 * 20)]:
        world = World(network=lambda *_: Fate(slow, slow))
        if not lease_is_free:
            world.lease.record = Record(
                holder="dead", duration=10, transitions=3, version="v", stamp="s"
            )
        world.at(at, world.resign, world.add(), 30.0)
        world.run(60)
        assert not [term for term in world.intervals if term[2] > at]
        assert world.lease.record is None or world.lease.record.holder in ("", "dead")
        assert world.outcomes.keys() <= {Outcome.STOPPED, Outcome.RELEASED}


@pytest.mark.parametrize("duration", [5, 15, 40, 137], ids=lambda d: f"{d}s")
def test_t30_the_holders_own_lease_duration_is_honoured(duration):
    """A standby waits as long as the dead holder promised, not as long as it would itself."""
    world = World()
    world.lease.record = Record(
        holder="dead", duration=duration, transitions=0, version="v", stamp="s"
    )
    world.add()
    world.run(duration * 2)
    ((_, started, _),) = world.intervals
    assert duration <= started <= duration + 0.1
    assert world.lease.record.transitions == 1


def test_edits_do_not_keep_a_dead_holder_alive():
    """Somebody who annotates the Lease every second does not hold up the take-over."""
    world = pair()
    world.run(20)
    world.kill(world.processes[FIRST])
    for second in range(21, 60):
        world.at(second, world.lease.touch)
    world.run(60)
    assert world.leader() is world.processes[SECOND]


def test_renewal_that_changes_nothing_does_not_count():
    """A server that answers with the old stamp has not renewed: others saw no sign of life."""
    world = pair()
    world.run(20)
    frozen = world.lease.record
    world.lease.apply = lambda _request: Seen(frozen)
    world.run(40)
    assert world.outcomes[Outcome.LOST] == 1
