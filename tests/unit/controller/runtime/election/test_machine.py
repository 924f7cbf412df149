"""The state machine step by step; its whole behaviour over time is in tests/chaos."""

import attrs
import pytest

from controller.runtime.election.config import ElectionConfig
from controller.runtime.election.machine import (
    NEVER,
    Abandon,
    Claim,
    Conflict,
    Failed,
    Machine,
    Missing,
    Outcome,
    Record,
    Resign,
    Seen,
    State,
    Verb,
)

CONFIG = ElectionConfig(name="l", namespace="n", identity="me")
OTHER = Record(holder="other", duration=15, transitions=4, version="1", stamp="a")


def written(claim: Claim, version: str) -> Seen:
    """The server's answer to a write of ours."""
    return Seen(
        Record(
            holder=claim.holder,
            duration=claim.duration,
            transitions=claim.transitions,
            version=version,
            stamp=version,
        )
    )


def machine() -> Machine:
    """A standby."""
    return Machine(CONFIG, jitter=lambda: 0.5)


def leader() -> Machine:
    """A leader that renewed at 0, got the answer at 1 and waits for 2."""
    it = machine()
    it.step(0)
    created = it.step(0, Missing())
    assert it.step(1, written(created.claim, "1")) is None
    return it


def test_first_request_reads():
    """Nobody writes before it has looked."""
    assert machine().step(0).verb is Verb.READ


def test_missing_lease_is_created_at_once():
    """The first candidate of a fresh installation does not wait."""
    it = machine()
    it.step(0)
    request = it.step(0.1, Missing())
    assert (request.verb, request.basis) == (Verb.CREATE, None)
    assert request.claim == Claim(holder="me", duration=15, transitions=0, is_new=True)


def test_fence_counts_from_before_the_request_was_sent():
    """A renewal sent at 0 and answered at 1 is good until 10, not 11."""
    it = leader()
    assert (it.state, it.fence_until, it.lost_at) == (State.LEADING, 10, 10)


def test_renewal_is_one_put_of_the_known_version():
    """The fast path reads nothing."""
    request = leader().step(2)
    assert (request.verb, request.basis.version) == (Verb.UPDATE, "1")
    assert request.claim == Claim(holder="me", duration=15, transitions=0, is_new=False)


def test_request_may_take_half_the_deadline():
    """A connection that died silently leaves time for another try."""
    it = leader()
    assert it.step(2).deadline == 7
    assert it.step(7, Failed("no answer")).deadline == 10  # and the last one ends with the term


def test_failed_renewal_reads_before_it_writes_again():
    """After an unknown outcome the version is not known."""
    it = leader()
    it.step(2)
    assert it.step(2.1, Failed("reset")) is None
    assert (it.wake_at, it.fence_until) == (4, 10)
    assert it.step(4).verb is Verb.READ


def test_conflict_shuts_the_fence_and_reads_at_once():
    """Somebody else wrote: no more writes until the next renewal succeeded."""
    it = leader()
    it.step(2)
    request = it.step(2.1, Conflict())
    assert (request.verb, it.fence_until, it.state) == (Verb.READ, NEVER, State.LEADING)
    mine = attrs.evolve(OTHER, holder="me", version="9")
    request = it.step(2.2, Seen(mine))
    assert (request.verb, it.fence_until) == (Verb.UPDATE, NEVER)
    it.step(2.3, written(request.claim, "10"))
    assert it.fence_until == 12.2


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Seen(OTHER), "held by other"),
        (Seen(attrs.evolve(OTHER, holder="")), "held by nobody"),
        (Missing(), "deleted"),
    ],
    ids=["other", "nobody", "missing"],
)
def test_lease_of_another_ends_leading(reply, reason):
    """What the server says about the holder is final."""
    it = leader()
    it.step(2)
    it.step(2.1, Conflict())
    assert it.step(2.2, reply) is None
    assert (it.outcome, it.fence_until) == (Outcome.LOST, NEVER)
    assert reason in it.reason


def test_deadline_ends_leading_even_with_a_good_reply_in_hand():
    """A reply that comes after the deadline does not bring back what has ended."""
    it = leader()
    request = it.step(2)
    it.step(10, written(request.claim, "2"))
    assert (it.state, it.outcome) == (State.ENDED, Outcome.LOST)
    assert it.step(11) is None


