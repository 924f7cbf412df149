"""A real node: what is promised of it is tried with real pods (needs root)."""

import json

import pytest

from hack.cluster.cluster import Cluster
from hack.cluster.node import parts
from hack.cluster.node.machine import NAME
from tests.kit.eventually import eventually_blocking
from tests.kit.node import manifest, pod

SERVES = (
    "sh",
    "-c",
    "echo hello from $(cat /etc/hostname) > /tmp/index.html; httpd -f -p 8080 -h /tmp",
)
PATIENCE = 60


def apply(ask, room, *objects):
    """Create objects in the test's namespace."""
    ask("apply", "--namespace", room, "-f", "-", stdin=manifest(*objects))


def wait(ask, room, what, condition, *, seconds=PATIENCE):
    """Wait for a condition of an object."""
    ask(
        "wait",
        f"--for={condition}",
        what,
        f"--timeout={seconds}s",
        "--namespace",
        room,
        within=seconds + 9,
    )


def service(name, port, *, app):
    """Return a Service before the pods of an app."""
    spec = {"selector": {"app": app}, "ports": [{"port": port, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def test_a_pod_is_reached_by_the_name_of_its_service(ask, room):
    """Scheduler, kubelet, network, kube-proxy and the name server do their work together."""
    apply(
        ask,
        room,
        pod("web", *SERVES),
        service("front", 80, app="web"),
        pod("client", "sleep", "600"),
    )
    wait(ask, room, "pod/web", "condition=Ready")
    wait(ask, room, "pod/client", "condition=Ready")

    def reply():
        script = "timeout 3 wget -q -O - http://front/ || true"
        return ask("exec", "client", "--namespace", room, "--", "sh", "-c", script).strip()

    assert eventually_blocking(reply, within=PATIENCE) == "hello from web"


def test_a_pod_reaches_itself_through_its_service(ask, room):
    """The hairpin, which simple bridges get wrong."""
    apply(ask, room, pod("web", *SERVES), service("front", 80, app="web"))
    wait(ask, room, "pod/web", "condition=Ready")

    def reply():
        script = "timeout 3 wget -q -O - http://front/ || true"
        return ask("exec", "web", "--namespace", room, "--", "sh", "-c", script).strip()

    assert eventually_blocking(reply, within=PATIENCE) == "hello from web"


def test_a_pod_reaches_the_api_server(ask, room):
    """By the name that every client library uses; a Service whose endpoint is no pod."""
    script = "until nc -w 3 kubernetes.default.svc 443 < /dev/null; do sleep 1; done"
    apply(ask, room, pod("client", "sh", "-c", script, restartPolicy="Never"))

    wait(ask, room, "pod/client", "jsonpath={.status.phase}=Succeeded")


def test_a_job_writes_to_a_volume_that_another_pod_reads(ask, room):
    """Claims are bound, volumes are mounted, Jobs end, logs are kept."""
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
    }
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    mounts = [{"name": "data", "mountPath": "/data"}]

    def with_volume(made):
        made["spec"]["volumes"] = volumes
        made["spec"]["containers"][0]["volumeMounts"] = mounts
        made["spec"]["securityContext"] = {"runAsUser": 0}
        return made

    writer = with_volume(pod("w", "sh", "-c", "echo kept > /data/x", restartPolicy="Never"))
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "writer"},
        "spec": {"template": {"spec": writer["spec"]}},
    }
    apply(ask, room, claim, job)
    wait(ask, room, "job/writer", "condition=Complete")
    apply(ask, room, with_volume(pod("reader", "cat", "/data/x", restartPolicy="Never")))
    wait(ask, room, "pod/reader", "jsonpath={.status.phase}=Succeeded")

    assert ask("logs", "reader", "--namespace", room) == "kept\n"


def test_usage_is_measured(ask, room):
    """`kubectl top` shows what a busy pod takes, near its limit."""
    busy = pod("busy", "sh", "-c", "yes > /dev/null")
    busy["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "200m", "memory": "32Mi"}}
    apply(ask, room, busy)
    wait(ask, room, "pod/busy", "condition=Ready")
    path = f"/apis/metrics.k8s.io/v1beta1/namespaces/{room}/pods"

    def nanocores():
        items = json.loads(ask("get", "--raw", path))["items"]
        texts = [each["containers"][0]["usage"]["cpu"] for each in items]
        return [int(text.removesuffix("n")) for text in texts if text.endswith("n")]

    (measured,) = eventually_blocking(nanocores, within=90, where=lambda found: sum(found) > 1e8)

    assert measured < 300_000_000
    assert "busy" in ask("top", "pods", "--namespace", room)


def test_an_unknown_image_is_refused_here_and_asked_of_nobody(ask, room):
    """No name reaches a registry: the node has no way out, and says so in the pod's status."""
    lost = pod("lost", "sh")
    lost["spec"]["containers"][0]["image"] = "example.com/unknown:1"
    apply(ask, room, lost)
    waiting = "jsonpath={.status.containerStatuses[0].state.waiting.message}"

    def message():
        return ask("get", "pod", "lost", "--namespace", room, "-o", waiting)

    found = eventually_blocking(message, within=PATIENCE, where=lambda text: "example.com" in text)

    assert "127.0.0.1:9" in found


@pytest.fixture
def broken(real):
    """Return the cluster, to break its node; it is mended afterwards."""
    yield real
    Cluster.up(real.name, node=True)


@pytest.mark.parametrize("component", [parts.KUBELET, parts.CONTAINERD, parts.PROXY, NAME])
def test_a_killed_part_is_told_and_mended(broken, component):
    """`status` names it, `up` brings it back, and pods run again."""
    broken.kill(component)

    states = {each.name: each.state for each in broken.status()}
    assert states[component] == "dead"

    Cluster.up(broken.name, node=True)
    assert {each.state for each in broken.status()} == {"healthy"}
