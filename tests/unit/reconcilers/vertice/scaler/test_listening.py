"""What the metrics of a spec say, and how it is written."""

import pytest
from msgspec import UNSET

from informers.meta import codec
from reconcilers.vertice.api.behavior import Behavior
from reconcilers.vertice.scaler.listening import answered, name, observed, tolerance, unheard, used
from reconcilers.vertice.scaler.proposals import Tolerance
from tests.unit.reconcilers.vertice.scaler.world import (
    NOW,
    metric,
    pod,
    query,
    samples,
    workload,
)

CPU = metric(type="cpu", target={"averageUtilization": 70})
CORES = metric(type="cpu", target={"averageValue": "500m"})
BYTES = metric(type="memory", target={"averageValue": "64Mi"})


def said(wanted, found, values):
    """Return what is said of pods that use so much."""
    return used(wanted, found, samples(*values), tolerated=Tolerance(), now=NOW)


@pytest.mark.parametrize(
    ("wanted", "values", "replicas", "current", "target"),
    [
        (CPU, [980, 980], 3, "98%", "70%"),
        (CPU, [700, 700], 2, "70%", "70%"),
        (CORES, [1000, 1000], 4, "1 per pod", "500m per pod"),
        (BYTES, [128 * 1024**2 * 1000] * 2, 4, "128Mi per pod", "64Mi per pod"),
    ],
    ids=["utilization", "as aimed at", "cores", "bytes"],
)
def test_what_pods_use_asks_for_pods(wanted, values, replicas, current, target):
    """And is written as its target is."""
    found = said(wanted, workload(2), values)

    assert (replicas, current, target) == (found.heard.replicas, found.current, found.target)
    assert not found.heard.is_trigger


def test_a_pod_that_requests_nothing_has_no_utilization():
    """What to do about it is told; an amount per pod needs no request."""
    found = workload(1)
    pods = (*found.pods, pod("p1", cpu=None))
    without = type(found)(current=2, shown=2, pods=pods)

    heard = said(CPU, without, [900, 900]).heard
    assert "container main of pod p1 requests no cpu: set resources.requests.cpu" in heard.error
    assert heard.replicas is None
    assert 4 == said(CORES, without, [900, 900]).heard.replicas


@pytest.mark.parametrize("amount", ["0", "-1", "100u", "1e18", "9300T", "1e400"])
def test_what_is_no_aim_is_told(amount):
    """A spec may be older than the rule that refuses it; it fails, and stops nothing else."""
    of = {"name": "hits", "object": {"kind": "Service", "name": "web"}}
    by_pod = metric(type="cpu", target={"averageValue": amount})
    by_value = metric(type="custom", target={"value": amount}, custom=of)

    assert "set another target" in said(by_pod, workload(2), [900, 900]).heard.error
    found = observed(by_value, workload(2), 900, tolerated=Tolerance())
    assert "set another target" in found.heard.error


@pytest.mark.parametrize("kind", ["Value", "AverageValue"])
@pytest.mark.parametrize("target", ["0", "0.0001", "1e18", "1e400"])
def test_an_answer_is_not_divided_by_what_is_no_aim(target, kind):
    """Thousandths of `1e18` are 0 in Go."""
    found = answered(query(target, targetType=kind), workload(2), 900, tolerated=Tolerance())

    assert ("set another target" in found.heard.error, None) == (True, found.heard.replicas)


def test_pods_without_samples_say_nothing():
    """None was measured, so there is nothing to say."""
    assert "no pod that counts was measured" in said(CPU, workload(2), []).heard.error


@pytest.mark.parametrize(
    ("wanted", "found", "value", "replicas", "current"),
    [
        (query("1000"), workload(3), 5_000_000, 5, "1666.67 per pod"),
        (query("1000"), workload(5), 5_000_000, 5, "1000 per pod"),
        (query("1000", targetType="Value"), workload(3), 2_000_000, 6, "2000"),
        (query("1000", targetType="Value"), workload(3, ready=2), 2_000_000, 4, "2000"),
        (query("0.5"), workload(2), 2_000, 4, "1 per pod"),
    ],
    ids=["per pod", "as aimed at", "for all together", "by those that are ready", "a fraction"],
)
def test_an_answer_asks_for_pods(wanted, found, value, replicas, current):
    """Per pod where nothing else is said."""
    figure = answered(wanted, found, value, tolerated=Tolerance())

    assert (replicas, current) == (figure.heard.replicas, figure.current)


@pytest.mark.parametrize(
    ("activation", "value", "is_active"),
    [
        ("0", 0, False),
        ("0", 1, True),
        ("5", 5_000, False),
        ("5", 5_001, True),
        ("1e18", 5_000, False),
    ],
)
def test_above_its_activation_a_query_asks_for_a_pod_at_all(activation, value, is_active):
    """Strictly above."""
    figure = answered(query("10", activation=activation), workload(0), value, tolerated=Tolerance())

    assert is_active == figure.heard.is_active


def test_from_nothing_as_many_are_asked_for_as_are_needed():
    """There is nothing yet that a ratio could be of."""
    assert 7 == answered(query("10"), workload(0), 65_000, tolerated=Tolerance()).heard.replicas


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        (CPU, "cpu"),
        (
            metric(type="memory", target={"averageValue": "1"}, container="db"),
            "memory of container db",
        ),
        (query("1"), "external sum(q)"),
        (
            metric(
                type="custom",
                target={"value": "1"},
                custom={"name": "hits", "object": {"kind": "Service", "name": "web"}},
            ),
            "custom hits of Service web",
        ),
    ],
)
def test_a_metric_has_a_name(wanted, text):
    """By which it is told from the others of a spec."""
    assert text == name(wanted)


def test_a_long_query_is_named_by_its_beginning():
    """And in one line."""
    found = name(metric(type="external", external={"query": "sum(\n  " + "x" * 500, "target": "1"}))

    assert found.startswith("external sum( xxx")
    assert found.endswith("…")
    assert len(found) < 140


def test_what_could_not_be_read_says_why():
    """And is still a trigger, which may be asking for a pod."""
    found = unheard(query("1000"), "no answer within 5 s")

    assert ("no answer within 5 s", True, None) == (
        found.heard.error,
        found.heard.is_trigger,
        found.heard.is_active,
    )
    assert "1000 per pod" == found.target


def test_each_direction_has_its_tolerance():
    """A tenth where nothing is said."""
    only_up = codec.convert({"scaleUp": {"tolerance": 0.25}}, Behavior)

    assert Tolerance(down=0.1, up=0.25) == tolerance(only_up)
    assert Tolerance(down=0.1, up=0.1) == tolerance(UNSET)
