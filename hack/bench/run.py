"""One run: a fresh API server, every scenario in turn, the peers alternating within it."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import yaml

from hack.bench import machine, micro
from hack.bench.api import Api, ApiError
from hack.bench.catalogue import MICRO, Scenario
from hack.bench.peers import Peer, prepare
from hack.bench.process import PeerError
from hack.bench.results import judge, judge_aims, summarise
from hack.bench.rig import Rig, Sample
from hack.cluster.progress import Progress
from informers.clock import Clock
from reconcilers.penin.family import FAMILY as PENIN
from reconcilers.vertice.family import FAMILY as VERTICE

_ROOT: Final = Path(__file__).parent.parent.parent
_WIDGETS: Final = _ROOT / "tests/kit/widget/manifests/crd/widgets.test.pentad.dev.yaml"
_OF_FAMILIES: Final = tuple(
    _ROOT / f"manifests/crd/{kind.definition.kind.resource}.yaml"
    for family in (PENIN, VERTICE)
    for kind in family.kinds
)
_CRDS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_SETTLE: Final = 1.0
_MICRO_ROUNDS: Final = 3
_ESTABLISHED: Final = 30.0


@attrs.frozen(kw_only=True)
class Plan:
    """What to run."""

    scenarios: Sequence[Scenario]
    peers: Sequence[str]
    rounds: int | None
    quick: bool
    micro: bool
    profile: Path | None = None

    @property
    def fake_nodes(self) -> int:
        """How many nodes have to be played."""
        return max((scenario.fake_nodes for scenario in self.scenarios), default=0)

    @property
    def without(self) -> tuple[str, ...]:
        """The controllers that the cluster has to leave to a peer."""
        found = (name for scenario in self.scenarios for name in scenario.without)
        return tuple(dict.fromkeys(found))

    def matches(self, scenario: Scenario) -> list[str]:
        """Return the wanted peers that take part in a scenario."""
        return [name for name in self.peers if name in scenario.peers]


async def run(
    plan: Plan, *, kubeconfig: Path, clock: Clock, audit_log: Path | None = None
) -> dict[str, Any]:
    """Run a plan and return everything that was measured, as it goes into the JSON file."""
    peers = {name: await prepare(name, profile=plan.profile) for name in plan.peers}
    # First: what the scenarios leave in the API server keeps a core of two busy for a while.
    parts = {name: await _micro(name, plan=plan) for name in micro.names()} if plan.micro else {}
    async with _rig(plan, kubeconfig=kubeconfig, clock=clock, audit_log=audit_log) as rig:
        facts = await machine.describe(rig.api)
        figures: dict[str, Any] = {}
        for scenario in plan.scenarios:
            chosen = [peers[name] for name in plan.matches(scenario)]
            figures[scenario.name] = await _compare(rig, scenario, chosen, wanted=plan.rounds)
    judged = () if plan.quick else plan.scenarios  # small sizes say nothing of the targets
    result = {
        "machine": facts,
        "quick": plan.quick,
        "scenarios": figures,
        "targets": [verdict.as_json() for verdict in judge(judged, figures)],
        "aims": judge_aims(judged, figures, micro=parts),
    }
    return result | {MICRO: parts} if parts else result


@asynccontextmanager
async def _rig(
    plan: Plan, *, kubeconfig: Path, clock: Clock, audit_log: Path | None
) -> AsyncIterator[Rig]:
    with tempfile.TemporaryDirectory(prefix="pentad-bench-") as logs:
        async with Api.of(kubeconfig) as api:
            for crd in (_WIDGETS, *_OF_FAMILIES):
                await _install(api, yaml.safe_load(crd.read_text("utf-8")), clock=clock)
            yield Rig(
                api=api,
                kubeconfig=kubeconfig,
                logs=Path(logs),
                clock=clock,
                quick=plan.quick,
                audit_log=audit_log,
            )


async def _install(api: Api, crd: dict[str, Any], *, clock: Clock) -> None:
    """Apply a CRD and wait until it is served."""
    name, spec = crd["metadata"]["name"], crd["spec"]
    await api.apply(f"{_CRDS}/{name}", crd)
    served = f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}"
    deadline = clock.monotonic() + _ESTABLISHED
    while not await _is_served(api, served):
        if clock.monotonic() > deadline:
            raise PeerError(f"the CRD {name} was not established in {_ESTABLISHED:.0f} s")
        await clock.sleep(0.1)


async def _is_served(api: Api, path: str) -> bool:
    """Whether its objects can be listed: an established kind's storage may still be on its way."""
    try:
        await api.json("GET", path, limit="1")
    except ApiError:
        return False
    return True


async def _compare(
    rig: Rig, scenario: Scenario, peers: Sequence[Peer], *, wanted: int | None
) -> dict[str, Any]:
    """Run the peers in turns; the order rotates, so that none always follows the same other."""
    rounds = {peer.name: scenario.rounds(peer.name, wanted=wanted) for peer in peers}
    samples: dict[str, list[Sample]] = {peer.name: [] for peer in peers}
    for number in range(max(rounds.values(), default=0)):
        for step in range(len(peers)):
            peer = peers[(number + step) % len(peers)]
            if number >= rounds[peer.name]:
                continue
            await rig.clock.sleep(_SETTLE)
            async with Progress().step(f"{scenario.name} {peer.name} #{number + 1}"):
                sample = await scenario.sample(rig, peer, number)
            samples[peer.name].append(sample)
            _tell(scenario.name, peer.name, number, sample)
    return {name: summarise(taken) for name, taken in samples.items()}


async def _micro(name: str, *, plan: Plan) -> dict[str, Any]:
    async with Progress().step(f"{MICRO} {name}"):
        taken = [await micro.run(name) for _ in range(1 if plan.quick else _MICRO_ROUNDS)]
    _tell(MICRO, name, len(taken) - 1, taken[-1])
    return summarise(taken)


def _tell(scenario: str, peer: str, number: int, sample: Sample) -> None:
    figures = "  ".join(f"{key} {value:.3f}" for key, value in sample.items())
    print(f"{scenario:<14}{peer:<20}#{number + 1} {figures}", flush=True)
