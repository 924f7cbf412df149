"""What was measured of pods, as metrics-server tells it."""

import json

import pytest

from informers.snapshot import seal
from reconcilers.vertice.scaler.reading.resources import Unread, samples

AT = "2026-11-22T12:00:00Z"


def measured(name, **containers):
    """Return what metrics.k8s.io says of a pod's containers."""
    body = {
        "metadata": {"name": name, "namespace": "n"},
        "timestamp": AT,
        "window": "15s",
        "containers": [{"name": key, "usage": usage} for key, usage in containers.items()],
    }
    return seal(json.dumps(body).encode())


BUSY = {"cpu": "200m", "memory": "1Mi"}
READ = {
    "a": measured("a", main=BUSY, sidecar={"cpu": "50m"}),
    "b": measured("b", sidecar={"cpu": "50m"}),
    "c": measured("c"),
}


@pytest.mark.parametrize(
    ("resource", "container", "values"),
    [
        ("cpu", "", {"a": 250, "b": 50}),
        ("cpu", "main", {"a": 200}),
        ("cpu", "sidecar", {"a": 50, "b": 50}),
        ("memory", "", {}),
        ("memory", "main", {"a": 1_048_576_000}),
    ],
)
def test_a_pod_that_lacks_what_is_asked_for_was_not_measured(resource, container, values):
    """One of them is no reason to give up on all, and a part is not the whole."""
    found = samples(READ, ["a", "b", "c", "gone"], resource, container)

    assert values == {name: sample.value for name, sample in found.items()}


def test_only_who_is_asked_about_is_read():
    """A pod that makes no sense is told by those alone whose it is."""
    odd = seal(b'{"metadata":{"name":"odd"},"containers":"none"}')
    read = READ | {"odd": odd}

    assert {"b"} == samples(read, ["b"], "cpu", "").keys()
    with pytest.raises(Unread, match=r"metrics\.k8s\.io cannot be read"):
        samples(read, ["odd"], "cpu", "")
