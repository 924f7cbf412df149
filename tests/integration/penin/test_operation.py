"""What goes on around a cluster: volumes, autoscalers, quotas, names that others have, deletion."""

import pytest

from controller.runtime.ownership import ADOPT
from informers.meta.builtin import DEPLOYMENT
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER
from reconcilers.penin.cluster.claim import CLAIM
from tests.integration.penin.world import WITHIN, condition, is_running, made, message
from tests.kit.eventually import eventually


@pytest.fixture
def said(rest, path):
    """Return a function that waits until a condition has a reason, and returns the cluster."""

    async def wait(kind, reason, at=path):
        def is_said(found):
            conditions = found.get("status", {}).get("conditions", [])
            return (kind, reason) in {(each["type"], each["reason"]) for each in conditions}

        return await eventually(lambda: rest.get(at), where=is_said, within=WITHIN)

    return wait


@pytest.fixture
def events(rest, namespace):
    """Return a function that reads the reasons of all Events about clusters."""
    at = f"/api/v1/namespaces/{namespace}/events"
    return lambda: {
        each["reason"]
        for each in rest.get(at)["items"]
        if each["involvedObject"]["kind"] == PENIN_OMEGA_CLUSTER.kind and each["lastTimestamp"]
    }


async def test_its_life_is_told_by_events(running, rest, path, events):
    """Each of them sorted by its last time."""
    await running()
    rest.merge(path, {"spec": {"config": {"sigmaGuard": {"eceThreshold": 0.02}}}})

    await eventually(
        events, where=lambda told: {"Creating", "Running", "RollingOut", "RolledOut"} <= told
    )


async def test_scaling_is_handed_over_without_losing_a_pod(running, rest, path, deployments):
    """The number stays what it was; afterwards it is the autoscaler's."""
    await running(replicas={"sigmaGuard": 3})

    rest.merge(path, {"spec": {"autoScaling": {"enabled": True}}})
    await eventually(lambda: rest.get(path), where=is_running, within=WITHIN)
    found = deployments()["a-sigma-guard"]
    assert 3 == found["spec"]["replicas"]

    scale = DEPLOYMENT.path(found["metadata"]["namespace"], "a-sigma-guard") + "/scale"
    rest.merge(scale, {"spec": {"replicas": 5}})
    rest.merge(path, {"spec": {"config": {"sigmaGuard": {"eceThreshold": 0.02}}}})
    await eventually(lambda: rest.get(path), where=is_running, within=WITHIN)
    assert 5 == deployments()["a-sigma-guard"]["spec"]["replicas"]

    rest.merge(path, {"spec": {"autoScaling": {"enabled": False}}})
    await eventually(lambda: deployments()["a-sigma-guard"]["spec"]["replicas"], equals=3)


LEDGER = {"wormLedger": {"enabled": True, "size": "1Gi"}}


async def test_a_ledger_outlives_its_cluster(running, rest, path, namespace):
    """A cluster of the same name finds it again."""
    claim = CLAIM.path(namespace, "a-ledger")
    await running(storage=LEDGER)
    uid = rest.get(claim)["metadata"]["uid"]

    rest.delete(path)
    await eventually(lambda: rest.request("GET", path).status, equals=404)
    await running(storage=LEDGER)

    assert uid == rest.get(claim)["metadata"]["uid"]


async def test_a_ledger_that_cannot_be_so_is_told(running, rest, path, said):
    """The rest of the cluster goes on."""
    await running(storage=LEDGER)

    rest.merge(path, {"spec": {"storage": {"wormLedger": {"size": "512Mi"}}}})

    found = await said("LedgerReady", "SizeCannotShrink")
    assert "has 1Gi and cannot shrink to 512Mi" in message(found, "LedgerReady")
    assert ("True", "AllServicesHealthy") == condition(found, "Ready")


async def test_a_missing_storage_class_is_named(running, said, rest, path):
    """With what to look at."""
    await running(storage={"wormLedger": {"enabled": True, "storageClass": "fast-ssd"}})
    rest.merge(path, {"spec": {"observability": {"tracing": False}}})

    def is_named(found):
        return "there is no StorageClass fast-ssd" in message(found, "LedgerReady")

    await eventually(lambda: said("LedgerReady", "NoStorageClass"), where=is_named)


