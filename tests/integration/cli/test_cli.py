"""What the command line tells of real objects, and how it says that it cannot."""

import os
import re
import subprocess
import sys

import pytest

from tests.integration.cli.world import (
    Commands,
    allowing,
    deployment,
    quota,
    service,
    stateful_set,
)
from tests.kit.eventually import eventually_blocking
from tests.kit.faults import READS, WRITES

READY = "--for=condition=Available"
GONE_PORT = "https://127.0.0.1:1"


@pytest.fixture
def web(create, kubectl, namespace):
    """Create a Deployment that is available, with a Service."""
    create(deployment("web", replicas=2), service("web"))
    kubectl("wait", "-n", namespace, READY, "--timeout=60s", "deploy/web")


def told(pentad, what, said):
    """Return what `why` prints once it says this; controllers take a moment to notice."""
    return eventually_blocking(
        lambda: pentad("why", what, "-o", "text"), where=lambda a: said in a.out, within=60
    )


@pytest.mark.usefixtures("web")
def test_a_tree_has_what_is_owned_and_whether_it_is_ready(pentad):
    """Deployment, ReplicaSet, pods; JSON for programs, exit code 0."""
    found = pentad("tree", "deploy/web", "--exit-code")

    assert (0, "") == (found.code, found.err)
    (replicas,) = found.data["children"]
    assert ("Deployment", "2/2", "Current") == tuple(
        found.data[key] for key in ("kind", "ready", "health")
    )
    assert ["1/1", "1/1"] == [each["ready"] for each in replicas["children"]]


@pytest.mark.usefixtures("web")
@pytest.mark.parametrize(
    "what", [["Deployment/web"], ["deployments.apps", "web"], ["deploy.v1.apps/web"]]
)
def test_kinds_have_the_names_of_kubectl(pentad, what):
    """Kind, plural with a group, short name with version and group."""
    found = pentad("tree", *what, "-o", "text")

    assert (0, "") == (found.code, found.err)
    assert re.search(r"^Deployment/web +2/2 +Current", found.out, re.MULTILINE)
    assert re.search(r"^   └─ Pod/web-\S+ +1/1 +Current", found.out, re.MULTILINE)


@pytest.mark.usefixtures("web")
def test_a_service_is_as_ready_as_its_endpoints(pentad):
    """They are counted from EndpointSlices."""
    found = eventually_blocking(
        lambda: pentad("tree", "svc/web").data, where=lambda tree: tree["ready"] == "2/2", within=30
    )

    assert ["EndpointSlice"] == [each["kind"] for each in found["children"]]


@pytest.mark.usefixtures("web")
def test_nothing_is_written_and_requests_are_few(proxy, proxied, namespace):
    """A tree costs two requests for the kinds, one for the object, one for each kind there is."""
    through = Commands(proxied.kubeconfig, namespace)
    assert 0 == through("why", "deploy/web").code

    reads = [each.request.path for each in proxy.seen(READS)]
    assert [] == proxy.seen(WRITES)
    assert {"/api", "/apis"} < set(reads)
    assert len(reads) == len(set(reads))
    assert not any("/events" in each for each in reads)  # nothing is wrong, so nobody is asked


@pytest.mark.usefixtures("web")
def test_secrets_stay_where_they_are(proxy, proxied, namespace):
    """Their metadata says whose they are; their content is never asked for."""
    Commands(proxied.kubeconfig, namespace)("tree", "deploy/web")

    (asked,) = [each for each in proxy.seen(READS) if each.request.path.endswith("/secrets")]
    assert "as=PartialObjectMetadataList" in asked.request.get("accept")


def test_why_a_pod_has_no_node(pentad, create):
    """The cause first, its remedy, and what follows from it."""
    create(deployment("nowhere", replicas=2, nodeSelector={"disk": "gold"}))

    found = told(pentad, "deploy/nowhere", "has no node")

    assert 0 == found.code
    steps = [line for line in found.out.splitlines() if re.match(r"\d\.", line)]
    assert re.match(r"1\. Pod/nowhere-\S+ \(and 1 more\) has no node: 0/3 nodes", steps[0])
    assert [
        "so Deployment/nowhere is not ready: 0 of 2 pods are ready",
    ] == [step.partition(" ")[2] for step in steps[2:]]
    assert "→ label a node as nodeSelector and node affinity ask, or ask for less" in found.out
    assert 1 == pentad("why", "deploy/nowhere", "--exit-code").code


def test_why_a_container_crashes(pentad, create):
    """With its exit code, and where to read more."""
    outcome = {"fake.pentad.dev/outcome": "crash", "fake.pentad.dev/exit-code": "3"}
    create(deployment("crash", annotations=outcome))

    found = told(pentad, "deploy/crash", "with exit code")

    assert re.search(
        r"1\. Pod/crash-\S+: container c ended .*with exit code 3 \(Error\)", found.out
    )
    assert "kubectl pentad logs pod/crash-" in found.out


