"""Random schedules for the election's world: each is a function of its seed.

A schedule mixes two to four processes of different durations, clocks that drift as far as the
durations allow, slow, lost and refused messages, writes whose outcome is unknown, API outages,
stalls and suspends, kills, clean stops and foreign edits. Then the faults stop, and somebody must
lead within a bound.
"""

import contextlib
import math
import random
from collections.abc import Callable
from typing import Any

import attrs

from controller.runtime.election.machine import Conflict, Failed, Machine, Request
from tests.chaos.election_world import (
    OFFLINE,
    Fate,
    NobodyLeadsError,
    Process,
    World,
)

# The tighter the deadline is to the lease, the less drift is allowed, and the smaller the room
# for a mistake: the third and fourth are where a wrong machine is found.
DURATIONS = (
    {"lease": 15, "renew_deadline": 10.0, "retry": 2.0},
    {"lease": 9, "renew_deadline": 6.0, "retry": 2.0},
    {"lease": 15, "renew_deadline": 14.0, "retry": 3.0},
    {"lease": 6, "renew_deadline": 5.5, "retry": 1.5},
)
CALM = Fate(0.004, 0.004)
SLOWEST = 12.0
RESTART = 3.0
DOOM = "slow reply, then cut off"
FATES: dict[str, Callable[[random.Random], Fate]] = {
    "slow": lambda r: Fate(min(r.expovariate(0.4), SLOWEST), min(r.expovariate(0.4), SLOWEST)),
    "slow request": lambda r: Fate(r.uniform(0, SLOWEST), 0.004),
    "slow reply": lambda r: Fate(0.004, r.uniform(0, SLOWEST)),
    "lost request": lambda _: Fate(OFFLINE, 0),
    "lost reply": lambda _: Fate(0.004, OFFLINE),
    "403": lambda _: Fate(0.004, 0, instead=Failed("HTTP 403")),
    "409": lambda _: Fate(0.004, 0, instead=Conflict()),
    "applied, but 504": lambda r: Fate(0.004, r.uniform(0, 4), after=Failed("HTTP 504")),
    DOOM: lambda r: Fate(0.004, r.uniform(0, SLOWEST)),
    "stalled before it left": lambda _: CALM,
}


_KINDS = tuple(FATES)


