"""What is kept says the same as the whole to whoever reads it."""

import json

import pytest

from informers.meta.codec import decode
from informers.snapshot import seal
from reconcilers.vertice.scaler.reading.lean import lean_pod, lean_workload
from reconcilers.vertice.scaler.reading.pods import Pod, facts, requested
from reconcilers.vertice.scaler.reading.workloads import scale_of

REQUESTS = {"requests": {"cpu": "250m", "memory": "64Mi"}, "limits": {"cpu": "1"}}
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "p",
        "namespace": "n",
        "uid": "u",
        "deletionTimestamp": "2026-01-01T00:00:00Z",
        "annotations": {"long": "x" * 3000},
    },
    "spec": {
        "containers": [{"name": "main", "image": "i", "resources": REQUESTS, "env": [{}] * 9}],
        "initContainers": [{"name": "beside", "restartPolicy": "Always", "resources": REQUESTS}],
        "resources": REQUESTS,
    },
    "status": {
        "phase": "Running",
        "startTime": "2026-01-01T00:00:00Z",
        "conditions": [
            {"type": "PodScheduled", "status": "True"},
            {
                "type": "Ready",
                "status": "True",
                "lastTransitionTime": "2026-01-01T00:00:09Z",
                "message": "m",
            },
        ],
    },
}
WORKLOAD = {
    "metadata": {
        "name": "w",
        "namespace": "n",
        "uid": "u",
        "resourceVersion": "7",
        "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "o"}
            | {"controller": True}
        ],
    },
    "spec": {
        "replicas": 3,
        "selector": {
            "matchLabels": {"b": "2", "a": "1"},
            "matchExpressions": [{"key": "c", "operator": "In", "values": ["z", "y"]}],
        },
        "template": {"spec": {"containers": [{"name": "main", "env": [{}] * 500}]}},
    },
    "status": {"replicas": 2, "readyReplicas": 1},
}


def test_a_lean_pod_counts_as_the_whole_one():
    """At a fraction of its bytes."""
    raw = json.dumps(POD).encode()
    kept = lean_pod(raw)
    whole, lean = decode(raw, Pod), decode(kept, Pod)

    assert facts(whole) == facts(lean)
    for container in ("", "main", "beside", "none"):
        assert requested([whole], "cpu", container) == requested([lean], "cpu", container)
    assert len(kept) < len(raw) / 5
    assert kept == lean_pod(kept)


@pytest.mark.parametrize("odd", [{"metadata": {"name": "p"}}, {"metadata": {}, "spec": {}}])
def test_a_pod_that_lacks_nearly_everything_stays_as_it_is(odd):
    """It has nothing to cut."""
    assert odd == json.loads(lean_pod(json.dumps(odd).encode()))


def test_a_lean_workload_has_the_scale_of_the_whole_one():
    """As the API server would answer for it."""
    raw = json.dumps(WORKLOAD).encode()
    whole, lean = scale_of(seal(raw)), scale_of(seal(raw, transform=lean_workload))

    assert whole == lean
    assert ("u", "7", 3, 2, "a=1,b=2,c in (y,z)", "d") == (
        lean.uid,
        lean.version,
        lean.replicas,
        lean.shown,
        lean.selector,
        lean.deployment,
    )


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        (None, ""),
        ({}, ""),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": []}]}, ""),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, "!a"),
    ],
)
def test_a_selector_that_says_nothing_finds_nobody(selector, text):
    """As with a scale that has none."""
    spec = {} if selector is None else {"selector": selector}
    found = scale_of(seal(json.dumps({"metadata": {"name": "w"}, "spec": spec}).encode()))

    assert (text, 1, 0, "") == (found.selector, found.replicas, found.shown, found.deployment)
