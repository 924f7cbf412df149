"""Pods on fake nodes live the lives their annotations ask for."""

import pytest

from hack.cluster.cluster import Cluster
from tests.kit.cluster import FAKE_NODES
from tests.kit.eventually import eventually_blocking
from tests.kit.rest import Rest

WITHIN = 30


def pod(name, **annotations):
    """Return a pod; annotations are below fake.pentad.dev, with '-' for '_'."""
    keys = {f"fake.pentad.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return {
        "metadata": {"name": name, "annotations": keys},
        "spec": {"containers": [{"name": "main", "image": "local/none"}]},
    }


def ready(status):
    """Return the Ready condition's status."""
    found = [each["status"] for each in status.get("conditions", ()) if each["type"] == "Ready"]
    return found[0] if found else None


@pytest.fixture
def pods(rest, namespace):
    """Return the path of the test's pods, once pods can be made there."""
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    eventually_blocking(lambda: rest.request("GET", account).status, equals=200)
    return f"/api/v1/namespaces/{namespace}/pods"


def test_nodes_are_ready(rest):
    """The asked-for nodes are there, Ready, and stay so by their leases."""
    nodes = rest.get("/api/v1/nodes")["items"]

    assert ["True"] * FAKE_NODES == [ready(node["status"]) for node in nodes]
    leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
    names = {node["metadata"]["name"] for node in nodes}
    eventually_blocking(
        lambda: {lease["metadata"]["name"] for lease in rest.get(leases)["items"]}, equals=names
    )


def test_nodes_can_be_added(own_cluster):
    """A later `up` adds the missing ones, be it in the middle, and with fewer removes none."""
    grown = own_cluster()
    client = Rest(grown.kubeconfig)

    def up(count):
        Cluster.up(grown.name, fake_nodes=count)
        return [node["metadata"]["name"] for node in client.get("/api/v1/nodes")["items"]]

    seen = [up(count) for count in (0, 2, 3, 1)]
    client.delete("/api/v1/nodes/fake-0001")
    seen.append(up(3))
    client.close()

    names = ["fake-0000", "fake-0001", "fake-0002"]
    assert seen == [[], names[:2], names, names, names]


def test_pod_becomes_ready(rest, pods):
    """A plain pod is scheduled, runs, is Ready and has an address."""
    rest.create(pods, pod("plain"))

    status = eventually_blocking(
        lambda: rest.get(f"{pods}/plain")["status"],
        where=lambda seen: ready(seen) == "True",
        within=WITHIN,
    )

    assert status["phase"] == "Running"
    assert status["podIP"]
    assert status["containerStatuses"][0]["ready"] is True


def test_deployment_becomes_available(rest, namespace, pods):
    """The built-in controllers and the scheduler make a Deployment available, then empty it."""
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    labels = {"app": "web"}
    template = pod("web")
    template["metadata"] = {"labels": labels}
    spec = {"replicas": 5, "selector": {"matchLabels": labels}, "template": template}
    rest.create(path, {"metadata": {"name": "web"}, "spec": spec})

    eventually_blocking(
        lambda: rest.get(f"{path}/web")["status"].get("availableReplicas"), equals=5, within=WITHIN
    )
    rest.delete(f"{path}/web")
    eventually_blocking(lambda: len(rest.get(pods)["items"]), equals=0, within=WITHIN)


@pytest.mark.parametrize(
    ("annotations", "condition"),
    [({}, "Complete"), ({"fake.pentad.dev/outcome": "fail"}, "Failed")],
    ids=["completes", "fails"],
)
def test_job_ends(rest, namespace, pods, annotations, condition):
    """A Job's pod succeeds by itself, or fails when it is told to, and the Job says so."""
    assert pods
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    template = pod("job")
    template["metadata"] = {"annotations": annotations}
    template["spec"]["restartPolicy"] = "Never"
    rest.create(
        path, {"metadata": {"name": "job"}, "spec": {"backoffLimit": 0, "template": template}}
    )

    def conditions():
        found = rest.get(f"{path}/job")["status"].get("conditions", ())
        return {each["type"] for each in found if each["status"] == "True"}

    assert condition in eventually_blocking(
        conditions, where=lambda seen: condition in seen, within=WITHIN
    )


def test_pod_fails_as_told(rest, pods):
    """The exit code and the reason of a failure are the annotations'."""
    rest.create(pods, pod("bad", outcome="fail", exit_code="137", reason="OOMKilled"))

    status = eventually_blocking(
        lambda: rest.get(f"{pods}/bad")["status"],
        where=lambda seen: seen["phase"] == "Failed",
        within=WITHIN,
    )

    ended = status["containerStatuses"][0]["state"]["terminated"]
    assert (137, "OOMKilled") == (ended["exitCode"], ended["reason"])
    assert ready(status) == "False"


def test_pod_crashes_in_a_loop(rest, pods):
    """A crashing pod runs, is not Ready, and its container waits in CrashLoopBackOff."""
    rest.create(pods, pod("crash", outcome="crash"))

    status = eventually_blocking(
        lambda: rest.get(f"{pods}/crash")["status"],
        where=lambda seen: ready(seen) == "False" and seen["phase"] == "Running",
        within=WITHIN,
    )

    waiting = status["containerStatuses"][0]["state"]["waiting"]
    assert waiting["reason"] == "CrashLoopBackOff"


def test_pod_stays_pending_or_waits(rest, pods):
    """A stuck pod gets a node and no more; a slow one is Ready after its time."""
    rest.create(pods, pod("stuck", outcome="stuck"))
    rest.create(pods, pod("slow", ready_after="2s"))

    slow = eventually_blocking(
        lambda: rest.get(f"{pods}/slow"),
        where=lambda seen: ready(seen["status"]) == "True",
        within=WITHIN,
    )
    stuck = rest.get(f"{pods}/stuck")

    times = {each["type"]: each["lastTransitionTime"] for each in slow["status"]["conditions"]}
    assert times["Ready"] > times["PodScheduled"]
    assert stuck["spec"]["nodeName"]
    assert stuck["status"]["phase"] == "Pending"
