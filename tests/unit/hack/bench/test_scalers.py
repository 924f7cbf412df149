"""What the harness makes up for two programs that scale, and how it counts what they look at."""

import datetime as dt
import math
from collections import Counter

import msgspec
import pytest

from hack.bench.audited import Asked, AuditLog, asked, scales_read
from hack.bench.catalogue import SCENARIOS
from hack.bench.document import table
from hack.bench.peers import HPA, HPA_FLAGS
from hack.bench.podmetrics import Pod, PodMetrics
from hack.bench.results import summarise
from hack.bench.run import Plan
from hack.bench.scaling import CONTROLLER, looks_told, missed
from hack.bench.targets import Targets, autoscaler, scaler
from informers.meta import codec
from reconcilers.vertice.api.scaler import VerticeScaler

SCENARIO = next(each for each in SCENARIOS if each.name == "scalers_1000")
NOW = dt.datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=dt.UTC)


def line(verb, subresource="", name="a", *, user="us", code=200):
    """Return a line of an audit log."""
    body = {
        "verb": verb,
        "userAgent": "pentad",
        "user": {"username": user},
        "objectRef": {"resource": "deployments", "subresource": subresource, "name": name},
        "responseStatus": {"code": code},
    }
    return msgspec.json.encode(body) + b"\n"


def pod(name, app, phase="Running", **meta):
    """Return a pod as a watch tells of it."""
    metadata = {"name": name, "resourceVersion": "7", "labels": {"app": app}, **meta}
    return msgspec.convert({"metadata": metadata, "status": {"phase": phase}}, Pod)


def used(answer):
    """Return what each pod of an answer uses, in whole thousandths of a core."""
    return {
        each["metadata"]["name"]: int(each["containers"][0]["usage"]["cpu"][:-1]) // 1_000_000
        for each in answer["items"]
    }


def test_scales_that_were_written_are_told_apart():
    """Those that were refused changed nothing, and others' requests are theirs."""
    log = [
        line("update", "scale"), line("update", "scale", code=409), line("get", "scale"),
        line("update"), line("update", "scale", user="others"),
    ]  # fmt: skip

    assert Asked(requests=4, writes=3, scaled=1) == asked(log, agent="pentad", user="us")
    assert Asked(requests=5, writes=4, scaled=2) == asked(log, agent="pentad")


def test_a_look_is_a_scale_that_was_read():
    """By name."""
    log = [line("get", "scale", "a"), line("get", "scale", "a"), line("get", "", "b")]

    assert Counter(a=2) == scales_read(log, agent="pentad", user="us")


def test_a_log_can_be_begun_later(tmp_path):
    """What it has counted it counts on."""
    file = tmp_path / "audit.jsonl"
    file.write_bytes(b"")
    log = AuditLog(file)
    file.write_bytes(line("get", "scale"))
    later = log.from_now()
    with file.open("ab") as end:
        end.write(line("get", "scale", "b"))

    assert Counter(a=1, b=1) == log.scales_read(agent="pentad", user="us")
    assert Counter(b=1) == later.scales_read(agent="pentad", user="us")


def test_looks_of_ours_are_read_from_its_metrics():
    """By name, whatever else is told of a scaler."""
    metrics = """\
pentad_metrics_age_seconds 0.01
# TYPE vertice_scaler_looks_total counter
vertice_scaler_looks_total{name="w0001",namespace="n"} 12.0
vertice_scaler_looks_total{namespace="n",name="w0002"} 3.0
vertice_scaler_current_replicas{name="w0001",namespace="n"} 2.0
"""

    assert Counter(w0001=12, w0002=3) == looks_told(metrics)
    assert Counter() == looks_told("")
    assert Counter() == looks_told(metrics.replace("0.01", "2.5"))


