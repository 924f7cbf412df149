"""Readiness of what serves pods: claims, Services, autoscalers, budgets, CronJobs."""

from collections.abc import Iterable

from controller.cli.reading import at, fields, flag, listed, number, text
from controller.cli.seen import Readiness, current, failed, in_progress, pods_are
from controller.cli.thing import Thing


def claim(thing: Thing) -> Readiness:
    """Read a PersistentVolumeClaim: bound."""
    if thing.phase == "Bound":
        return current("Bound")
    if thing.phase == "Lost":
        return failed("Lost", reason="Lost", message="its volume is gone")
    return in_progress(thing.phase, reason=thing.phase or "Pending", message="it has no volume yet")


def service(thing: Thing, slices: Iterable[Thing] | None = None) -> Readiness:
    """Read a Service: an address if it asked for one, endpoints if it selects any.

    Its endpoints are in EndpointSlices, which not everybody may list.
    """
    if text(thing.body, "spec", "type") == "LoadBalancer" and not listed(
        thing.body, "status", "loadBalancer", "ingress"
    ):
        return in_progress(reason="NoAddress", message="the load balancer has no address yet")
    if slices is None or not fields(thing.body, "spec", "selector"):
        return current()
    counted = [endpoints_of(each) for each in slices]
    ready, total = sum(each[0] for each in counted), sum(each[1] for each in counted)
    if not ready:
        message = f"{pods_are(total)} selected, none is ready" if total else "it selects no pod"
        return in_progress(f"{ready}/{total}", reason="NoEndpoints", message=message)
    return current(f"{ready}/{total}")


def endpoints(thing: Thing) -> Readiness:
    """Read an EndpointSlice, which is what it is: how many of its endpoints are ready."""
    ready, total = endpoints_of(thing)
    return current(f"{ready}/{total}")


def endpoints_of(slice_: Thing) -> tuple[int, int]:
    """Return how many endpoints of an EndpointSlice are ready, and how many there are."""
    found = listed(slice_.body, "endpoints")
    # Ready is true unless it is said to be false, as the API has it.
    return sum(at(each, "conditions", "ready") is not False for each in found), len(found)


def namespace(thing: Thing) -> Readiness:
    """Read a Namespace: active."""
    return current(thing.phase) if thing.phase == "Active" else in_progress(thing.phase)


def cron_job(thing: Thing) -> Readiness:
    """Read a CronJob: it starts Jobs, unless it is suspended."""
    return current(reason="Suspended" if flag(thing.body, "spec", "suspend") else "")


def autoscaler(thing: Thing) -> Readiness:
    """Read a HorizontalPodAutoscaler: it can read its metrics and set the replicas."""
    now = number(thing.body, "status", "currentReplicas")
    least = number(thing.body, "spec", "minReplicas", default=1)
    shown = f"{now} ({least}-{number(thing.body, 'spec', 'maxReplicas')})"
    for kind in ("AbleToScale", "ScalingActive"):
        said = thing.condition(kind)
        if said and said.status == "False" and said.reason != "ScalingDisabled":
            return in_progress(shown, reason=said.reason, message=said.message)
    return current(shown)


def budget(thing: Thing) -> Readiness:
    """Read a PodDisruptionBudget: as many pods are healthy as it wants."""
    healthy = number(thing.body, "status", "currentHealthy")
    wanted = number(thing.body, "status", "desiredHealthy")
    if healthy < wanted:
        message = f"{healthy} of {wanted} pods are healthy"
        return in_progress(f"{healthy}/{wanted}", reason="InsufficientPods", message=message)
    return current(f"{healthy}/{wanted}")