async def test_a_quota_that_refuses_is_told(host, rest, path, namespace, said):
    """And once there is room, the cluster runs."""
    assert host.manager.progress.leading
    quotas = f"/api/v1/namespaces/{namespace}/resourcequotas"
    rest.create(quotas, {"metadata": {"name": "q"}, "spec": {"hard": {"services": "0"}}})
    await eventually(lambda: "used" in rest.get(f"{quotas}/q").get("status", {}))

    rest.create(path.rpartition("/")[0], made())
    found = await said("Ready", "ChildRefused")
    assert "exceeded quota: q" in message(found, "Ready")

    rest.delete(f"{quotas}/q")
    await eventually(lambda: rest.get(path), where=is_running, within=WITHIN)


async def test_a_volume_that_is_refused_holds_up_nothing_else(running, rest, path, said):
    """A claim that cannot grow is told, and the services are changed all the same."""
    await running(storage=LEDGER)

    grown = {"storage": {"wormLedger": {"size": "2Gi"}}, "replicas": {"sigmaGuard": 2}}
    rest.merge(path, {"spec": grown})

    found = await said("LedgerReady", "ClaimRefused")
    assert "the claim stays as it is" in message(found, "LedgerReady")
    found = await eventually(lambda: rest.get(path), where=is_running, within=WITHIN)
    assert 2 == found["status"]["services"]["sigmaGuard"]["readyReplicas"]
    assert ("True", "AllServicesHealthy") == condition(found, "Ready")


async def test_a_password_that_is_refused_is_told(host, rest, path, namespace, said):
    """By a quota of Secrets; and once there is room, the cluster runs."""
    assert host.manager.progress.leading
    quotas = f"/api/v1/namespaces/{namespace}/resourcequotas"
    rest.create(quotas, {"metadata": {"name": "q"}, "spec": {"hard": {"secrets": "0"}}})
    await eventually(lambda: "used" in rest.get(f"{quotas}/q").get("status", {}))

    rest.create(path.rpartition("/")[0], made(storage={"cache": {"type": "redis"}}))
    found = await said("Ready", "ChildRefused")
    assert 'secrets "a-redis" is forbidden: exceeded quota: q' in message(found, "Ready")

    rest.delete(f"{quotas}/q")
    await eventually(lambda: rest.get(path), where=is_running, within=WITHIN)


async def test_revisions_of_others_are_none_of_its_own(host, rest, path, namespace):
    """A StatefulSet of a user's, whose pods have a label of the same name, has some as well."""
    assert host.manager.progress.leading
    revisions = f"/apis/apps/v1/namespaces/{namespace}/controllerrevisions"
    head = {"name": "mine-1", "labels": {"cluster": "a"}}
    rest.create(revisions, {"metadata": head, "revision": 1, "data": {"spec": {}}})

    rest.create(path.rpartition("/")[0], made(rollout={"history": 1}))

    await eventually(lambda: rest.get(path), where=is_running, within=WITHIN)
    assert rest.get(f"{revisions}/mine-1")


async def test_what_belongs_to_another_is_left_alone(host, rest, path, namespace, said):
    """A Service of the name, controlled by somebody else."""
    assert host.manager.progress.leading
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    holder = rest.create(maps, {"metadata": {"name": "holder"}})["metadata"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "holder", "uid": holder["uid"]}
    services = f"/api/v1/namespaces/{namespace}/services"
    head = {"name": "a-omega-meta", "ownerReferences": [reference | {"controller": True}]}
    port = {"port": 1, "targetPort": 1}
    before = rest.create(services, {"metadata": head, "spec": {"ports": [port]}})

    rest.create(path.rpartition("/")[0], made())

    found = await said("Ready", "ChildRefused")
    assert "belongs to ConfigMap holder" in message(found, "Ready")
    after = rest.get(f"{services}/a-omega-meta")
    assert before["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"]


