"""The election's figures for Prometheus."""

import attrs
import pytest
from prometheus_client import CollectorRegistry

from controller.runtime.election.elector import ElectionStatistics
from controller.runtime.election.metrics import ElectionCollector

LEADING = ElectionStatistics(
    name="pentad",
    identity="me",
    holder="me",
    state="leading",
    is_leader=True,
    transitions=3,
    slow_paths=2,
    failures=5,
    renew_age=1.5,
    fence_remaining=8.5,
)


@pytest.mark.parametrize(
    ("sample", "leading", "standby"),
    [
        ("pentad_leader_election_master_status", 1, 0),
        ("pentad_leader_election_fence_remaining_seconds", 8.5, 0),
        ("pentad_leader_election_renew_age_seconds", 1.5, None),
        ("pentad_leader_election_slowpath_total", 2, 0),
        ("pentad_leader_election_request_failures_total", 5, 5),
        ("pentad_leader_election_transitions_total", 3, 3),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_figure_is_exported(sample, leading, standby):
    """Names follow client-go's; what was never measured is absent, not zero."""
    now = [LEADING]
    registry = CollectorRegistry()
    registry.register(ElectionCollector(lambda: now[0]))
    assert registry.get_sample_value(sample, {"name": "pentad"}) == leading
    now[0] = attrs.evolve(
        LEADING, is_leader=False, slow_paths=0, renew_age=None, fence_remaining=0.0
    )
    assert registry.get_sample_value(sample, {"name": "pentad"}) == standby
