"""A PeninOmegaCluster on a real control plane, its pods played by fake nodes."""

import itertools
import json

import pytest

from reconcilers.penin.api.v1alpha1 import PeninOmegaCluster
from reconcilers.penin.cluster.services import SERVICES
from tests.integration.penin.world import WITHIN, condition, generations, is_running, phase
from tests.kit.eventually import eventually

NAMES = [role.child("a") for role in SERVICES]


async def test_an_empty_spec_becomes_running(running, deployments):
    """Four services, all ready; the status says so."""
    found = await running()

    assert "4/4" == found["status"]["readyServices"]
    assert ("True", "AllServicesHealthy") == condition(found, "Ready")
    assert sorted(NAMES) == sorted(deployments())


async def test_it_goes_through_the_printed_phases(host, running):
    """Each is written to the status, one after the other."""
    told = []
    clusters = host.runtime.lister(PeninOmegaCluster)

    def hear(changes):
        found = [each.new for each in changes if each.new is not None]
        told.extend(str(clusters.memo.typed(each).status.phase or "") for each in found)

    clusters.informer.add_handler(hear, name="test")
    await running()

    def seen():
        return [name for name, _ in itertools.groupby(told) if name]

    await eventually(seen, equals=["Pending", "Creating", "Running"])


async def test_scaling_one_service_disturbs_no_other(running, deployments, rest, path):
    """The Deployment of that service follows, the others are not touched."""
    await running()
    before = generations(deployments())

    rest.merge(path, {"spec": {"replicas": {"sigmaGuard": 3}}})
    found = await eventually(lambda: rest.get(path), where=is_running, within=WITHIN)

    assert 3 == found["status"]["services"]["sigmaGuard"]["readyReplicas"]
    after = generations(deployments())
    assert {"a-sigma-guard"} == {name for name in NAMES if before[name] != after[name]}


async def test_a_setting_restarts_only_the_services_that_read_it(running, deployments, rest, path):
    """And leaves what a patch of a single leaf did not name as it was."""
    await running()
    before = generations(deployments())

    rest.merge(path, {"spec": {"config": {"caosPlus": {"kappa": 25.0}}}})
    await eventually(lambda: rest.get(path), where=is_running, within=WITHIN)

    after = generations(deployments())
    changed = {name for name in NAMES if before[name] != after[name]}
    assert {"a-sr-omega-infinity", "a-omega-meta"} == changed
    assert 0.05 == rest.get(path)["spec"]["config"]["caosPlus"]["maxBoost"]


def applied(log, namespace):
    """Return the Deployments in the order in which they were applied first."""
    lines = (json.loads(line) for line in log.read_text().splitlines())
    return [
        line["objectRef"]["name"]
        for line in lines
        if line["verb"] == "patch"
        and line.get("objectRef", {}).get("resource") == "deployments"
        and line["objectRef"].get("namespace") == namespace
        and "subresource" not in line["objectRef"]
    ]


async def test_an_upgrade_goes_from_service_to_service(running, cluster, rest, path, namespace):
    """In the documented order, each after the one before is ready."""
    await running()
    before = len(applied(cluster.audit_log, namespace))

    rest.merge(path, {"spec": {"version": "1.0.0"}})
    await eventually(lambda: rest.get(path), where=is_running, within=WITHIN)

    after = applied(cluster.audit_log, namespace)[before:]
    assert NAMES == list(dict.fromkeys(after))


NOWHERE = {"placement": {"nodeSelector": {"no": "such-node"}}}


async def test_a_stuck_change_stops_and_says_so(running, deployments, rest, path):
    """Nothing after the service that hangs is touched; mending the spec mends the cluster."""
    await running(rollout={"progressDeadline": "2s"})
    before = generations(deployments())

    rest.merge(path, {"spec": NOWHERE})
    found = await eventually(
        lambda: rest.get(path), where=lambda f: phase(f) == "Failed", within=WITHIN
    )

    assert ("True", "RolloutStuck") == condition(found, "Degraded")
    after = generations(deployments())
    assert {NAMES[0]} == {name for name in NAMES if before[name] != after[name]}

    rest.merge(path, {"spec": {"placement": {"nodeSelector": {"no": None}}}})
    await eventually(lambda: rest.get(path), where=is_running, within=WITHIN)