class Schedule:
    """One seed, played to its end."""

    def __init__(
        self, seed: int, *, machine: type[Machine] = Machine, counts_suspend: bool = True
    ) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.chance = self.rng.random
        self.world = World(
            network=self._fate, machine=machine, jitter=self.chance, counts_suspend=counts_suspend
        )
        self.world.restart = self._restart
        self.fates: dict[str, int] = {}
        self.cut_off: dict[int, float] = {}
        self.doomed: set[int] = set()  # the next reply is slow, and the last for long
        self.faulty = self.chance() ** 3  # how often a message has a fate: most often, rarely
        choices = [self.rng.choice(DURATIONS) for _ in range(self.rng.randint(2, 4))]
        room = min(d["lease"] / d["renew_deadline"] for d in choices)
        self.drift = math.log(room) / 2 * 0.99
        self.longest = max(d["lease"] for d in choices)
        self.calm_from = self.longest * self.rng.uniform(1.5, 3.5)
        for durations in choices:
            self._start(durations)
        self.outages = self._plan()

    def play(self) -> None:
        """Faults first, then calm; two writers at once end it."""
        self.world.run(self.calm_from)
        self.world.run(self.calm_from + self._patience(), stop=self._is_led)
        if not self._is_led():
            raise NobodyLeadsError(f"nobody leads {self._patience():.1f} s after the faults")

    def _patience(self) -> float:
        # A dead holder's last message may still arrive and must then run out, on the slowest clock.
        return SLOWEST + RESTART + self.longest * math.exp(2 * self.drift) + 8

    def _is_led(self) -> bool:
        return self.world.leader() is not None

    def _start(self, durations: dict[str, Any], clock: tuple[float, float] | None = None) -> None:
        drift = self.rng.choice((-1, 1, self.rng.uniform(-1, 1))) * self.drift
        rate, offset = clock or (math.exp(drift), self.rng.uniform(0, 1e6))
        self.world.add(rate=rate, offset=offset, **durations)

    def _restart(self, process: Process) -> None:
        """The kubelet starts the process again: a new candidate on the same machine."""
        durations = attrs.asdict(process.config)
        durations = {key: durations[key] for key in ("lease", "renew_deadline", "retry")}
        now = self.world.now
        delay = self.chance() * RESTART
        clock = (process.rate, process.clock(now + delay))
        self.world.at(now + delay, self._start, durations, clock)

    def _plan(self) -> list[tuple[float, float, bool]]:
        """Put the faults that are not messages on the time line; return the API's outages."""
        rng, world = self.rng, self.world
        acts = {
            "stall": lambda p: self._stall(p, rng.uniform(0, 20)),
            "suspend": lambda p: self._stall(p, rng.uniform(0, 60), suspended=True),
            "cut off": self._cut_off,
            "doom": lambda p: self.doomed.add(p.number),
            "kill": world.kill,
            "resign": lambda p: world.resign(p, rng.uniform(0.1, 6)),
            "abandon": world.abandon,
        }
        for _ in range(rng.randint(0, 5)):
            kind = rng.choice([*acts, "touch"])
            self._count(kind)
            at = rng.uniform(0, self.calm_from)
            if kind == "touch":
                world.at(at, world.lease.touch)
            else:
                world.at(at, self._on_somebody, acts[kind])
        starts = [rng.uniform(0, self.calm_from) for _ in range(rng.choice((0, 0, 1, 1, 2)))]
        return [(at, at + rng.expovariate(1 / 10), self.chance() < 0.5) for at in starts]

    def _on_somebody(self, act: Any) -> None:
        """Hit the leader more often than the others."""
        leader = self.world.leader()
        alive = [p for p in self.world.processes if p.is_alive]
        if leader is not None and self.chance() < 0.6:
            act(leader)
        elif alive:
            act(self.rng.choice(alive))

    def _stall(self, process: Process, seconds: float, *, suspended: bool = False) -> None:
        seconds = max(min(seconds, self.calm_from - self.world.now), 0)
        self.world.stall(process, seconds, suspended=suspended)

    def _cut_off(self, process: Process) -> None:
        """From now on this process alone cannot reach the server."""
        self.cut_off[process.number] = self.world.now + self.rng.uniform(5, 40)

    def _fate(self, world: World, process: Process, _request: Request) -> Fate:
        now = world.now
        if now >= self.calm_from:
            return CALM
        if now < self.cut_off.get(process.number, 0):
            return Fate(OFFLINE, 0)
        for start, end, is_refusing in self.outages:
            if start <= now < end:
                self._count("refused" if is_refusing else "black hole")
                return (
                    Fate(0.002, 0, instead=Failed("refused")) if is_refusing else Fate(OFFLINE, 0)
                )
        if process.number in self.doomed:
            self.doomed.remove(process.number)
            kind = DOOM
        elif self.chance() > self.faulty:
            return CALM
        else:
            kind = self.rng.choice(_KINDS)
        self._count(kind)
        if kind == DOOM:
            self._cut_off(process)
        elif kind == "stalled before it left":
            self._stall(process, self.rng.uniform(0, 15))
        return FATES[kind](self.rng)

    def _count(self, kind: str) -> None:
        self.fates[kind] = self.fates.get(kind, 0) + 1


def replay(seed: int, **mutation: Any) -> str:
    """Tell a schedule step by step, for whoever reads a failure."""
    schedule = Schedule(seed, **mutation)
    schedule.world.trace = []
    with contextlib.suppress(AssertionError):
        schedule.play()
    return "\n".join(schedule.world.trace)
