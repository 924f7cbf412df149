"""Our numbers beside those of the HorizontalPodAutoscaler's own code, on random cases.

A sample of `make oracle-hpa`; `PENTAD_SEED` repeats a run.
"""

import asyncio

import pytest

from hack.cluster.progress import Progress
from hack.oracle.hpa import comparison, ours
from hack.oracle.hpa.build import build
from reconcilers.vertice.scaler import rates
from tests.kit.virtual import seeds

SINGLES, SEQUENCES = 20_000, 1_000
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def program():
    """Return the program that answers for Kubernetes; built once."""
    return asyncio.run(build(Progress()))


async def compared(program, *, singles, sequences, seed):
    """Return what came of so many cases."""
    async with comparison.running(program) as oracle:
        return await comparison.compare(oracle, singles=singles, sequences=sequences, seed=seed)


@pytest.mark.parametrize("seed", seeds(1), ids="seed={}".format)
async def test_every_number_is_that_of_kubernetes(program, seed):
    """Single decisions of each kind of metric, and whole sequences with windows and policies."""
    outcome = await compared(program, singles=SINGLES, sequences=SEQUENCES, seed=seed)
    assert SINGLES + SEQUENCES == outcome.asked
    assert [] == [str(each) for each in outcome.differences[:3]]


@pytest.mark.parametrize(
    ("module", "name", "wrong", "sequences"),
    [
        (rates, "_raised", lambda start, policy: start + policy.value, 300),
        (ours, "by_value", lambda *_, **__: ours.Proposal(replicas=3, ratio=1, average=0), 0),
        (ours, "remembered", lambda _, decision: decision.past, 300),
    ],
    ids=["a policy", "a proposal", "a memory"],
)
async def test_a_wrong_number_is_found(program, monkeypatch, module, name, wrong, sequences):
    """A comparison that cannot fail says nothing."""
    monkeypatch.setattr(module, name, wrong)
    outcome = await compared(program, singles=300, sequences=sequences, seed=1)
    assert outcome.differences
