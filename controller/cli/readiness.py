"""Whether an object is ready, of whatever kind: a pure function of the object.

Built-in kinds are read as kstatus reads them (`workloads`, `pods`, `others`), everything else by
its conditions, or by its phase (`outcomes`). Kinds that have nothing to wait for, such as a
ConfigMap, are Current.
"""

from collections.abc import Callable, Mapping
from typing import Final

from controller.cli import others, pods, workloads
from controller.cli.outcomes import outcome
from controller.cli.seen import Readiness
from controller.cli.thing import Thing
from informers.meta.kstatus import READY, Health, summarize

_FAILED: Final = "Failed"
Reader = Callable[[Thing], Readiness]

READERS: Final[Mapping[tuple[str, str], Reader]] = {
    ("", "Pod"): pods.read,
    ("", "PersistentVolumeClaim"): others.claim,
    ("", "Service"): others.service,
    ("", "Namespace"): others.namespace,
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("batch", "Job"): workloads.job,
    ("batch", "CronJob"): others.cron_job,
    ("autoscaling", "HorizontalPodAutoscaler"): others.autoscaler,
    ("policy", "PodDisruptionBudget"): others.budget,
    ("discovery.k8s.io", "EndpointSlice"): others.endpoints,
}


def readiness(thing: Thing) -> Readiness:
    """Return how an object is doing."""
    if thing.deleting_since is not None:
        return Readiness(Health.TERMINATING, reason="Terminating", message=_what_holds(thing))
    if thing.is_held:
        message = (
            f"generation {thing.generation} waits for the end of the pause, "
            f"the status speaks of {thing.observed_generation}"
        )
        return Readiness(Health.IN_PROGRESS, reason="Paused", message=message)
    if thing.is_unseen:
        message = (
            f"generation {thing.generation} has not been seen yet, "
            f"the status speaks of {thing.observed_generation}"
        )
        return Readiness(Health.IN_PROGRESS, reason="NotObserved", message=message)
    reader = READERS.get((thing.kind.group, thing.kind.kind), generic)
    return reader(thing)


def generic(thing: Thing) -> Readiness:
    """Read conditions, as every tool does that does not know a kind; without Ready, the phase."""
    conditions = thing.conditions
    summary = summarize(
        conditions, generation=thing.generation, observed_generation=thing.generation
    )
    ready = thing.condition(READY)
    shown = ready.status if ready else ""
    if summary.health is Health.CURRENT:
        found = None if ready else outcome(thing)
        return found or Readiness(Health.CURRENT, ready=shown)
    health = Health.FAILED if thing.phase == _FAILED else summary.health
    speaker = next((each for each in conditions if each.message == summary.message), ready)
    reason = ready.reason if ready and ready.reason else speaker.reason if speaker else ""
    return Readiness(health, ready=shown, reason=reason, message=summary.message)


def _what_holds(thing: Thing) -> str:
    held = ", ".join(thing.finalizers)
    return f"waits for {held}" if held else "is being deleted"
