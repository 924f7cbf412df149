"""The scenarios by name, in the order they run, and what each has to reach.

`sync_100k` is last because its objects stay in the API server. Targets are ratios of medians:
ours divided by the peer's, so less is better. Aims hold for our figures by themselves.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import attrs

from hack.bench.peers import (
    CONTROLLER_RUNTIME,
    CONTROLLER_RUNTIME_APPLY,
    HPA,
    HPA_FLAGS,
    KOPF,
    OURS,
    Peer,
)
from hack.bench.rig import Rig, Sample
from hack.bench.scaling import CONTROLLER
from hack.bench.scenarios.children import fanout, steady
from hack.bench.scenarios.failover import failover
from hack.bench.scenarios.first import idle, status_10k, sync_10k, sync_100k
from hack.bench.scenarios.latency import latency_100ps
from hack.bench.scenarios.penin import (
    FAKE_NODES,
    penin_change,
    penin_create,
    penin_idle,
    penin_resync,
)
from hack.bench.scenarios.relist import relist
from hack.bench.scenarios.scalers import scalers_1000

ROUNDS: Final = 5
FEWER_ROUNDS: Final = {KOPF: 2, CONTROLLER_RUNTIME_APPLY: 3}
"""kopf takes minutes; the other shows what a part of a figure is due to."""
_LATENCY_ROUNDS: Final = 9
"""The tail is made by moments in which the API server is slow; not every round has as many."""
_LONG_ROUNDS: Final = 3
MICRO: Final = "micro"
_BOTH: Final = (OURS, CONTROLLER_RUNTIME)


@attrs.frozen
class Target:
    """A promise: the median of `metric`, divided by the peer's, is at most `ratio`."""

    metric: str
    ratio: float
    peer: str = CONTROLLER_RUNTIME


@attrs.frozen
class Aim:
    """A promise without a peer: the median of `metric` is at most `limit`, or at least."""

    metric: str
    limit: float
    at_least: bool = attrs.field(default=False, kw_only=True)

    def is_met(self, value: float) -> bool:
        """Whether a figure keeps the promise."""
        return value >= self.limit if self.at_least else value <= self.limit


@attrs.frozen(kw_only=True)
class Scenario:
    """One situation, measured once per round and peer.

    The cluster plays `fake_nodes`, and goes `without` controllers that a peer stands for.
    A `note` stands with the figures.
    """

    name: str
    sample: Callable[[Rig, Peer, int], Awaitable[Sample]]
    peers: tuple[str, ...] = _BOTH
    targets: tuple[Target, ...] = ()
    aims: tuple[Aim, ...] = ()
    usual_rounds: int = ROUNDS
    fake_nodes: int = 0
    without: tuple[str, ...] = ()
    note: str = ""

    @property
    def title(self) -> str:
        """What it measures, in one sentence."""
        return (self.sample.__doc__ or "").strip()

    def rounds(self, peer: str, *, wanted: int | None) -> int:
        """Return how often to run a peer."""
        if wanted is not None:
            return wanted
        return FEWER_ROUNDS.get(peer, self.usual_rounds)


SCENARIOS: Final = (
    Scenario(
        name="sync_10k",
        sample=sync_10k,
        peers=(*_BOTH, KOPF),
        targets=(
            Target("wall_s", 0.7),
            Target("cpu_s", 0.5),
            Target("rss_mb", 0.8),
            Target("wall_s", 0.2, KOPF),
        ),
    ),
    Scenario(
        name="status_10k",
        sample=status_10k,
        peers=(*_BOTH, KOPF),
        targets=(Target("wall_s", 1.0), Target("cpu_s", 0.6), Target("wall_s", 0.25, KOPF)),
    ),
    Scenario(
        name="latency_100ps",
        sample=latency_100ps,
        peers=(*_BOTH, KOPF),
        targets=(Target("p50_ms", 1.0), Target("p99_ms", 1.0)),
        usual_rounds=_LATENCY_ROUNDS,
    ),
    Scenario(
        name="fanout",
        sample=fanout,
        peers=(*_BOTH, CONTROLLER_RUNTIME_APPLY),
        targets=(Target("wall_s", 1.0), Target("wall_s", 1.0, CONTROLLER_RUNTIME_APPLY)),
    ),
    Scenario(name="steady", sample=steady, aims=(Aim("writes", 0),)),
    Scenario(name="relist", sample=relist),
    Scenario(name="failover", sample=failover, targets=(Target("wall_s", 1.0),)),
    Scenario(name="idle", sample=idle, targets=(Target("cpu_s", 1.0),)),
    *(
        Scenario(
            name=sample.__name__,
            sample=sample,
            targets=(Target("cpu_s", 1.0),),
            aims=aims,
            usual_rounds=_LONG_ROUNDS,
            fake_nodes=FAKE_NODES,
        )
        for sample, aims in (
            (penin_create, ()),
            (penin_resync, (Aim("writes", 0), Aim("cpu_s", 5.0))),
            (penin_change, ()),
            (penin_idle, (Aim("writes", 0),)),
        )
    ),
    Scenario(
        name="scalers_1000",
        sample=scalers_1000,
        peers=(OURS, HPA),
        targets=(Target("cpu_s", 1.0, HPA), Target("requests_per_s", 1.0, HPA)),
        aims=(Aim("missed", 0),),
        usual_rounds=_LONG_ROUNDS,
        fake_nodes=FAKE_NODES,
        without=(CONTROLLER,),
        note=f"`{HPA}` is `kube-controller-manager {' '.join(HPA_FLAGS)}`.",
    ),
    Scenario(
        name="sync_100k",
        sample=sync_100k,
        targets=(Target("wall_s", 0.6), Target("cpu_s", 0.4), Target("rss_mb", 0.4)),
    ),
)

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "penin_500": tuple(each.name for each in SCENARIOS if each.name.startswith("penin_"))
}
"""Scenarios that are run together under one name."""

MICRO_AIMS: Final[Mapping[str, tuple[Aim, ...]]] = {
    "store": (
        Aim("added_per_s", 50_000, at_least=True),
        Aim("modified_per_s", 50_000, at_least=True),
        Aim("kib_per_pod", 6.5),
    ),
    "pause": (Aim("longest_ms", 30),),
}
