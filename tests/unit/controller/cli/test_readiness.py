"""How objects are doing, kind by kind."""

import pytest

from controller.cli.others import service
from controller.cli.readiness import readiness
from informers.meta.kstatus import Health
from tests.unit.controller.cli.made import (
    condition,
    pod,
    spoken,
    thing,
    unschedulable,
    waiting,
)

CASES = {
    "a Deployment that is rolled out": (
        thing(
            "Deployment",
            spec={"replicas": 2},
            status={
                "replicas": 2,
                "updatedReplicas": 2,
                "readyReplicas": 2,
                "availableReplicas": 2,
            },
        ),
        ("Current", "2/2", ""),
    ),
    "a Deployment scaled to nothing": (
        thing("Deployment", spec={"replicas": 0}),
        ("Current", "0/0", ""),
    ),
    "a Deployment with pods of the old template": (
        thing(
            "Deployment",
            spec={"replicas": 1},
            status={
                "replicas": 2,
                "updatedReplicas": 1,
                "readyReplicas": 1,
                "availableReplicas": 1,
            },
        ),
        ("InProgress", "1/1", "RollingOut"),
    ),
    "a Deployment that has only begun": (
        thing("Deployment", spec={"replicas": 3}, status={"updatedReplicas": 1}),
        ("InProgress", "0/3", "RollingOut"),
    ),
    "a Deployment whose pods do not become ready": (
        thing("Deployment", status={"replicas": 1, "updatedReplicas": 1}),
        ("InProgress", "0/1", "PodsNotReady"),
    ),
    "a Deployment that gave up": (
        thing(
            "Deployment",
            status={"conditions": [condition("Progressing", "False", "ProgressDeadlineExceeded")]},
        ),
        ("Failed", "0/1", "ProgressDeadlineExceeded"),
    ),
    "a Deployment that may not create pods": (
        thing(
            "Deployment",
            status={"conditions": [condition("ReplicaFailure", "True", "FailedCreate", "no")]},
        ),
        ("Failed", "0/1", "FailedCreate"),
    ),
    "a ReplicaSet short of pods": (
        thing("ReplicaSet", spec={"replicas": 2}, status={"readyReplicas": 1}),
        ("InProgress", "1/2", "PodsNotReady"),
    ),
    "a StatefulSet that rolls": (
        thing(
            "StatefulSet", spec={"replicas": 2}, status={"readyReplicas": 2, "updatedReplicas": 1}
        ),
        ("InProgress", "2/2", "RollingOut"),
    ),
    "a StatefulSet that is to keep its old pods": (
        thing(
            "StatefulSet",
            spec={"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
            status={"readyReplicas": 2, "updatedReplicas": 0},
        ),
        ("Current", "2/2", ""),
    ),
    "a StatefulSet rolled by hand": (
        thing(
            "StatefulSet",
            spec={"replicas": 1, "updateStrategy": {"type": "OnDelete"}},
            status={"readyReplicas": 1},
        ),
        ("Current", "1/1", ""),
    ),
    "a DaemonSet without a node": (thing("DaemonSet"), ("Current", "0/0", "")),
    "a DaemonSet short of pods": (
        thing("DaemonSet", status={"desiredNumberScheduled": 3, "numberReady": 2}),
        ("InProgress", "2/3", "PodsNotReady"),
    ),
    "a Job at work": (thing("Job", status={"active": 1}), ("InProgress", "0/1", "Running")),
    "a Job that is done": (
        thing("Job", status={"succeeded": 1, "conditions": [condition("Complete", "True")]}),
        ("Current", "1/1", "Complete"),
    ),
    "a Job that failed": (
        thing("Job", status={"conditions": [condition("Failed", "True", "BackoffLimitExceeded")]}),
        ("Failed", "0/1", "BackoffLimitExceeded"),
    ),
    "a Job that is suspended": (
        thing("Job", spec={"suspend": True}),
        ("InProgress", "0/1", "Suspended"),
    ),
    "a CronJob": (thing("CronJob"), ("Current", "", "")),
    "a claim that is bound": (
        thing("PersistentVolumeClaim", status={"phase": "Bound"}),
        ("Current", "Bound", ""),
    ),
    "a claim that waits": (
        thing("PersistentVolumeClaim", status={"phase": "Pending"}),
        ("InProgress", "Pending", "Pending"),
    ),
    "a claim without its volume": (
        thing("PersistentVolumeClaim", status={"phase": "Lost"}),
        ("Failed", "Lost", "Lost"),
    ),
    "a load balancer without an address": (
        thing("Service", spec={"type": "LoadBalancer"}),
        ("InProgress", "", "NoAddress"),
    ),
    "an autoscaler without metrics": (
        thing(
            "HorizontalPodAutoscaler",
            spec={"maxReplicas": 5},
            status={"conditions": [condition("ScalingActive", "False", "FailedGetResourceMetric")]},
        ),
        ("InProgress", "0 (1-5)", "FailedGetResourceMetric"),
    ),
    "an autoscaler of something scaled to nothing": (
        thing(
            "HorizontalPodAutoscaler",
            spec={"maxReplicas": 5},
            status={"conditions": [condition("ScalingActive", "False", "ScalingDisabled")]},
        ),
        ("Current", "0 (1-5)", ""),
    ),
    "a budget that is broken": (
        thing("PodDisruptionBudget", status={"currentHealthy": 1, "desiredHealthy": 2}),
        ("InProgress", "1/2", "InsufficientPods"),
    ),
    "a pod that is ready": (pod(), ("Current", "1/1", "")),
    "a pod that is done": (pod(phase="Succeeded"), ("Current", "0/1", "Completed")),
    "a pod without a node": (unschedulable(), ("Failed", "0/1", "Unschedulable")),
    "a pod that is being made": (
        pod(phase="Pending", containers=[waiting("ContainerCreating")]),
        ("InProgress", "0/1", "ContainerCreating"),
    ),
    "a pod without its image": (
        pod(phase="Pending", containers=[waiting("ImagePullBackOff")]),
        ("Failed", "0/1", "ImagePullBackOff"),
    ),
    "a pod that failed": (
        pod(phase="Failed", containers=[waiting("", last={"exitCode": 1, "reason": "Error"})]),
        ("Failed", "0/1", "Error"),
    ),
    "anything that says Ready": (
        thing("PeninOmegaCluster", status={"conditions": [condition("Ready", "True")]}),
        ("Current", "True", ""),
    ),
    "anything that says it is not": (
        thing(
            "PeninOmegaCluster", status={"conditions": [condition("Ready", "False", "Slow", "s")]}
        ),
        ("InProgress", "False", "Slow"),
    ),
    "anything that says it failed": (
        thing(
            "PeninOmegaCluster",
            status={"phase": "Failed", "conditions": [condition("Ready", "False", "Stuck", "s")]},
        ),
        ("Failed", "False", "Stuck"),
    ),
    "anything that is stalled": (
        thing(
            "PeninOmegaCluster",
            status={
                "conditions": [
                    condition("Ready", "False", "No", "n"),
                    condition("Stalled", "True", "No", "n"),
                ]
            },
        ),
        ("Failed", "False", "No"),
    ),
    "anything whose change nobody has seen": (
        thing("PeninOmegaCluster", generation=2, status={"observedGeneration": 1}),
        ("InProgress", "", "NotObserved"),
    ),
    "anything whose change waits for the end of a pause": (
        thing(
            "PeninOmegaCluster",
            generation=2,
            annotations={"pentad.dev/paused": "true"},
            status={"observedGeneration": 1, "conditions": [condition("Paused", "True")]},
        ),
        ("InProgress", "", "Paused"),
    ),
    "anything that goes": (
        thing("ConfigMap", deletionTimestamp="2026-01-01T11:59:00Z", finalizers=["a/b"]),
        ("Terminating", "", "Terminating"),
    ),
    "a phase that is not over": (
        thing("PeninProposal", status=spoken("Applied", "Soaking", "Finished", "False")),
        ("InProgress", "", "Soaking"),
    ),
    "a phase that waits": (
        thing("PeninExperiment", status={"phase": "Pending", "reason": "OutsideTheCluster"}),
        ("InProgress", "", "OutsideTheCluster"),
    ),
    "a phase that is bad news": (
        thing("PeninProposal", status=spoken("Rejected", "Frozen", "Finished", "True")),
        ("Failed", "", "Frozen"),
    ),
    "a phase that is over": (
        thing("PeninProposal", status=spoken("Kept", "GuardsHeld", "Finished", "True")),
        ("Current", "", "GuardsHeld"),
    ),
    "what has nothing to wait for": (thing("ConfigMap"), ("Current", "", "")),
    "a status of an odd shape": (
        thing("PeninOmegaCluster", status={"phase": ["x"], "conditions": [7, {"type": 1}]}),
        ("Current", "", ""),
    ),
}


@pytest.mark.parametrize(("found", "expected"), CASES.values(), ids=CASES)
def test_readiness(found, expected):
    """Each kind is read by its own signs, others by their conditions."""
    seen = readiness(found)

    assert expected == (seen.health.value, seen.ready, seen.reason)


@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [
        ([{"conditions": {"ready": True}}, {"conditions": {"ready": False}}], "1/2"),
        ([{}], "1/1"),
        ([{"conditions": {"ready": False}}], "0/1"),
        ([], "0/0"),
    ],
)
def test_a_service_is_ready_with_its_first_endpoint(endpoints, expected):
    """One that is not said to be unready counts as ready, as the API has it."""
    slices = [thing("EndpointSlice", endpoints=None)]
    slices[0].body["endpoints"] = endpoints

    seen = service(thing("Service", spec={"selector": {"a": "b"}}), slices)

    assert (expected, not expected.startswith("0")) == (seen.ready, seen.is_ready)


def test_a_service_without_a_selector_has_nothing_to_wait_for():
    """Its endpoints are somebody else's affair."""
    assert Health.CURRENT is service(thing("Service"), []).health