async def test_a_deployment_of_another_is_not_taken_for_a_part(host, rest, path, namespace, said):
    """However well its pods are, the part whose name it has is not there."""
    assert host.manager.progress.leading
    labels = {"mine": "yes"}
    container = {"name": "c", "image": "registry.invalid/mine:1"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    workloads = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    foreign = f"{workloads}/a-omega-meta"
    rest.create(workloads, {"metadata": {"name": "a-omega-meta"}, "spec": spec})
    await eventually(
        lambda: rest.get(foreign)["status"].get("availableReplicas"), equals=1, within=WITHIN
    )

    rest.create(path.rpartition("/")[0], made())

    found = await said("Ready", "ChildRefused")
    assert "Deployment a-omega-meta" in message(found, "Ready").replace(f"{namespace}/", "")
    assert found["status"]["services"]["omegaMeta"] == {
        "ready": False,
        "replicas": 0,
        "readyReplicas": 0,
    }
    assert labels == rest.get(foreign)["spec"]["selector"]["matchLabels"]


async def test_the_claim_of_another_is_left_alone(host, rest, path, namespace, said):
    """It is not written to before somebody gives it away; the services run meanwhile."""
    assert host.manager.progress.leading
    claims = CLAIM.path(namespace)
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    rest.create(claims, {"metadata": {"name": "a-ledger"}, "spec": asked})

    rest.create(path.rpartition("/")[0], made(storage=LEDGER))

    found = await said("LedgerReady", "ClaimTaken")
    assert "was there before and is not ours" in message(found, "LedgerReady")
    await eventually(lambda: rest.get(path), where=is_running, within=WITHIN)
    assert "labels" not in rest.get(f"{claims}/a-ledger")["metadata"]

    rest.merge(f"{claims}/a-ledger", {"metadata": {"annotations": {ADOPT: "true"}}})
    rest.merge(path, {"spec": {"observability": {"tracing": False}}})
    await said("LedgerReady", "Bound")


async def test_two_clusters_live_side_by_side(running, rest, path, deployments):
    """In one namespace, each with its own children."""
    await running()
    rest.create(path.rpartition("/")[0], made("b"))

    other = f"{path.rpartition('/')[0]}/b"
    await eventually(lambda: rest.get(other), where=is_running, within=WITHIN)
    assert 8 == len(deployments())

    rest.delete(other)
    await eventually(lambda: len(deployments()), equals=4, within=WITHIN)


async def test_what_it_made_goes_with_it(running, rest, path, namespace):
    """Everything but what it was told to keep."""
    kinds = ("deployments", "replicasets", "controllerrevisions")
    paths = [f"/apis/apps/v1/namespaces/{namespace}/{kind}" for kind in kinds]
    paths += [f"/api/v1/namespaces/{namespace}/{kind}" for kind in ("services", "pods", "secrets")]
    await running(storage={"cache": {"type": "redis"}}, replicas={"sigmaGuard": 2})

    rest.delete(path)

    await eventually(lambda: sum(len(rest.get(at)["items"]) for at in paths), equals=0, within=60)


@pytest.mark.parametrize(
    ("name", "spec", "text"),
    [
        ("a" * 46, {}, "use at most 45"),
        ("1a", {}, "with a letter first"),
        ("a.b", {}, "use at most 45 of a-z, 0-9"),
        ("a", {"autoScaling": {"minReplicas": 3, "maxReplicas": 2}}, "minReplicas is above"),
        ("a", {"replicas": {"omegaMeta": -1}}, "greater than or equal to 0"),
        ("a", {"config": {"budgetDailyUsd": -1.0}}, "greater than or equal to 0"),
        ("a", {"storage": {"wormLedger": {"size": "0"}}}, "a ledger needs some room"),
        ("a", {"version": "1 0"}, "should match"),
        ("a", {"rollout": {"progressDeadline": "0s"}}, "progressDeadline is a second at least"),
        ("a", {"rollout": {"soak": "-1h"}}, "soak cannot be negative"),
        ("a", {"selfArchitecting": {"settle": "-5m"}}, "settle is a second at least"),
        ("a", {"selfArchitecting": {"cooldown": "-1s"}}, "cooldown cannot be negative"),
        ("a", {"resources": {"omegaMeta": {"cpu": "many"}}}, "omegaMeta.cpu"),
    ],
)
@pytest.mark.usefixtures("family")
def test_what_can_never_work_is_refused_at_once(rest, namespace, name, spec, text):
    """With words that say what to change."""
    answer = rest.request("POST", PENIN_OMEGA_CLUSTER.path(namespace), made(name, **spec))

    assert 422 == answer.status
    assert text in answer.body["message"]
