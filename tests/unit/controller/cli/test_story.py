"""Why something is not ready: causes of single objects, and the whole story as it is printed."""

import pytest

from controller.cli.causes import Evidence, causes
from controller.cli.notes import Note
from controller.cli.story import lines, tell
from tests.unit.controller.cli.made import (
    NOW,
    condition,
    pod,
    printed,
    spoken,
    thing,
    tree,
    unschedulable,
    waiting,
)

CRASH = {"exitCode": 1, "reason": "Error", "message": "no such table\n"}
QUOTA = (
    'pods "a-1-xyz" is forbidden: exceeded quota: few, requested: pods=1, used: pods=2, '
    "limited: pods=2"
)


def warning(of, reason, message, *, count=1):
    """Return a warning about an object, as evidence."""
    note = Note(uid=of.uid, type="Warning", reason=reason, message=message, count=count, last=NOW)
    return Evidence(notes={of.uid: [note]})


def test_a_story_begins_with_the_cause():
    """Pods with one trouble are told once; what waits for them follows; the root comes last."""
    said = [condition("Ready", "False", "ServicesNotReady", "Ω-META: 0 of 2 pods ready")]
    root = thing("PeninOmegaCluster", "a", status={"conditions": said})
    expected = """\
PeninOmegaCluster/a is not ready for 30s: ServicesNotReady: Ω-META: 0 of 2 pods ready

1. Pod/a-1-p (and 1 more): container c cannot pull the image img:1: not found
   → check the image's name and tag, that the node can reach its registry, and imagePullSecrets
2. so ReplicaSet/a-1 is not ready: 0 of 2 pods are ready
3. so Deployment/a is not ready: 0 of 2 pods are ready
4. so PeninOmegaCluster/a is not ready: ServicesNotReady: Ω-META: 0 of 2 pods ready"""

    found = printed(
        root,
        thing(
            "Deployment",
            "a",
            owner="PeninOmegaCluster/a",
            spec={"replicas": 2},
            status={"updatedReplicas": 2},
        ),
        thing("ReplicaSet", "a-1", owner="Deployment/a", spec={"replicas": 2}),
        pod("a-1-p", owner="ReplicaSet/a-1", containers=[waiting("ErrImagePull", "not found")]),
        pod("a-1-q", owner="ReplicaSet/a-1", containers=[waiting("ErrImagePull", "not found")]),
    )

    assert expected == found


def test_what_was_told_is_not_told_again():
    """A Deployment repeats what its ReplicaSet says; the story does not."""
    refused = {"conditions": [condition("ReplicaFailure", "True", "FailedCreate", QUOTA)]}
    expected = f"""\
Deployment/a is not ready: FailedCreate: {QUOTA}

1. ReplicaSet/a-1 cannot create pods: {QUOTA.partition("forbidden: ")[2]}
   → raise ResourceQuota few, or free what it counts
2. so Deployment/a is not ready (0/1)"""

    found = printed(
        thing("Deployment", "a", status=refused),
        thing("ReplicaSet", "a-1", owner="Deployment/a", status=refused),
    )

    assert expected == found


def test_a_claim_that_a_pod_uses_is_the_cause():
    """Though nobody in the tree owns it, and the scheduler only says that it is not bound."""
    claim = thing(
        "PersistentVolumeClaim",
        "data",
        spec={"storageClassName": "gold"},
        status={"phase": "Pending"},
    )
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    evidence = Evidence(claims={"data": claim}, classes={"standard": "Immediate"})
    expected = """\
Pod/p is not ready: Unschedulable: pod has unbound immediate PersistentVolumeClaims

1. PersistentVolumeClaim/data asks for StorageClass gold, which does not exist
   → create it, or name another (there are: standard)
2. so Pod/p has no node: pod has unbound immediate PersistentVolumeClaims"""

    found = printed(
        unschedulable(
            message="pod has unbound immediate PersistentVolumeClaims", spec={"volumes": volumes}
        ),
        evidence=evidence,
    )

    assert expected == found