@pytest.mark.parametrize(
    ("after", "count"),
    [
        ({"a": 9, "b": 8}, 0),
        ({"a": 7, "b": 8}, 1),
        ({"a": 20, "b": 5}, 3),
        ({"a": 8}, 8),
        ({}, 16),
    ],
)
def test_looks_of_one_do_not_make_up_for_another(after, count):
    """One that was looked at more often than due is no help to the others."""
    before = {"a": 0} if not after else {}

    assert count == missed(before, after, due={"a": 8, "b": 8})


def test_loads_change_in_a_circle():
    """Each target is busy as long as it is idle."""
    targets = Targets(namespace="n", size=3)
    assert [1, 1, 1] == [targets.wanted(name) for name in targets.names]
    targets.turn(2)
    assert [2, 2, 1] == [targets.wanted(name) for name in targets.names]
    targets.turn(2)

    assert [1, 2, 2] == [targets.wanted(name) for name in targets.names]


@pytest.mark.parametrize("count", [1, 2])
def test_as_many_pods_as_are_wanted_have_nothing_to_ask_for(count):
    """Their share is within a tenth of half of what they request, so neither program moves."""
    targets = Targets(namespace="n", size=1)
    targets.turn(count - 1)
    (name,) = targets.names
    loads = {targets.load(name, tick=tick) for tick in range(99)}

    assert count == targets.wanted(name)
    assert len(loads) > 3
    for load in loads:
        assert 0.91 < load / count / 50 < 1.09
        assert count == math.ceil((3 - count) * load / (3 - count) / 50)


def test_the_pods_of_a_target_share_its_load():
    """Those that run; what is asked of another namespace is unknown."""
    targets = Targets(namespace="n", size=2)
    found = PodMetrics(targets)
    for each in (
        pod("p0", "w0000"), pod("p1", "w0000"), pod("q0", "w0001"),
        pod("q1", "w0001", "Pending"), pod("q2", "w0001", deletionTimestamp="2026-01-01T00:00:00Z"),
    ):  # fmt: skip
        assert "7" == found.see(each)

    tick = int(NOW.timestamp()) // 15
    one, other = (targets.load(name, tick=tick) for name in targets.names)
    both = dict.fromkeys(("p0", "p1"), one // 2)
    assert both == used(found.answer("n", "app=w0000", now=NOW))
    assert both | {"q0": other} == used(found.answer("n", "", now=NOW))
    assert {} == used(found.answer("other", "", now=NOW))
    found.see(pod("p0", "w0000"), is_gone=True)
    assert {"p1": one} == used(found.answer("n", "app=w0000", now=NOW))
    assert {} == used(found.answer("n", "app=none", now=NOW))


def test_both_say_the_same():
    """Of the same target."""
    ours, theirs = scaler("w"), autoscaler("w")["spec"]
    spec = codec.convert(ours, VerticeScaler).spec
    (metric,) = theirs["metrics"]

    assert (spec.min_replicas, spec.max_replicas) == (theirs["minReplicas"], theirs["maxReplicas"])
    assert (
        spec.metrics[0].target.average_utilization
        == (metric["resource"]["target"]["averageUtilization"])
    )
    assert (
        spec.behavior.scale_down.stabilization_window
        == (theirs["behavior"]["scaleDown"]["stabilizationWindowSeconds"])
    )
    reference = theirs["scaleTargetRef"]
    assert (spec.target.group_version, spec.target.kind, spec.target.name) == (
        reference["apiVersion"],
        reference["kind"],
        reference["name"],
    )


def test_what_the_peer_is_told_stands_with_the_figures():
    """As it is told it; and the cluster leaves that controller to it."""
    figures = {"scalers_1000": {HPA: summarise([{"missed": 0.0}])}}
    text = table({"scenarios": figures, "targets": [], "aims": []})
    plan = Plan(scenarios=SCENARIOS, peers=(), rounds=None, quick=False, micro=False)

    assert f"`kube-controller-manager {' '.join(HPA_FLAGS)}`" in text
    assert "missed looks" in text
    assert f"--controllers={CONTROLLER}" in HPA_FLAGS
    assert (CONTROLLER,) == plan.without
    assert not SCENARIO.title.count("\n")
