"""What Prometheus is told of scalers follows from the cache and from what was counted."""

import json

import pytest

from controller.runtime.pause import PAUSED
from hack.gen.__main__ import ROOT
from informers.lister import Lister
from informers.snapshot import seal
from reconcilers.vertice import exported
from reconcilers.vertice.api.scaler import VERTICE_SCALER, VerticeScaler
from reconcilers.vertice.scaler import gauges
from reconcilers.vertice.scaler.counts import Counts
from tests.unit.informers.test_references import informer_of

SPEC = {"minReplicas": 2, "maxReplicas": 10}
CPU = {"type": "cpu", "current": "84%", "target": "70%"}
LABELS = ("0", "cpu", "")


def condition(kind, status, reason="R"):
    """Return a condition as it stands in a status."""
    return {"type": kind, "status": status, "reason": reason, "message": ""}


def seen(status=None, *, annotations=None, **spec):
    """Return what is told of a scaler with this status, as figure and labels to number."""
    meta = {"name": "a", "namespace": "ns", "uid": "u", "resourceVersion": "1"}
    body = {
        "metadata": {**meta, "annotations": annotations or {}},
        "spec": {**SPEC, **spec},
        "status": status or {},
    }
    found = gauges.read(seal(json.dumps(body).encode()))
    assert len(found) == len({(declared, labels) for declared, labels, _ in found})
    return {(declared, *labels): value for declared, labels, value in found}


def test_a_scaler_without_a_status_has_limits_and_no_pods():
    """What is not known is absent, not zero."""
    assert {
        (exported.MIN,): 2,
        (exported.MAX,): 10,
        (exported.PAUSED, "up"): 0,
        (exported.PAUSED, "down"): 0,
        (exported.PREVIEW,): 0,
        (exported.MISSING,): 0,
    } == seen()


def test_pods_are_told_as_the_status_has_them():
    """Those that there are and those that there are to be; none at all is a number, too."""
    found = seen({"currentReplicas": 0, "desiredReplicas": 3})

    assert (0, 3) == (found[exported.CURRENT,], found[exported.DESIRED,])


@pytest.mark.parametrize(
    ("spec", "annotations", "told"),
    [
        ({"pause": "None"}, {}, (0, 0)),
        ({"pause": "Up"}, {}, (1, 0)),
        ({"pause": "Down"}, {}, (0, 1)),
        ({"pause": "Both"}, {}, (1, 1)),
        ({}, {PAUSED: "true"}, (1, 1)),
        ({"pause": "Up"}, {PAUSED: "true"}, (1, 1)),
        ({"pause": "Up"}, {PAUSED: "false"}, (1, 0)),
    ],
    ids=str,
)
def test_a_pause_is_told_by_direction(spec, annotations, told):
    """That of the spec, and that of all kinds, which is one in both."""
    found = seen(annotations=annotations, **spec)

    assert told == (found[exported.PAUSED, "up"], found[exported.PAUSED, "down"])


def test_a_preview_is_told():
    """Nothing of its scaler is done, as little as while it is paused."""
    assert 1 == seen(preview=True)[exported.PREVIEW,]


def test_conditions_are_told_as_they_are():
    """True is 1, False is 0; an unknown one has no series."""
    found = seen(
        {
            "conditions": [
                condition("Ready", "True"),
                condition("AbleToScale", "False"),
                condition("Paused", "Unknown"),
            ]
        }
    )

    assert {("Ready",): 1, ("AbleToScale",): 0} == {
        key[1:]: value for key, value in found.items() if key[0] is exported.CONDITION
    }


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (condition("ScalingActive", "False", "MetricsMissing"), 1),
        (condition("ScalingActive", "False", "ScalingDisabled"), 0),
        (condition("ScalingActive", "True", "MetricsMissing"), 0),
        (condition("Ready", "False", "MetricsMissing"), 0),
    ],
    ids=["missing", "disabled", "measured", "another condition"],
)
def test_missing_metrics_are_told_apart_from_a_workload_that_is_switched_off(said, told):
    """Both make ScalingActive False, and only one is a fault."""
    assert told == seen({"conditions": [said]})[exported.MISSING,]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("84%", 84),
        ("100m per pod", 0.1),
        ("1Gi per pod", 2**30),
        ("12.5", 12.5),
        ("1.5e+06", 1_500_000),
        ("-3", -3),
        ("", None),
        ("many", None),
    ],
)
def test_an_amount_for_people_is_read_as_a_number(text, amount):
    """In the unit in which its target is written."""
    assert amount == gauges.number(text)


def test_metrics_are_told_with_their_targets():
    """Both with the same labels, so that one can be divided by the other."""
    query = {"type": "external", "name": "sum(q)", "current": "30 per pod", "target": "10 per pod"}
    found = seen({"currentMetrics": [CPU, query]})

    assert {
        (exported.VALUE, *LABELS): 84,
        (exported.TARGET, *LABELS): 70,
        (exported.VALUE, "1", "external", "sum(q)"): 30,
        (exported.TARGET, "1", "external", "sum(q)"): 10,
    } == {key: value for key, value in found.items() if len(key) == 4}


