"""Objects as a server would send them, for the command line to read."""

import datetime as dt

from controller.cli.causes import Evidence
from controller.cli.paint import Brush
from controller.cli.story import tell
from controller.cli.thing import Thing
from controller.cli.tree import grow
from controller.cli.verbs.why import narrated
from informers.meta.codec import encode
from informers.meta.kinds import Kind
from informers.snapshot import seal

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
KINDS = {
    "ConfigMap": Kind("", "v1", "ConfigMap", "configmaps"),
    "CronJob": Kind("batch", "v1", "CronJob", "cronjobs"),
    "DaemonSet": Kind("apps", "v1", "DaemonSet", "daemonsets"),
    "Deployment": Kind("apps", "v1", "Deployment", "deployments"),
    "EndpointSlice": Kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"),
    "HorizontalPodAutoscaler": Kind(
        "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"
    ),
    "Job": Kind("batch", "v1", "Job", "jobs"),
    "Namespace": Kind("", "v1", "Namespace", "namespaces", namespaced=False),
    "VerticeScaler": Kind("vertice.io", "v1alpha1", "VerticeScaler", "verticescalers"),
    "PeninOmegaCluster": Kind("penin.ai", "v1alpha1", "PeninOmegaCluster", "peninaomegaclusters"),
    "PeninExperiment": Kind("penin.ai", "v1alpha1", "PeninExperiment", "peninexperiments"),
    "PeninProposal": Kind("penin.ai", "v1alpha1", "PeninProposal", "peninproposals"),
    "PersistentVolumeClaim": Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    "Pod": Kind("", "v1", "Pod", "pods"),
    "PodDisruptionBudget": Kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
    "ReplicaSet": Kind("apps", "v1", "ReplicaSet", "replicasets"),
    "Service": Kind("", "v1", "Service", "services"),
    "StatefulSet": Kind("apps", "v1", "StatefulSet", "statefulsets"),
}


def stamp(seconds):
    """Return the time so many seconds ago, as objects have it."""
    return (NOW - dt.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def body(kind, name, *, owner=None, spec=None, status=None, **metadata):
    """Return an object that is a minute old; its uid is its kind and name."""
    meta = {
        "name": name,
        "namespace": "default",
        "uid": f"{kind}/{name}",
        "creationTimestamp": stamp(60),
        **metadata,
    }
    if owner:
        kind_of_owner, _, name_of_owner = owner.partition("/")
        meta["ownerReferences"] = [
            {
                "apiVersion": KINDS[kind_of_owner].api_version,
                "kind": kind_of_owner,
                "name": name_of_owner,
                "uid": owner,
                "controller": True,
            }
        ]
    return {"metadata": meta, "spec": spec or {}, "status": status or {}}


def thing(kind, name="x", **fields):
    """Return an object as it was read."""
    return Thing(kind=KINDS[kind], body=body(kind, name, **fields))


def tree(root, *below):
    """Return the tree of the first object, out of all that were listed beside it."""
    listed = {}
    for each in below:
        listed.setdefault(each.kind, []).append(seal(encode(each.body)))
    return grow(root, listed)


def condition(kind, status, reason="", message="", *, seconds=30):
    """Return a condition that is so for half a minute."""
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": stamp(seconds),
    }


def spoken(phase, reason, kind, status, *, message="m"):
    """Return the status of what is never Ready: a phase, and a condition that it is over."""
    said = [condition(kind, status, reason, message)]
    return {"phase": phase, "reason": reason, "message": message, "conditions": said}


def waiting(reason, message="", *, name="c", restarts=0, last=None, image="img:1"):
    """Return the status of a container that waits."""
    status = {
        "name": name,
        "image": image,
        "ready": False,
        "restartCount": restarts,
        "state": {"waiting": {"reason": reason, "message": message}},
    }
    return status | ({"lastState": {"terminated": last}} if last else {})


def pod(name="p", *, owner=None, phase="Running", containers=(), conditions=(), spec=None):
    """Return a pod; without more it is ready."""
    said = conditions or [condition("Ready", "True" if not containers else "False")]
    running = [{"name": "c", "ready": True, "state": {"running": {}}}]
    return thing(
        "Pod",
        name,
        owner=owner,
        spec={"containers": [{"name": "c", "image": "img:1"}], **(spec or {})},
        status={
            "phase": phase,
            "conditions": list(said),
            "containerStatuses": list(containers) or (running if phase == "Running" else []),
        },
    )


def unschedulable(name="p", *, message="0/1 nodes are available: 1 Insufficient cpu.", **more):
    """Return a pod for which there is no node."""
    said = [condition("PodScheduled", "False", "Unschedulable", message)]
    return pod(name, phase="Pending", conditions=said, **more)


def printed(root, *below, evidence=None):
    """Return a story as text."""
    story = tell(tree(root, *below), evidence or Evidence(), now=NOW)
    return "\n".join(narrated(story, Brush(is_on=False)))
