"""Ten thousand random schedules of the shipped state machine, and proof that they can fail.

`PENTAD_SEEDS=200000` plays that many, if that is more; `PENTAD_SEED=17` plays only the one
a failure has named.
"""

import collections
import math
import os

import pytest

from controller.runtime.election.machine import Machine, Outcome, Seen, State
from tests.chaos.election_schedules import DOOM, FATES, Schedule, replay
from tests.chaos.election_world import LedAfterLeavingError, TwoWritersError

SCHEDULES = max(int(os.environ.get("PENTAD_SEEDS", "0")), 10_000)
ONE = os.environ.get("PENTAD_SEED")
BLOCKS = 4
SEARCH = 2000


@pytest.mark.parametrize("block", range(BLOCKS) if ONE is None else [0])
def test_t25_never_two_unfenced_writers_and_somebody_leads_after_the_faults(block, capsys):
    """In every schedule at most one fence is open at any instant, and calm brings a leader."""
    seeds = range(block, SCHEDULES, BLOCKS) if ONE is None else [int(ONE)]
    outcomes, fates, terms = collections.Counter(), collections.Counter(), 0
    for seed in seeds:
        schedule = Schedule(seed)
        try:
            schedule.play()
        except AssertionError as error:
            pytest.fail(f"PENTAD_SEED={seed}: {error}\n{replay(seed)[-20_000:]}")
        outcomes.update(schedule.world.outcomes)
        fates.update(schedule.fates)
        terms += len(schedule.world.intervals)
    ends = {getattr(end, "value", end): count for end, count in outcomes.items()}
    with capsys.disabled():
        print(
            f"\nelection: seeds {seeds}, {terms} terms of leaders; ends: {ends};",
            f"faults: {dict(fates)}",
        )
    if len(seeds) >= SEARCH:
        assert set(outcomes) == {*Outcome, "killed"}
        assert set(fates) >= {*FATES, "refused", "black hole", "suspend", "stall", DOOM}


class CountsFromTheReply(Machine):
    """The deadline of client-go: counted from the answer, not from before the question."""

    def step(self, now, event=None):
        """Pretend that the request left when the answer came."""
        if isinstance(event, Seen):
            self._sent_at = now
        return super().step(now, event)


class StandbyCountsFromItsQuestion(Machine):
    """A standby that believes it saw the record before it asked for it."""

    def _on_seen(self, now, request, record):
        before = self._seen_at
        super()._on_seen(now, request, record)
        if self._seen_at != before:
            self._seen_at = self._sent_at


class TrustsItsOwnDuration(Machine):
    """A standby that waits for its own lease duration, not for the holder's (k/k#47671)."""

    def _is_free(self, now):
        seen = self._seen
        return (
            seen is None
            or seen.holder in ("", self._config.identity)
            or now >= self._seen_at + self._config.lease
        )


class WritesForTheWholeLease(Machine):
    """A holder without a safety margin."""

    def _renewed(self):
        super()._renewed()
        self.lost_at = self.fence_until = self._sent_at + self._config.lease


class WritesWhileResigning(Machine):
    """A holder whose fence stays open while it gives the lease back."""

    def _resign(self, now, by):
        fence_until = self.fence_until
        super()._resign(now, by)
        if self.state is State.RESIGNING:
            self.fence_until = fence_until


class NeverStepsDown(Machine):
    """A leader that a failing renewal does not end: kubernetes_asyncio's."""

    def _renewed(self):
        super()._renewed()
        self.lost_at = self.fence_until = math.inf


class LeadsThoughTold(Machine):
    """A standby that forgets that it was told to go (CR#2719)."""

    def _resign(self, now, by):
        if self.state is not State.STANDBY:
            super()._resign(now, by)


@pytest.mark.parametrize(
    ("mutation", "found"),
    [
        ({"machine": CountsFromTheReply}, TwoWritersError),
        ({"machine": StandbyCountsFromItsQuestion}, TwoWritersError),
        ({"machine": TrustsItsOwnDuration}, TwoWritersError),
        ({"machine": WritesForTheWholeLease}, TwoWritersError),
        ({"machine": WritesWhileResigning}, (TwoWritersError, LedAfterLeavingError)),
        ({"machine": NeverStepsDown}, TwoWritersError),
        ({"machine": LeadsThoughTold}, LedAfterLeavingError),
        ({"counts_suspend": False}, TwoWritersError),
    ],
    ids=lambda value: (
        getattr(value.get("machine"), "__name__", "ClockStopsInSuspend")
        if isinstance(value, dict)
        else ""
    ),
)
def test_schedules_find_each_known_mistake(mutation, found):
    """A machine with one known mistake is caught, and its seed plays the same again."""
    for seed in range(SEARCH):
        try:
            Schedule(seed, **mutation).play()
        except found:
            break
    else:
        pytest.fail(f"not found in {SEARCH} schedules")
    assert replay(seed, **mutation) == replay(seed, **mutation)
    with pytest.raises(found):
        Schedule(seed, **mutation).play()
