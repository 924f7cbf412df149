"""Answers mean something for the workload as it is when a decision is made."""

import json

from informers.snapshot import seal
from reconcilers.vertice.scaler.answers import Nothing, OfNamespace, OfObject, OfPods, OfQuery
from reconcilers.vertice.scaler.proposals import Tolerance
from tests.unit.reconcilers.vertice.scaler.world import (
    NOW,
    metric,
    query,
    samples,
    workload,
)

CPU = metric(type="cpu", target={"averageValue": "500m"})
REQUESTS = metric(type="custom", target={"averageValue": "10"}, custom={"name": "requests"})
DEPTH = metric(
    type="custom",
    target={"value": "10"},
    custom={"name": "depth", "object": {"apiVersion": "v1", "kind": "Service", "name": "s"}},
)
PLAIN = Tolerance()


def asked(answer, there):
    """Return how many pods an answer asks for, given so many."""
    return answer.figure(workload(there), now=NOW).heard.replicas


def used(name, cpu):
    """Return what metrics.k8s.io says of a pod."""
    body = {
        "metadata": {"name": name},
        "timestamp": "2026-11-22T12:00:00Z",
        "window": "15s",
        "containers": [{"name": "main", "usage": {"cpu": cpu}}],
    }
    return seal(json.dumps(body).encode())


def test_a_number_is_of_all_pods_that_there_are():
    """Somebody may have scaled since it was asked for."""
    by_value = OfQuery(query("10", targetType="Value"), PLAIN, 20_000)
    assert (4, 6) == (asked(by_value, 2), asked(by_value, 3))
    by_object = OfObject(DEPTH, PLAIN, 30_000)
    assert (6, 9) == (asked(by_object, 2), asked(by_object, 3))
    per_pod = OfQuery(query("10"), PLAIN, 35_000)
    assert (4, 4) == (asked(per_pod, 2), asked(per_pod, 3))


def test_pods_that_are_gone_do_not_count_and_those_that_came_were_not_measured():
    """Pods come and go while answers are on their way."""
    custom = OfPods(REQUESTS, PLAIN, samples(20_000, 20_000, 90_000))
    assert (4, 13) == (asked(custom, 2), asked(custom, 3))
    read = {f"p{each}": used(f"p{each}", "1") for each in range(2)}
    cores = OfNamespace(CPU, PLAIN, "cpu", "", read)
    assert (4, 4) == (asked(cores, 2), asked(cores, 3))
    assert (2, 2) == (asked(cores, 1), asked(OfNamespace(CPU, PLAIN, "cpu", "main", read), 1))


def test_what_was_not_heard_or_makes_no_sense_asks_for_nothing():
    """And says why."""
    nobody = Nothing(CPU, "nobody answers").figure(workload(2), now=NOW).heard
    assert ("nobody answers", None) == (nobody.error, nobody.replicas)
    odd = {"p0": seal(b'{"metadata":{"name":"p0"},"containers":"none"}')}
    heard = OfNamespace(CPU, PLAIN, "cpu", "", odd).figure(workload(1), now=NOW).heard
    assert heard.error.startswith("metrics.k8s.io cannot be read")