def templates(found):
    """Return the pods of each Deployment."""
    return {name: each["spec"]["template"] for name, each in found.items()}


async def test_what_touches_all_at_once_changes_one_at_a_time(running, deployments, rest, path):
    """A new deadline is written to every Deployment; pods change in turn all the same."""
    await running()
    before = templates(deployments())

    rest.merge(path, {"spec": NOWHERE | {"rollout": {"progressDeadline": "2s"}}})
    await eventually(lambda: rest.get(path), where=lambda f: phase(f) == "Failed", within=WITHIN)

    after = templates(deployments())
    assert {NAMES[0]} == {name for name in NAMES if before[name] != after[name]}


async def test_a_stuck_change_goes_back_when_asked(running, rest, path):
    """To what ran before, and it is not tried again."""
    before = await running(rollout={"progressDeadline": "2s", "rollback": True})

    rest.merge(path, {"spec": NOWHERE})
    found = await eventually(
        lambda: rest.get(path),
        where=lambda f: is_running(f) and f["status"]["rollout"].get("failed"),
        within=WITHIN,
    )

    assert ("True", "RolledBack") == condition(found, "Degraded")
    assert ("True", "AllServicesHealthy") == condition(found, "Ready")
    assert before["status"]["rollout"]["good"] == found["status"]["rollout"]["revision"]


async def test_what_is_deleted_comes_back(running, rest, namespace):
    """A child that somebody removed, or changed."""
    await running()
    front = f"/api/v1/namespaces/{namespace}/services/a-omega-meta"
    uid = rest.get(front)["metadata"]["uid"]

    rest.delete(front)

    await eventually(lambda: rest.get(front), where=lambda f: f["metadata"]["uid"] != uid)


async def test_redis_gets_a_password_once(running, rest, namespace):
    """Made when nobody gives one, and kept."""
    await running(storage={"cache": {"type": "redis"}})
    secret = rest.get(f"/api/v1/namespaces/{namespace}/secrets/a-redis")

    assert ["redis-password"] == list(secret["data"])
    assert ["a"] == [each["name"] for each in secret["metadata"]["ownerReferences"]]


REDIS = {"cache": {"type": "redis"}}
MEMORY = {"cache": {"type": "memory"}}


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [(REDIS, MEMORY, 5), (MEMORY, REDIS, 4)],
    ids=["given up", "wanted"],
)
async def test_a_stuck_change_of_the_cache_goes_back(
    running, deployments, rest, path, before, after, left
):
    """What ran before is all there again: Redis, or none."""
    rollout = {"progressDeadline": "2s", "rollback": True}
    good = await running(storage=before, rollout=rollout)

    rest.merge(path, {"spec": NOWHERE | {"storage": after}})
    found = await eventually(
        lambda: rest.get(path),
        where=lambda f: is_running(f) and f["status"]["rollout"].get("failed"),
        within=WITHIN,
    )

    assert ("True", "RolledBack") == condition(found, "Degraded")
    assert good["status"]["rollout"]["good"] == found["status"]["rollout"]["revision"]
    assert f"{left}/{left}" == found["status"]["readyServices"]
    await eventually(lambda: len(deployments()), equals=left, within=WITHIN)


async def test_a_cache_goes_when_no_service_uses_it_any_more(running, deployments, rest, path):
    """A service that was not changed yet still finds it."""
    await running(storage=REDIS, rollout={"progressDeadline": "2s"})

    rest.merge(path, {"spec": NOWHERE | {"storage": MEMORY}})
    await eventually(lambda: rest.get(path), where=lambda f: phase(f) == "Failed", within=WITHIN)
    assert "a-redis" in deployments()

    rest.merge(path, {"spec": {"placement": {"nodeSelector": {"no": None}}}})
    await eventually(lambda: rest.get(path), where=is_running, within=WITHIN)
    await eventually(lambda: sorted(deployments()), equals=sorted(NAMES), within=WITHIN)
