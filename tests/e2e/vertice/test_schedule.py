"""The clock, on real pods: its edges pass while the other tests of this folder run."""

import pytest

from tests.e2e.vertice.world import PATIENCE, scalings
from tests.kit.eventually import eventually_blocking

pytestmark = pytest.mark.timeout(420)
OK = 200
LATE = 10.0
"""Seconds on a busy machine; without an eye on the edge, it would be a period of 15 at times."""


def test_both_edges_act_at_once(real, clocked):
    """Three pods in the minute that was said, and one again after it."""
    edges, loaded = clocked
    (first, second) = eventually_blocking(
        lambda: [at for at, code in scalings(real.audit_log, loaded.namespace) if code == OK],
        where=lambda found: len(found) == len(edges),
        within=PATIENCE + 120,
    )

    for edge, moment in zip(edges, (first, second), strict=True):
        assert 0 <= (moment - edge).total_seconds() < LATE
    assert 1 == loaded.replicas()
    eventually_blocking(loaded.told, where=lambda told: len(told) == len(edges))
    for before, after, told in zip((1, 3), (3, 1), loaded.told(), strict=True):
        assert told.startswith(f"from {before} to {after} pod")