def test_what_is_ready_says_since_when():
    """And why it is so, in the words of its condition."""
    said = [condition("Ready", "True", "AllServicesHealthy", "All services are running")]
    root = thing("PeninOmegaCluster", "a", status={"conditions": said})

    expected = "PeninOmegaCluster/a is ready for 30s: AllServicesHealthy: All services are running"

    assert expected == printed(root)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (
            spoken("Rejected", "Frozen", "Finished", "True"),
            "PeninProposal/a is Rejected for 30s: Frozen: m",
        ),
        (
            spoken("Pending", "Queued", "Finished", "False"),
            "PeninProposal/a is Pending: Queued: m",
        ),
        (
            spoken("Kept", "GuardsHeld", "Finished", "True"),
            "PeninProposal/a is Kept for 30s: GuardsHeld: m",
        ),
    ],
    ids=["rejected", "pending", "kept"],
)
def test_what_is_never_ready_tells_its_phase(status, expected):
    """With the reason, whether it waits, has failed or is over."""
    assert expected == printed(thing("PeninProposal", "a", status=status))


def test_an_experiment_tells_its_verdict():
    """Which is in the message of the condition that it is complete."""
    status = spoken("Finished", "Worse", "Complete", "True", message="Lose: by 3 %")

    found = printed(thing("PeninExperiment", "a", status={**status, "message": "by 3 %"}))

    assert "PeninExperiment/a is Finished for 30s: Worse: Lose: by 3 %" == found


def test_a_decision_is_printed():
    """Whatever a kind puts into status.decision, at the end and as it is structured."""
    decision = {
        "replicas": 3,
        "because": [{"trigger": "cpu", "value": 0.9}, "night"],
        "at": {"h": 1},
    }

    found = printed(thing("PeninOmegaCluster", "a", status={"decision": decision}))

    assert found.endswith(
        "decision\n  replicas: 3\n  because:\n    - trigger: cpu\n      value: 0.9\n    - night\n"
        "  at:\n    h: 1"
    )


def test_what_is_foreseen_is_printed_after_what_was_decided():
    """Each under its name, in JSON as well."""
    status = {"prediction": {"score": "0.8"}, "decision": {"replicas": 3}}
    root = thing("VerticeScaler", "a", status=status)

    assert printed(root).endswith("decision\n  replicas: 3\n\nprediction\n  score: 0.8")
    data = tell(tree(root), Evidence(), now=NOW).data()
    assert status == {name: data[name] for name in status}


def test_a_sentence_is_told_once():
    """In the headline; what of the decision was not, is there in full."""
    why = "q: nobody answers"
    decision = {
        "message": f"stays at 3 pods: {why}",
        "proposals": [{"metric": "q", "note": "nobody answers"}, {"note": "late"}],
        "reason": "MetricsMissing",
    }
    ready = condition("Ready", "False", "MetricsMissing", why)
    status = {"conditions": [ready], "decision": decision}

    assert f"""\
VerticeScaler/a is not ready for 30s: MetricsMissing: {why}

decision
  message: stays at 3 pods: {why}
  proposals:
    - metric: q
    - note: late
  reason: MetricsMissing""" == printed(thing("VerticeScaler", "a", status=status))


def test_a_word_that_occurs_in_a_sentence_was_not_told_by_it():
    """Only what stands by itself was; and nothing is left of what was told whole."""
    told = ["cpu: the cluster has no metrics.k8s.io"]
    decision = {
        "proposals": [{"note": "cpu"}, {"note": "the cluster has no metrics.k8s.io"}],
        "others": [{"note": "the cluster has no metrics.k8s.io"}],
    }

    assert ["  proposals:", "    - note: cpu"] == list(lines(decision, told=told))


def test_a_decision_may_be_a_word():
    """Nothing about its form is promised."""
    assert ["  hold"] == list(lines("hold"))


