"""Readiness of what makes pods: Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs."""

from typing import Final

from controller.cli.reading import fields, flag, number
from controller.cli.seen import Readiness, current, failed, in_progress, pods_are
from controller.cli.thing import Thing

PODS_NOT_READY: Final = "PodsNotReady"


def deployment(thing: Thing) -> Readiness:
    """Read a Deployment: rolled out, and all pods of the newest template available."""
    wanted = number(thing.body, "spec", "replicas", default=1)
    status = thing.body.get("status")
    ready = number(status, "readyReplicas")
    shown = f"{ready}/{wanted}"
    progressing = thing.condition("Progressing")
    if progressing and progressing.reason == "ProgressDeadlineExceeded":
        return failed(shown, reason=progressing.reason, message=progressing.message)
    if refused := _refused(thing, shown):
        return refused
    updated = number(status, "updatedReplicas")
    if updated < wanted:
        message = f"{updated} of {wanted} pods have the newest template"
        return in_progress(shown, reason="RollingOut", message=message)
    if (old := number(status, "replicas") - updated) > 0:
        message = f"{pods_are(old)} still there of an older template"
        return in_progress(shown, reason="RollingOut", message=message)
    if number(status, "availableReplicas") < wanted or ready < wanted:
        return in_progress(shown, reason=PODS_NOT_READY, message=_short_of(ready, wanted))
    return current(shown)


def replica_set(thing: Thing) -> Readiness:
    """Read a ReplicaSet: all its pods available."""
    wanted = number(thing.body, "spec", "replicas", default=1)
    ready = number(thing.body, "status", "readyReplicas")
    available = number(thing.body, "status", "availableReplicas")
    shown = f"{ready}/{wanted}"
    if refused := _refused(thing, shown):
        return refused
    if min(ready, available) < wanted:
        return in_progress(shown, reason=PODS_NOT_READY, message=_short_of(ready, wanted))
    return current(shown)


def stateful_set(thing: Thing) -> Readiness:
    """Read a StatefulSet: all pods ready, and of the newest revision as far as it rolls them."""
    wanted = number(thing.body, "spec", "replicas", default=1)
    status = thing.body.get("status")
    ready = number(status, "readyReplicas")
    shown = f"{ready}/{wanted}"
    if ready < wanted:
        return in_progress(shown, reason=PODS_NOT_READY, message=_short_of(ready, wanted))
    strategy = fields(thing.body, "spec", "updateStrategy")
    partition = number(strategy, "rollingUpdate", "partition")
    is_manual = strategy.get("type") == "OnDelete"
    updated = number(status, "updatedReplicas")
    if not is_manual and updated < wanted - partition:
        message = f"{updated} of {wanted - partition} pods have the newest template"
        return in_progress(shown, reason="RollingOut", message=message)
    return current(shown)


def daemon_set(thing: Thing) -> Readiness:
    """Read a DaemonSet: a ready pod of the newest template on every node that is to have one."""
    status = thing.body.get("status")
    wanted = number(status, "desiredNumberScheduled")
    ready = number(status, "numberReady")
    shown = f"{ready}/{wanted}"
    if ready < wanted:
        return in_progress(shown, reason=PODS_NOT_READY, message=_short_of(ready, wanted))
    updated = number(status, "updatedNumberScheduled")
    strategy = fields(thing.body, "spec", "updateStrategy")
    if strategy.get("type") != "OnDelete" and updated < wanted:
        message = f"{updated} of {wanted} pods have the newest template"
        return in_progress(shown, reason="RollingOut", message=message)
    return current(shown)


def job(thing: Thing) -> Readiness:
    """Read a Job: it has completed; one that runs is in progress."""
    wanted = number(thing.body, "spec", "completions", default=1)
    shown = f"{number(thing.body, 'status', 'succeeded')}/{wanted}"
    if thing.is_said("Complete"):
        return current(shown, reason="Complete")
    fault = thing.condition("Failed")
    if fault and fault.status == "True":
        return failed(shown, reason=fault.reason, message=fault.message)
    if flag(thing.body, "spec", "suspend"):
        return in_progress(shown, reason="Suspended", message="spec.suspend is true")
    active = number(thing.body, "status", "active")
    return in_progress(shown, reason="Running", message=f"{pods_are(active)} at work")


def _refused(thing: Thing, shown: str) -> Readiness | None:
    """Return that pods could not be created, if the controller says so."""
    fault = thing.condition("ReplicaFailure")
    if fault is None or fault.status != "True":
        return None
    return failed(shown, reason=fault.reason, message=fault.message)


def _short_of(ready: int, wanted: int) -> str:
    return f"{ready} of {wanted} pods are ready"
