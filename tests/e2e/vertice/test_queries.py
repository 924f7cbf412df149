"""A real Prometheus that scrapes a real pod says how many others are needed; then it is killed."""

import pytest

from hack.cluster.ports import free_port
from tests.e2e.vertice.world import PATIENCE, QUICK
from tests.kit.eventually import eventually_blocking
from tests.kit.prometheus import Target

pytestmark = pytest.mark.timeout(420)
QUERY = "sum(jobs)"
JOBS = {"type": "external", "external": {"query": QUERY, "target": "10"}}
CHANGES = ["from 1 to 0", "from 0 to 4", "from 4 to 0"]


@pytest.fixture
def jobs(loaded, prometheus, reached):
    """Return a function that starts a Prometheus, always at one address, and where that is."""
    loaded.run("jobs")
    pod = Target(loaded.address("jobs"), {"job": "jobs"})
    at = f"{reached}:{free_port()}"
    return lambda: prometheus([pod], at=at)


def looked(loaded, probe, wanted):
    """Have the scaler looked at until it is so."""

    def look():
        loaded.look()
        return probe()

    eventually_blocking(look, equals=wanted, within=PATIENCE)


def waits(loaded, prometheus, number):
    """Have so many jobs wait, as Prometheus knows."""
    loaded.give("jobs", jobs=number)
    eventually_blocking(
        lambda: [each["value"][1] for each in prometheus.query(QUERY)],
        equals=[str(number)],
        within=PATIENCE,
    )


def test_jobs_that_wait_have_pods_and_keep_them_while_nobody_answers(loaded, jobs):
    """None; four, also without a Prometheus when no job waits any more; none when that is known."""
    asked = jobs()
    waits(loaded, asked, 0)
    loaded.run()
    loaded.create(
        minReplicas=0,
        metrics=[JOBS],
        prometheus={"address": asked.url},
        behavior=QUICK,
        cooldown="0s",
    )
    looked(loaded, loaded.replicas, 0)
    eventually_blocking(loaded.pods, equals=[], within=PATIENCE)

    waits(loaded, asked, 35)
    looked(loaded, loaded.replicas, 4)
    eventually_blocking(loaded.ready, equals=4, within=PATIENCE)

    asked.kill()
    loaded.give("jobs", jobs=0)
    looked(loaded, lambda: loaded.condition("ScalingActive"), ("False", "MetricsMissing"))
    assert "cannot be reached" in loaded.error()
    assert loaded.decided() == "MetricsMissing"

    asked = jobs()
    waits(loaded, asked, 0)
    looked(loaded, loaded.replicas, 0)
    eventually_blocking(loaded.told, where=lambda told: len(told) >= len(CHANGES), within=PATIENCE)
    assert CHANGES == [" ".join(each.split()[:4]) for each in loaded.told()]
