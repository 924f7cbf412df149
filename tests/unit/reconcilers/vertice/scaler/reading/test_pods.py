"""What pods count as, and what they request."""

import pytest

from informers.meta import codec
from reconcilers.vertice.scaler.groups import SECOND
from reconcilers.vertice.scaler.reading.pods import MissingRequest, Pod, facts, requested


def pod(spec=None, **status):
    """Return a pod."""
    body = {"metadata": {"name": "p"}, "spec": spec or {}, "status": status}
    return codec.convert(body, Pod)


def container(name, cpu=None, **more):
    """Return a container that requests so much."""
    requests = {} if cpu is None else {"requests": {"cpu": cpu}}
    return {"name": name, "resources": requests, **more}


def test_a_pod_that_was_just_made_is_known_by_what_it_lacks():
    """It has neither a condition nor a start."""
    found = facts(pod(phase="Pending"))

    assert ("Pending", "", None, False) == (
        found.phase,
        found.ready,
        found.started_at,
        found.is_serving,
    )


def test_a_running_pod_has_its_moments():
    """In nanoseconds since 1970."""
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "1970-01-01T00:00:20Z"}
    found = facts(pod(phase="Running", startTime="1970-01-01T00:00:10Z", conditions=[ready]))

    assert (10 * SECOND, 20 * SECOND) == (found.started_at, found.ready_at)
    assert found.is_serving


def test_a_pod_that_is_being_deleted_says_so():
    """It counts as gone."""
    body = {"metadata": {"name": "p", "deletionTimestamp": "2026-01-01T00:00:00Z"}}

    assert facts(codec.convert(body, Pod)).is_deleting


@pytest.mark.parametrize(
    ("spec", "name", "milli"),
    [
        ({"containers": [container("a", "100m"), container("b", "1")]}, "", 1100),
        ({"containers": [container("a", "100m"), container("b", "1")]}, "b", 1000),
        (
            {
                "containers": [container("a", "100m")],
                "initContainers": [
                    container("once", "5"),
                    container("sidecar", "50m", restartPolicy="Always"),
                ],
            },
            "",
            150,
        ),
        (
            {"containers": [container("a")], "resources": {"requests": {"cpu": "2"}}},
            "",
            2000,
        ),
        (
            {
                "containers": [container("a", "100m")],
                "resources": {"requests": {"cpu": "2"}},
            },
            "a",
            100,
        ),
    ],
    ids=["all containers", "one of them", "with a sidecar", "of the pod", "not of the pod"],
)
def test_requests_are_those_of_what_runs(spec, name, milli):
    """In thousandths."""
    assert {"p": milli} == requested([pod(spec)], "cpu", name)


def test_a_container_that_requests_nothing_is_an_error_with_a_remedy():
    """A share of something unknown is not a number."""
    with pytest.raises(
        MissingRequest, match=r"container a of pod p requests no cpu: set resources"
    ):
        requested([pod({"containers": [container("a")]})], "cpu")
