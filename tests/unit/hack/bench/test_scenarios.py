"""What every scenario owes its figures, shown with an API server and a peer that are made up."""

import asyncio

import msgspec
import pytest

from hack.bench.catalogue import GROUPS, SCENARIOS
from hack.bench.process import Milestone, PeerError
from hack.bench.rig import Rig
from hack.bench.usage import Usage
from informers.clock import LoopClock

pytestmark = pytest.mark.virtual

USAGE = Usage(cpu_s=1.0, rss_mb=1.0, peak_mb=1.0)
UNLIKE = ("relist", "scalers_1000", *GROUPS["penin_500"])
"""The first needs a server that is there; it asks for the sum as `latency_100ps` does. The others'
programs know of no harness: what they made is counted."""


class Server:
    """Takes everything, shows the children of 50 owners, and notes when its time is read."""

    def __init__(self, noted):
        self._noted = noted

    async def cpu_seconds(self):
        """Note it."""
        self._noted.append("cpu")
        return 1.0

    async def json(self, *_, **__):
        """Take it."""

    async def bulk(self, calls):
        """Take them."""
        list(calls)

    async def merge(self, path, body):
        """Take it."""

    async def metadata(self, *_, **__):
        """Hold nothing."""
        return [], "1"

    async def writes(self, resource):
        """Have served none."""
        del resource
        return 0

    async def watch(self, *_, type_, **__):
        """Show 500 children, then nothing."""
        for number in range(500):
            metadata = {"name": f"child-{number}", "uid": str(number), "resourceVersion": "1"}
            yield msgspec.convert({"type": "ADDED", "object": {"metadata": metadata}}, type_)
        await asyncio.Event().wait()


class Liar:
    """A peer, and its process, that reaches every milestone with a checksum of its own."""

    name = "liar"

    def __init__(self, noted):
        self._noted = noted

    async def start(self, job, *, kubeconfig, log):
        """Note it."""
        del job, kubeconfig, log
        self._noted.append("start")
        return self

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        return None

    async def wait_milestone(self, event, *, timeout):
        """Reach it."""
        del timeout
        return Milestone(event=event, at=1.0, usage=USAGE, body={"checksum": 7})

    async def ask(self, word, *, answer, timeout=30):
        """Answer as well."""
        del word
        return await self.wait_milestone(answer, timeout=timeout)

    def usage(self):
        """Cost little."""
        return USAGE

    def kill(self):
        """End."""

    def terminate(self):
        """End."""


@pytest.fixture
def noted():
    """Return what happened, in order."""
    return []


@pytest.fixture
def sample(noted, tmp_path):
    """Return a function that runs one scenario with the liar."""
    rig = Rig(
        api=Server(noted),
        kubeconfig=tmp_path / "kubeconfig",
        logs=tmp_path,
        clock=LoopClock(),
        quick=True,
    )
    return lambda scenario: scenario.sample(rig, Liar(noted), 0)


@pytest.mark.parametrize(
    "scenario", [each for each in SCENARIOS if each.name not in UNLIKE], ids=lambda s: s.name
)
async def test_a_peer_that_computes_something_else_is_not_measured(scenario, sample):
    """Every scenario compares the checksum, so none measures a peer that skips the work."""
    with pytest.RaisesGroup(pytest.RaisesExc(PeerError, match="checksum"), allow_unwrapped=True):
        await sample(scenario)


@pytest.mark.parametrize(
    "scenario",
    [each for each in SCENARIOS if each.name in ("fanout", "status_10k")],
    ids=lambda s: s.name,
)
async def test_the_servers_time_counts_from_before_the_peer_starts(scenario, sample, noted):
    """What the API server spends on a peer's start and first list is part of its share."""
    with pytest.RaisesGroup(PeerError, allow_unwrapped=True):
        await sample(scenario)

    assert ["cpu", "start"] == [what for what in noted if what in ("cpu", "start")][:2]