def test_standby_looks_again_when_the_lease_runs_out():
    """The take-over is not late by a polling pause."""
    it = machine()
    it.step(0)
    it.step(1, Seen(OTHER))
    assert it.wake_at == 2
    it.step(14.5)
    it.step(14.6, Seen(OTHER))
    assert it.wake_at == 16
    it.step(16)
    request = it.step(16.1, Seen(OTHER))
    assert (request.verb, request.claim.transitions) == (Verb.UPDATE, 5)


def test_pauses_of_standbys_are_spread():
    """Standbys that were started together do not ask together."""
    wakes = []
    for chance in (0.0, 1.0):
        it = Machine(CONFIG, jitter=lambda chance=chance: chance)
        it.step(0)
        it.step(0.1, Seen(OTHER))
        wakes.append(it.wake_at)
    assert wakes == pytest.approx([1.6, 2.4])


def test_free_lease_is_taken_at_once():
    """An empty holder needs no waiting."""
    it = machine()
    it.step(0)
    request = it.step(0.1, Seen(attrs.evolve(OTHER, holder="")))
    assert (request.verb, request.claim.is_new) == (Verb.UPDATE, True)


def test_grant_that_comes_too_late_is_renewed_before_leading():
    """A take-over whose reply took longer than the deadline proves nothing."""
    it = machine()
    it.step(0)
    request = it.step(0.1, Seen(attrs.evolve(OTHER, holder="")))
    again = it.step(10.2, written(request.claim, "2"))
    assert (it.state, it.fence_until) == (State.STANDBY, NEVER)
    assert (again.verb, again.claim.is_new) == (Verb.UPDATE, False)


def test_shortened_grant_does_not_count():
    """If the stored duration is shorter than ours, standbys would not wait long enough."""
    it = machine()
    it.step(0)
    request = it.step(0.1, Missing())
    it.step(0.2, written(attrs.evolve(request.claim, duration=3), "1"))
    assert it.state is State.STANDBY


def test_resign_writes_nobody_for_one_second():
    """The fence shuts first; then one PUT frees the lease."""
    it = leader()
    request = it.step(1.5, Resign(by=6.5))
    assert it.fence_until == NEVER
    assert request.claim == Claim(holder="", duration=1, transitions=0, is_new=False)
    it.step(1.6, written(request.claim, "2"))
    assert it.outcome is Outcome.RELEASED


def test_resign_reads_again_after_a_conflict():
    """A renewal that was still under way moves the version; the release follows it."""
    it = leader()
    it.step(1.5, Resign(by=6.5))
    assert it.step(1.6, Conflict()).verb is Verb.READ
    request = it.step(1.7, Seen(attrs.evolve(OTHER, holder="me", version="7")))
    assert (request.claim.holder, request.basis.version) == ("", "7")


def test_resign_waits_for_a_renewal_only_for_half_its_time():
    """A renewal that hangs leaves time to give back over another connection."""
    it = leader()
    it.step(2)
    assert it.step(2.5, Resign(by=6.5)) is None
    assert it.patience == 4.5


def test_resign_gives_up_in_time():
    """Giving back is a courtesy: it never holds up the end."""
    it = leader()
    it.step(1.5, Resign(by=3))
    assert it.step(3) is None
    assert it.outcome is Outcome.ABANDONED


@pytest.mark.parametrize("status", [401, 403])
def test_resign_asks_once_more_where_it_is_refused(status):
    """Who is uninstalled has lost its permissions for good; a single refusal may pass."""
    it = leader()
    it.step(1.5, Resign(by=60))
    it.step(1.6, Failed("no", status))
    now = it.wake_at
    assert it.step(now) is not None
    it.step(now + 0.1, Failed("no", status))
    assert it.outcome is Outcome.ABANDONED


def test_resign_goes_on_where_there_is_no_answer():
    """The server may come back in time."""
    it = leader()
    it.step(1.5, Resign(by=60))
    now = 1.5
    for _ in range(3):
        it.step(now + 0.1, Failed("no answer"))
        now = it.wake_at
        assert it.step(now) is not None
    assert it.outcome is None


def test_abandon_sends_nothing():
    """Workers that still run must not see their lease given away."""
    it = leader()
    assert it.step(1.5, Abandon()) is None
    assert (it.outcome, it.fence_until, it.patience) == (Outcome.ABANDONED, NEVER, NEVER)