def test_metrics_that_are_called_the_same_have_a_series_each():
    """Such as the cores of two containers: two series with the same labels spoil a scrape."""
    found = seen({"currentMetrics": [CPU, CPU | {"current": "20%"}]})

    assert [84, 20] == [value for key, value in found.items() if key[0] is exported.VALUE]


def test_a_metric_that_cannot_be_read_has_a_target_and_no_value():
    """An old value would look like a new one."""
    found = seen({"currentMetrics": [{"type": "cpu", "target": "70%", "error": "none"}]})

    assert 70 == found[exported.TARGET, *LABELS]
    assert (exported.VALUE, *LABELS) not in found


def test_what_is_foreseen_is_told():
    """In numbers, and whether they count."""
    foreseen = {"acting": True, "forecast": "1.5e+06", "replicas": 8, "score": 0.25}
    found = seen({"prediction": foreseen})

    assert {
        exported.FORECAST: 1_500_000,
        exported.PREDICTED: 8,
        exported.SCORE: 0.25,
        exported.ACTING: 1,
    } == {key[0]: value for key, value in found.items() if "prediction" in key[0].name}


def test_what_is_not_foreseen_yet_has_no_numbers():
    """Only that nothing acts."""
    found = seen({"prediction": {"acting": False}})

    assert {exported.ACTING: 0} == {
        key[0]: value for key, value in found.items() if "prediction" in key[0].name
    }


def test_a_scaler_that_makes_no_sense_tells_nothing():
    """It costs no other scaler its figures."""
    assert {} == seen({"conditions": "none"})


def scalers(count):
    """Return what reads so many scalers, their cache and their counts."""
    informer = informer_of(VERTICE_SCALER, *[{"spec": SPEC} for _ in range(count)])
    counts = Counts()
    return gauges.of_scalers(Lister(informer, VerticeScaler), counts), informer.store, counts


def test_series_of_a_deleted_scaler_end():
    """A scrape tells of what the cache holds; what did not change is not read again."""
    read, store, _ = scalers(2)

    def names(declared):
        told = dict(read())
        assert {*exported.OF_SCALERS} == told.keys()
        return [labels[:2] for labels, _ in told[declared]]

    assert [("ns", "o0"), ("ns", "o1")] == names(exported.MAX)
    before = dict(read._read)
    assert [("ns", "o0"), ("ns", "o1")] == names(exported.MAX)
    assert all(read._read[key] is held for key, held in before.items())
    store.drop("ns/o0")
    assert [("ns", "o1")] == names(exported.MAX)
    assert [("ns", "o1")] * 2 == names(exported.EVENTS)
    assert ["ns/o1"] == [*read._read]


def test_changes_are_told_from_the_first_scrape_on():
    """As 0 before there was one: of a counter that begins at 1, the first is not seen."""
    read, store, counts = scalers(1)

    def told():
        return dict(dict(read())[exported.EVENTS])

    assert {("ns", "o0", "up"): 0, ("ns", "o0", "down"): 0} == told()
    counts.scaled(store.get("ns/o0"), 2, 4)
    assert {("ns", "o0", "up"): 1, ("ns", "o0", "down"): 0} == told()


def test_figures_carry_the_labels_they_declare():
    """The name of a scaler, then as many labels as the figure has beyond."""
    read = scalers(0)[0]
    body = {
        "metadata": {"name": "a", "namespace": "ns", "uid": "u", "resourceVersion": "1"},
        "spec": SPEC,
        "status": {
            "currentReplicas": 1,
            "desiredReplicas": 1,
            "currentMetrics": [CPU],
            "prediction": {"acting": True, "forecast": "1", "replicas": 1, "score": 1},
            "conditions": [condition("Ready", "True")],
        },
    }
    raw = json.dumps(body).encode()
    read._lister.informer.wrote(seal(raw), raw)

    for declared, values in read():
        (*_, (labels, _)) = values
        assert len(declared.labels) == len(labels), declared.name


def test_what_is_compared_has_the_same_labels():
    """The printed alert finds its pairs by them."""
    assert exported.CURRENT.labels == exported.MAX.labels == ("namespace", "name")
    assert exported.VALUE.labels == exported.TARGET.labels


def test_the_guide_tells_of_every_figure():
    """docs/guide/observability.md names each with its labels and its help."""
    guide = (ROOT / "docs/guide/observability.md").read_text(encoding="utf-8")
    rows = {
        f"| `{each.name}` | {each.type} | {', '.join(each.labels[2:])} | {each.help.rstrip('.')} |"
        for each in exported.OF_SCALERS
    }

    assert [] == [row for row in sorted(rows) if row not in guide]
