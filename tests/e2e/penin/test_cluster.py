"""PENIN-Ω on a real node: the shipped image under its own roles, clusters of real pods.

The services are stand-ins (tests/standin/penin): they have the ports, health and metrics of the
real ones and misbehave when told.
"""

import pytest

from tests.e2e.penin.world import REDIS, condition, start
from tests.kit.eventually import eventually_blocking

pytestmark = pytest.mark.timeout(420)
MOST_OF_OURS = 5.0
FIGURES = {"alpha": 0.7828, "deltaLinf": 0.05, "caosPlus": 3.9045, "srScore": 0.8668}
WITHIN = 60


def test_a_cluster_of_real_pods_becomes_running(penin, real, capsys):
    """Of the time it takes little is ours; what the services measure is in the status."""
    penin.create()
    penin.becomes("Running")
    took = start(real.audit_log, penin)
    with capsys.disabled():
        print(
            f"\nRunning {took.running:.1f} s after it was applied, {took.ours:.2f} s of them ours: "
            f"all children made after {took.made:.2f} s, told {took.running - took.ready:.2f} s "
            "after the last pod was ready"
        )

    assert took.ours < MOST_OF_OURS
    found = penin.becomes("Running", lambda found: "metrics" in found["status"])
    assert FIGURES == found["status"]["metrics"]
    assert ("True", "AllServicesHealthy") == condition(found, "Ready")
    assert {"Creating", "Running"} <= penin.events()


@pytest.mark.deep
def test_scaling_adds_pods_and_touches_no_other_service(running):
    """The Service reaches all of them."""
    penin = running()
    before = penin.uids()

    penin.change(replicas={"sigmaGuard": 2})
    penin.becomes("Running")

    after = penin.uids()
    assert 2 == len(after["sigma-guard"])
    assert before.pop("sigma-guard") < after.pop("sigma-guard")
    assert before == after


def test_a_setting_reaches_the_services_that_read_it(running):
    """They find it in their file; no other pod was replaced."""
    penin = running()
    before = penin.uids()

    penin.change(config={"caosPlus": {"kappa": 25.0}})
    penin.becomes("Running")

    after = penin.uids()
    assert {"omega-meta", "sr-omega-infinity"} == {
        service for service, pods in before.items() if pods != after[service]
    }
    settings = penin.hear("omega-meta", "behaviour")["settings"]["config"]
    assert {"kappa": 25.0, "maxBoost": 0.05} == settings["caosPlus"]


@pytest.mark.deep
def test_an_upgrade_replaces_all_pods(running):
    """By the image of the new release."""
    penin = running()

    penin.change(version="0.9.1")
    penin.becomes("Running")

    assert {"0.9.1"} == {
        container["image"].rpartition(":")[2]
        for pod in penin.pods().values()
        for container in pod["spec"]["containers"]
    }
    eventually_blocking(penin.events, where=lambda told: "RolledOut" in told, within=WITHIN)


def test_a_failed_upgrade_goes_back_by_itself(running):
    """The first service does not become healthy; the others never saw the new release."""
    penin = running(rollout={"progressDeadline": "20s", "rollback": True})
    before = penin.uids()

    penin.change(version="0.9.2-bad")
    found = penin.becomes("Running", lambda found: "failed" in found["status"]["rollout"])

    assert ("True", "RolledBack") == condition(found, "Degraded")
    assert before == penin.uids()
    assert {"RollingBack"} <= penin.events()


@pytest.mark.deep
def test_a_failed_upgrade_stops_and_says_why(running):
    """Without rollback it waits for a person; mending the spec mends the cluster."""
    penin = running()

    penin.change(version="0.9.2-bad")
    found = penin.becomes("Failed")
    assert ("False", "RolloutStuck") == condition(found, "Ready")
    (ready,) = (each for each in found["status"]["conditions"] if each["type"] == "Ready")
    assert "does not answer 200 to /health" in ready["message"]

    penin.change(version="0.9.1")
    penin.becomes("Running")


@pytest.mark.deep
def test_an_image_that_is_nowhere_is_told(running):
    """The node asks nobody else for it."""
    penin = running()

    penin.change(version="7.7.7")
    found = penin.becomes("Failed")

    (ready,) = (each for each in found["status"]["conditions"] if each["type"] == "Ready")
    assert "7.7.7" in ready["message"]


@pytest.mark.deep
def test_what_dies_comes_back(running):
    """A pod that is deleted, a process that ends, a workload that somebody removed."""
    penin = running()
    pod = next(iter(penin.pods("sigma-guard")))
    penin.rest.delete(f"/api/v1/namespaces/{penin.namespace}/pods/{pod}")
    eventually_blocking(lambda: pod not in penin.pods("sigma-guard"), within=WITHIN)
    penin.becomes("Running", lambda found: found["status"]["readyServices"] == "4/4")

    def restarts():
        (pod,) = penin.pods("acfa-league").values()
        (container,) = pod["status"]["containerStatuses"]
        return container["restartCount"]

    penin.send("acfa-league", "misbehave", {"crash": True})  # it ends before it answers
    eventually_blocking(restarts, where=lambda number: number > 0, within=WITHIN)

    workload = f"/apis/apps/v1/namespaces/{penin.namespace}/deployments/a-omega-meta"
    uid = penin.rest.get(workload)["metadata"]["uid"]
    penin.rest.delete(workload)
    eventually_blocking(
        lambda: penin.rest.request("GET", workload).body.get("metadata", {}).get("uid", uid),
        where=lambda found: found != uid,
        within=WITHIN,
    )
    penin.becomes("Running", lambda found: found["status"]["readyServices"] == "4/4")


@pytest.mark.deep
def test_services_that_tell_nothing_are_no_less_healthy(running):
    """The figures are absent, and said to be."""
    penin = running()
    for service in ("omega-meta", "sr-omega-infinity", "acfa-league", "sigma-guard"):
        penin.tell(service, metrics=dict.fromkeys(NAMES))

    found = penin.becomes(
        "Running", lambda found: condition(found, "MetricsAvailable") == ("False", "NotExposed")
    )
    assert "metrics" not in found["status"]


NAMES = ("penin_alpha", "penin_delta_linf", "penin_caos_plus", "penin_sr_score")


def test_redis_runs_with_a_password_of_its_own(running, ask):
    """It answers those who know it, and nobody else."""
    penin = running(
        storage={"cache": {"type": "redis", "resources": {"cpu": "20m", "memory": "64Mi"}}},
        images={"services": {"redis": REDIS}},
    )
    (pod,) = penin.pods("redis")
    into = ("exec", pod, f"-n={penin.namespace}", "--", "sh", "-c")

    assert "PONG" == ask(*into, "redis-cli ping").strip()
    assert "NOAUTH" in ask(*into, "REDISCLI_AUTH= redis-cli ping")
    assert "5/5" == penin.now()["status"]["readyServices"]


@pytest.mark.deep
def test_deleting_it_takes_everything_along(running):
    """All but what it was told to keep."""
    penin = running()

    penin.rest.delete(penin.path)

    eventually_blocking(lambda: len(penin.pods()), equals=0, within=WITHIN)
    for kind in ("services", "configmaps", "serviceaccounts"):
        found = penin.rest.get(f"/api/v1/namespaces/{penin.namespace}/{kind}")["items"]
        assert [] == [each for each in found if each["metadata"].get("labels", {}).get("cluster")]