def test_why_a_quota_refuses_pods(pentad, create):
    """It is named, with what it counts; the pods there would be are not in any tree."""
    create(quota("few", count_pods="1"), deployment("many", replicas=3))

    found = told(pentad, "deploy/many", "raise ResourceQuota few")

    assert re.search(r"1\. ReplicaSet/many-\S+ cannot create pods: exceeded quota: few", found.out)
    assert "2. so Deployment/many is not ready (1/3)" in found.out


def test_why_a_claim_is_not_bound(pentad, create):
    """The StorageClass does not exist; those that do are named."""
    create(stateful_set("db", storage_class="gold"))

    found = told(pentad, "sts/db", "asks for StorageClass gold")

    assert "1. PersistentVolumeClaim/data-db-0 asks for StorageClass gold, which" in found.out
    assert re.search(r"→ create it, or name another \(there are: \S+", found.out)
    assert "2. so Pod/db-0 has no node" in found.out


@pytest.mark.usefixtures("web")
def test_status_of_one_object(pentad):
    """Health, conditions, events; and JSON with the same."""
    printed = pentad("status", "deploy/web", "-o", "text")
    data = pentad("status", "deploy/web").data

    assert printed.out.startswith("Deployment/web in ")
    assert re.search(
        r"^  Available +True +\S+ +MinimumReplicasAvailable", printed.out, re.MULTILINE
    )
    assert re.search(r"^  \S+ +Normal +ScalingReplicaSet", printed.out, re.MULTILINE)
    assert ("Current", "2/2") == (data["health"], data["ready"])
    assert {"Available", "Progressing"} == {each["type"] for each in data["conditions"]}


@pytest.mark.usefixtures("web")
def test_status_of_a_kind(pentad):
    """A table of all there are, in one namespace or in all."""
    here = pentad("status", "deploy", "-o", "text")
    everywhere = pentad("status", "deploy", "-A", "-o", "yaml")

    assert re.search(r"^Deployment/web +2/2", here.out, re.MULTILINE)
    assert f"namespace: {pentad.namespace}" in everywhere.out
    assert 0 == pentad("status", "deploy", "--exit-code").code


@pytest.mark.usefixtures("web")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ["tree", "deploy/wbe"],
            3,
            "there is no Deployment 'wbe' in namespace {}: did you mean web?",
        ),
        (["tree", "deploy/no-such"], 3, "`kubectl get deployments.apps -A` lists all there are"),
        (["tree", "dploy/web"], 2, "the server has no kind 'dploy': did you mean deployments?"),
        (["tree", "deploy"], 2, "deploy of which name? Say deploy/NAME"),
        (["tree", "-A", "deploy/web"], 2, "say -n NAMESPACE instead of -A"),
        (["status", "--context=other"], 2, "other"),
        (["logs", "svc/web"], 3, "owns no pod"),
        (["logs", "deploy/web", "-c", "x"], 2, "none of its pods has a container 'x'"),
    ],
)
def test_what_cannot_be_told_is_one_line(pentad, words, code, said):
    """With the way out, and a code that says whose fault it was."""
    found = pentad(*words)

    assert (code, "", 1) == (found.code, found.out, found.err.count("\n"))
    assert said.format(pentad.namespace) in found.err


@pytest.mark.usefixtures("web")
def test_an_object_of_another_namespace_is_named(pentad):
    """What to add to find it stands there."""
    found = Commands(pentad.kubeconfig, "default")("status", "deploy/web")

    assert 3 == found.code
    assert "add -n " in found.err


def test_a_server_that_is_gone(pentad, tmp_path):
    """One line within moments."""
    config = tmp_path / "gone"
    config.write_text(re.sub(r"https://\S+", GONE_PORT, pentad.kubeconfig.read_text()))

    found = Commands(config, "default")("status")

    assert (3, "", 1) == (found.code, found.out, found.err.count("\n"))
    assert GONE_PORT.removeprefix("https://") in found.err


@pytest.mark.usefixtures("web")
def test_partial_permissions_show_a_partial_tree(rest, proxy, namespace, create, tmp_path):
    """What may not be listed is named, once, and the rest is told."""
    rules = {"apiGroups": ["", "apps"], "resources": ["deployments", "replicasets"]}
    create(*allowing("viewer", rules | {"verbs": ["get", "list"]}))
    config = proxy.kubeconfig(tmp_path / "viewer", token=rest.token(namespace, "viewer"))
    viewer = Commands(config, namespace)

    found = viewer("tree", "deploy/web")
    printed = viewer("tree", "deploy/web", "-o", "text")

    assert 0 == found.code
    assert "you may not list them" == found.data["notListed"]["pods"]
    assert ["ReplicaSet"] == [each["kind"] for each in found.data["children"]]
    assert 1 == printed.err.count("\n")
    assert re.search(r"^not shown: .*pods.*\(you may not list them\)$", printed.err)


@pytest.mark.usefixtures("web")
def test_a_reader_that_has_seen_enough(pentad):
    """Such as `| head -1`: no traceback."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "controller",
                "cli",
                "tree",
                "deploy/web",
                "-n",
                pentad.namespace,
            ],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
            env=os.environ | {"KUBECONFIG": str(pentad.kubeconfig)},
        )

    assert (141, "") == (done.returncode, done.stderr)
