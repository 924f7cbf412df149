"""What the harness reads of two programs that know nothing of it."""

import asyncio

import msgspec
import pytest

from hack.bench.audited import Asked, AuditLog, asked
from hack.bench.penin import Fleet, working
from hack.bench.process import PeerError
from hack.bench.workloads import Workloads

OURS = """\
# TYPE pentad_reconcile_total counter
pentad_reconcile_total{controller="penin-cluster",result="success"} 3.0
pentad_reconcile_total{controller="penin-cluster",result="error"} 1.0
pentad_reconcile_total{controller="b",result="success"} 2.0
pentad_active_workers{controller="penin-cluster"} 0.0
pentad_workqueue_depth{name="penin-cluster",priority="default"} 0.0
pentad_informer_handler_depth{handler="a"} 5.0
"""
THEIRS = """\
controller_runtime_reconcile_total{controller="penin-cluster",result="success"} 4
controller_runtime_active_workers{controller="penin-cluster"} 0
workqueue_depth{controller="penin-cluster",name="penin-cluster",priority="0"} 1
"""


@pytest.mark.parametrize(
    ("metrics", "total", "waiting", "seen"),
    [(OURS, 6, 0, 4), (THEIRS, 4, 1, -1), ("", 0, 0, -1)],
    ids=["ours", "theirs", "not up yet"],
)
def test_progress_is_read_from_metrics(metrics, total, waiting, seen):
    """It has seen as many as were reconciled, if it is up and nothing waits."""
    found = working(metrics)

    assert (total, waiting) == (found.total, found.waiting)
    assert [count <= seen for count in range(6)] == [found.has_seen(count) for count in range(6)]


def line(verb, resource="pods", agent="pentad"):
    """Return a line of an audit log."""
    body = {"verb": verb, "userAgent": agent, "objectRef": {"resource": resource}}
    return msgspec.json.encode(body) + b"\n"


def test_only_what_a_program_asked_for_counts():
    """Its election aside, and whatever others do."""
    log = [
        line("patch"), line("list"), line("watch"), line("create", "events"),
        line("update", "leases"), line("patch", agent="kube-scheduler"),
    ]  # fmt: skip

    assert Asked(requests=4, writes=2) == asked(log, agent="pentad")


def test_a_log_counts_from_where_it_was(tmp_path):
    """A line that is still being written counts later."""
    file = tmp_path / "audit.jsonl"
    file.write_bytes(line("patch"))
    log = AuditLog(file)
    file.write_bytes(line("patch") + line("get") + line("patch")[:10])

    assert Asked(requests=1, writes=0) == log.asked(agent="pentad")


def deployment(generation, *, ready):
    """Return a Deployment whose newest pods are ready, or not."""
    status = {"observedGeneration": generation, "replicas": 1, "updatedReplicas": 1}
    body = {
        "metadata": {"name": "d", "generation": generation, "resourceVersion": "7"},
        "spec": {"replicas": 1},
        "status": status | ({"availableReplicas": 1} if ready else {}),
    }
    return msgspec.Raw(msgspec.json.encode(body))


def test_workloads_are_seen_to_roll():
    """Settled when all pods are new and ready; rolled when the spec is another."""
    found = Workloads()
    assert "7" == found.see_deployment(deployment(1, ready=True))
    before = dict(found.generations)
    assert ({"d"}, set()) == (found.settled, found.rolled(before))

    found.see_deployment(deployment(2, ready=False))
    assert (set(), {"d"}) == (found.settled, found.rolled(before))


@pytest.mark.parametrize(
    ("status", "running"),
    [
        ({"observedGeneration": 2, "phase": "Running"}, {"c"}),
        ({"observedGeneration": 1, "phase": "Running"}, set()),
        ({"observedGeneration": 2, "phase": "Updating"}, set()),
    ],
    ids=["of its newest spec", "of an older one", "not yet"],
)
def test_a_cluster_runs_when_its_status_says_so(status, running):
    """Of its newest spec."""
    found = Workloads()
    body = {"metadata": {"name": "c", "generation": 2}, "status": status}
    found.see_cluster(msgspec.Raw(msgspec.json.encode(body)))

    assert running == found.running


@pytest.mark.virtual
async def test_what_never_settles_is_told_with_what_there_is():
    """After the time that was given."""
    found = Workloads()
    found.see_deployment(deployment(1, ready=False))

    with pytest.raises(PeerError, match=r"not there within 9 s: 0 of 1 Deployments are settled"):
        await asyncio.wait_for(found.wait(lambda: False, what="there", within=9), timeout=60)


def test_each_change_is_new():
    """So that no round of changes finds them made already."""
    fleet = Fleet(namespace="n", size=2)

    assert ["c000", "c001"] == fleet.names
    assert fleet.change() != fleet.change()
