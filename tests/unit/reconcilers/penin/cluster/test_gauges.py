"""What Prometheus is told of clusters follows from the cache, and from nothing else."""

import json

import pytest

from controller.runtime.pause import PAUSED
from hack.gen.__main__ import ROOT
from informers.lister import Lister
from informers.snapshot import seal
from reconcilers.penin import exported
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER, PeninOmegaCluster
from reconcilers.penin.cluster import gauges
from tests.unit.informers.test_references import informer_of

SETTLED = {"type": "Ready", "status": "True", "reason": "AllServicesHealthy", "message": ""}
STUCK = {"type": "Progressing", "status": "False", "reason": gauges.STUCK, "message": ""}


def seen(status=None, *, annotations=None, version="0.9.0"):
    """Return what is told of a cluster with this status, as figure and labels to number."""
    meta = {"name": "a", "namespace": "ns", "uid": "u", "resourceVersion": "1"}
    body = {
        "metadata": {**meta, "annotations": annotations or {}},
        "spec": {"version": version},
        "status": status or {},
    }
    found = gauges.read(seal(json.dumps(body).encode()))
    return {(declared, *labels): value for declared, labels, value in found}


def test_a_cluster_without_a_status_has_no_phase_and_no_services():
    """What is not known is absent, not zero."""
    assert {
        (exported.INFO, "0.9.0"): 1,
        (exported.PAUSED,): 0,
        (exported.ROLLOUT_STUCK,): 0,
    } == seen()


def test_a_phase_is_one_of_all():
    """Each phase has a series, and one of them is 1."""
    found = seen({"phase": "Updating"})

    assert {(exported.PHASE, each): each == "Updating" for each in gauges.PHASES} == {
        key: value for key, value in found.items() if key[0] is exported.PHASE
    }


@pytest.mark.parametrize(
    ("said", "told"),
    [("3/4", [3, 4]), ("0/0", [0, 0]), ("", []), ("many", []), ("3/", []), ("-1/4", [])],
    ids=str,
)
def test_services_are_those_of_the_printed_column(said, told):
    """A text that makes no sense tells nothing."""
    found = seen({"readyServices": said})

    services = (exported.READY_SERVICES, exported.SERVICES)
    assert told == [found[each,] for each in services if (each,) in found]


def test_conditions_are_told_as_they_are():
    """True is 1, False is 0; an unknown one has no series."""
    unknown = {"type": "MetricsAvailable", "status": "Unknown", "reason": "x", "message": ""}
    found = seen({"conditions": [SETTLED, STUCK, unknown]})

    assert {("Ready",): 1, ("Progressing",): 0} == {
        key[1:]: value for key, value in found.items() if key[0] is exported.CONDITION
    }


@pytest.mark.parametrize(("condition", "is_stuck"), [(STUCK, 1), (SETTLED, 0)], ids=["yes", "no"])
def test_a_rollout_is_stuck_when_its_condition_says_so(condition, is_stuck):
    """The reason of Progressing tells."""
    assert is_stuck == seen({"conditions": [condition]})[exported.ROLLOUT_STUCK,]


@pytest.mark.parametrize("said", ["true", "false"])
def test_a_pause_is_told(said):
    """The annotation, as the controller reads it."""
    assert (said == "true") == seen(annotations={PAUSED: said})[exported.PAUSED,]


def test_the_last_change_is_the_newest_of_all_conditions():
    """A condition that was never stamped does not count."""
    conditions = [
        SETTLED | {"lastTransitionTime": "1970-01-01T00:01:00Z"},
        STUCK | {"lastTransitionTime": "1970-01-01T00:02:00Z"},
        {**SETTLED, "type": "Degraded"},
    ]

    assert 120 == seen({"conditions": conditions})[exported.CHANGED,]


def test_a_cluster_that_makes_no_sense_tells_nothing():
    """It costs no other cluster its figures."""
    assert {} == seen({"conditions": "none"})


async def test_series_of_a_deleted_cluster_end():
    """A scrape tells of what the cache holds; what did not change is not read again."""
    informer = informer_of(PENIN_OMEGA_CLUSTER, {"spec": {"version": "1"}}, {})
    read = gauges.of_clusters(Lister(informer, PeninOmegaCluster))

    def names():
        told = dict(read())
        assert {*exported.OF_CLUSTERS} == told.keys()
        return [labels[:2] for labels, _ in told[exported.INFO]]

    assert [("ns", "o0"), ("ns", "o1")] == names()
    before = dict(read._read)
    assert [("ns", "o0"), ("ns", "o1")] == names()
    assert all(read._read[key] is held for key, held in before.items())
    informer.store.drop("ns/o0")
    assert [("ns", "o1")] == names()
    assert ["ns/o1"] == [*read._read]


def test_figures_carry_the_labels_they_declare():
    """The name of a cluster, then as many labels as the figure has beyond."""
    status = {"phase": "Running", "readyServices": "4/4", "conditions": [SETTLED]}

    for declared, *labels in seen(status):
        assert len(declared.labels) == 2 + len(labels)


def test_the_phases_are_those_of_the_kind():
    """A phase that is added has its series, too."""
    assert ("Pending", "Creating", "Running", "Updating", "Failed", "Terminating") == gauges.PHASES


def test_the_guide_tells_of_every_figure():
    """docs/guide/observability.md names each with its labels and its help."""
    guide = (ROOT / "docs/guide/observability.md").read_text(encoding="utf-8")
    rows = {
        f"| `{each.name}` | {each.type} | {', '.join(each.labels[2:])} | {each.help.rstrip('.')} |"
        for each in exported.OF_CLUSTERS
    }

    assert [] == [row for row in sorted(rows) if row not in guide]