CASES = {
    "a crash": (
        pod(containers=[waiting("CrashLoopBackOff", restarts=4, last=CRASH)]),
        None,
        "container c ended 4 times, last with exit code 1 (Error): no such table",
        "read its last words: kubectl pentad logs pod/p -c c --previous",
    ),
    "too much memory": (
        pod(
            containers=[
                waiting(
                    "CrashLoopBackOff", restarts=1, last={"exitCode": 137, "reason": "OOMKilled"}
                )
            ],
            spec={"containers": [{"name": "c", "resources": {"limits": {"memory": "1Gi"}}}]},
        ),
        None,
        (
            "container c ended once, last with exit code 137 (OOMKilled): it used more than its "
            "memory limit of 1Gi"
        ),
        "raise the container's memory limit, or have it use less",
    ),
    "a Secret that is missing": (
        pod(containers=[waiting("CreateContainerConfigError", 'secret "s" not found')]),
        None,
        'container c cannot start: secret "s" not found',
        "create the secret s, or refer to another",
    ),
    "a key that is missing": (
        pod(
            containers=[waiting("CreateContainerConfigError", "couldn't find key k in Secret n/s")]
        ),
        None,
        "container c cannot start: couldn't find key k in Secret n/s",
        "add the key k to the Secret s",
    ),
    "no room": (
        unschedulable(),
        None,
        "has no node: 0/1 nodes are available: 1 Insufficient cpu.",
        "request less cpu, or add nodes",
    ),
    "a taint": (
        unschedulable(message="1 node(s) had untolerated taint {gpu: yes}."),
        None,
        "has no node: 1 node(s) had untolerated taint {gpu: yes}.",
        "tolerate the taint gpu, or take it off a node",
    ),
    "a gate": (
        pod(
            phase="Pending",
            conditions=[condition("PodScheduled", "False", "SchedulingGated")],
            spec={"schedulingGates": [{"name": "x/y"}]},
        ),
        None,
        "is held back by scheduling gates: x/y",
        "",
    ),
    "a readiness gate": (
        pod(
            conditions=[condition("Ready", "False", "ReadinessGatesNotReady", "no")],
            spec={"readinessGates": [{"conditionType": "x/ok"}]},
        ),
        None,
        "runs, but its readiness gates are not true: x/ok",
        "",
    ),
    "a probe": (
        pod(conditions=[condition("Ready", "False", "ContainersNotReady")]),
        ("Unhealthy", "Readiness probe failed: HTTP 503"),
        "runs, but is not ready: Readiness probe failed: HTTP 503 (once)",
        "",
    ),
    "a volume": (
        pod(phase="Pending", containers=[waiting("ContainerCreating")]),
        ("FailedMount", 'MountVolume.SetUp failed: configmap "m" not found'),
        'cannot start: MountVolume.SetUp failed: configmap "m" not found',
        "create the configmap m, or refer to another",
    ),
    "a webhook": (
        thing("StatefulSet", "x"),
        ("FailedCreate", 'admission webhook "w.io" denied the request: no'),
        'cannot create pods: admission webhook "w.io" denied the request: no',
        "change what webhook w.io objects to",
    ),
    "Pod Security": (
        thing("Job", "x"),
        (
            "FailedCreate",
            'Error creating: pods "x-1" is forbidden: violates PodSecurity "restricted:v1"',
        ),
        'cannot create pods: violates PodSecurity "restricted:v1"',
        "give the pods the security context that level restricted asks for",
    ),
    "a claim without any class": (
        thing("PersistentVolumeClaim", "c", status={"phase": "Pending"}),
        None,
        "names no StorageClass, and the cluster has no default one",
        "name one (there are: none), or mark one as the default",
    ),
    "an autoscaler": (
        thing(
            "HorizontalPodAutoscaler",
            "h",
            status={
                "conditions": [condition("ScalingActive", "False", "F", "unable to get metrics")]
            },
        ),
        None,
        "cannot scale: F: unable to get metrics",
        "install metrics-server, or see why it does not answer",
    ),
    "a finalizer": (
        thing("ConfigMap", "m", deletionTimestamp="2026-01-01T11:00:00Z", finalizers=["a/b"]),
        None,
        "is being deleted and waits for a/b",
        "see why whoever set the finalizer does not take it off; it may not be running",
    ),
    "a Job": (
        thing("Job", "x", status={"conditions": [condition("Failed", "True", "Late", "l")]}),
        None,
        "has failed: Late: l",
        "",
    ),
}


@pytest.mark.parametrize(("about", "event", "said", "remedy"), CASES.values(), ids=CASES)
def test_causes(about, event, said, remedy):
    """What an object shows, or what happened to it, in a sentence with the obvious remedy."""
    evidence = warning(about, *event) if event else Evidence(classes={})

    (cause,) = causes(tree(about), evidence)

    assert (said, remedy) == (cause.text, cause.remedy)


def test_a_pod_that_only_starts_is_no_cause():
    """Nothing is wrong with it yet."""
    about = pod(phase="Pending", containers=[waiting("ContainerCreating")])

    assert [] == causes(tree(about), Evidence())
