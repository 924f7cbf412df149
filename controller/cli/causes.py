"""Why one object is not ready, as far as it and what happened to it tell: pure functions.

A cause is something that explains itself: an image that cannot be pulled, a quota that is used up.
That a Deployment has too few pods is none, since there is a reason below it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from controller.cli.notes import Note
from controller.cli.pods import times, troubles
from controller.cli.reading import at, listed, text
from controller.cli.remedies import remedy_for
from controller.cli.thing import Thing
from controller.cli.tree import Node

_REFUSALS: Final = frozenset(
    {"FailedCreate", "FailedDelete", "ProvisioningFailed", "FailedBinding"}
)
_HINDRANCES: Final = frozenset(
    {"FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "NetworkNotReady"}
)
_WAITS_FOR_POD: Final = "WaitForFirstConsumer"
_NAMES: Final = re.compile(
    r"^create Pod \S+ in StatefulSet \S+ failed error: |^Error creating: |"
    r'pods "[^"]+" is forbidden: '
)


@attrs.frozen(kw_only=True)
class Cause:
    """What is wrong, and what mends it.

    It may be wrong with something that the object uses and does not own (`about`), and what is
    wrong with the object itself may only follow from that.
    """

    text: str
    remedy: str = ""
    about: Thing | None = None
    follows: bool = False


@attrs.frozen(kw_only=True)
class Evidence:
    """What is known beside the tree.

    `classes` maps StorageClasses to how they bind; None if they may not be listed.
    """

    notes: Mapping[str, Sequence[Note]] = attrs.field(factory=dict)
    claims: Mapping[str, Thing] = attrs.field(factory=dict)
    classes: Mapping[str, str] | None = None
    default_class: str = ""

    def warnings(self, thing: Thing, reasons: frozenset[str]) -> list[Note]:
        """Return the latest warning of each of these reasons, the latest first."""
        found = {each.reason: each for each in self.notes.get(thing.uid, ())}
        kept = [each for each in found.values() if each.reason in reasons]
        return [each for each in reversed(kept) if each.type == "Warning"]


def causes(node: Node, evidence: Evidence) -> list[Cause]:
    """Return the causes that an object itself shows; none if they have to be sought below it."""
    thing = node.thing
    if thing.deleting_since is not None:
        return list(_of_deletion(thing))
    reader = _READERS.get((thing.kind.group, thing.kind.kind))
    found = list(reader(thing, evidence)) if reader else []
    found += _of_refusals(thing, evidence)
    return list(dict.fromkeys(found))


def _of_pod(pod: Thing, evidence: Evidence) -> Iterator[Cause]:
    found = [Cause(text=each.text, remedy=each.remedy) for each in troubles(pod)]
    yield from found
    yield from _of_scheduling(pod, evidence)
    if found:
        return
    for note in evidence.warnings(pod, _HINDRANCES):
        yield Cause(text=f"cannot start: {note.message}", remedy=remedy_for(note.message))
    if pod.phase == "Running":
        yield from _of_probes(pod, evidence)
    if pod.phase == "Failed":
        said = text(pod.body, "status", "message") or text(pod.body, "status", "reason")
        yield Cause(text=f"has failed{f': {said}' if said else ''}")


def _of_scheduling(pod: Thing, evidence: Evidence) -> Iterator[Cause]:
    scheduled = pod.condition("PodScheduled")
    if scheduled is None or scheduled.status != "False":
        return
    if scheduled.reason == "SchedulingGated":
        gates = [text(each, "name") for each in listed(pod.body, "spec", "schedulingGates")]
        yield Cause(text=f"is held back by scheduling gates: {', '.join(gates)}")
        return
    waiting = list(_of_claims(pod, evidence))
    yield from waiting
    yield Cause(
        text=f"has no node: {scheduled.message or scheduled.reason}",
        remedy="" if waiting else remedy_for(scheduled.message),
        follows=bool(waiting),
    )


def _of_probes(pod: Thing, evidence: Evidence) -> Iterator[Cause]:
    for note in evidence.warnings(pod, frozenset({"Unhealthy"})):
        yield Cause(text=f"runs, but is not ready: {note.message} ({times(note.count)})")
        return
    ready = pod.condition("Ready")
    gates = {text(each, "conditionType") for each in listed(pod.body, "spec", "readinessGates")}
    open_ = sorted(each for each in gates if not pod.is_said(each))
    if open_:
        yield Cause(text=f"runs, but its readiness gates are not true: {', '.join(open_)}")
    elif ready and ready.message:
        yield Cause(
            text=f"runs, but is not ready: {ready.message}",
            remedy="see what its readiness probe asks, and its logs",
        )


def _of_claims(pod: Thing, evidence: Evidence) -> Iterator[Cause]:
    """Return why claims of a pod that has no node are not bound; the pod does not own them."""
    for volume in listed(pod.body, "spec", "volumes"):
        name = text(volume, "persistentVolumeClaim", "claimName")
        claim = evidence.claims.get(name)
        if claim is not None and claim.phase == "Pending":
            yield from (attrs.evolve(each, about=claim) for each in _of_claim(claim, evidence))


def _of_claim(claim: Thing, evidence: Evidence) -> Iterator[Cause]:
    asked = at(claim.body, "spec", "storageClassName")
    classes = evidence.classes
    if classes is None or claim.phase != "Pending" or asked == "":
        return
    name = asked if isinstance(asked, str) else evidence.default_class
    there = ", ".join(sorted(classes)) or "none"
    if not name:
        yield Cause(
            text="names no StorageClass, and the cluster has no default one",
            remedy=f"name one (there are: {there}), or mark one as the default",
        )
    elif name not in classes:
        yield Cause(
            text=f"asks for StorageClass {name}, which does not exist",
            remedy=f"create it, or name another (there are: {there})",
        )
    elif classes[name] == _WAITS_FOR_POD:
        yield Cause(text=f"is bound once a pod uses it (StorageClass {name})")


def _of_autoscaler(thing: Thing, _: Evidence) -> Iterator[Cause]:
    for kind in ("AbleToScale", "ScalingActive"):
        said = thing.condition(kind)
        if said and said.status == "False" and said.reason != "ScalingDisabled":
            yield Cause(text=f"cannot scale: {said.why}", remedy=remedy_for(said.message))


def _of_job(thing: Thing, _: Evidence) -> Iterator[Cause]:
    fault = thing.condition("Failed")
    if fault and fault.status == "True":
        yield Cause(text=f"has failed: {fault.why}")


def _of_deletion(thing: Thing) -> Iterator[Cause]:
    held = ", ".join(thing.finalizers)
    if held:
        yield Cause(
            text=f"is being deleted and waits for {held}",
            remedy="see why whoever set the finalizer does not take it off; it may not be running",
        )
    else:
        yield Cause(text="is being deleted")


def _of_refusals(thing: Thing, evidence: Evidence) -> Iterator[Cause]:
    """Return what the API server or a provisioner refused to make for it."""
    fault = thing.condition("ReplicaFailure")
    if fault and fault.status == "True":
        message = fault.message
        yield Cause(text=f"cannot create pods: {_bare(message)}", remedy=remedy_for(message))
        return
    for note in evidence.warnings(thing, _REFUSALS):
        what = "cannot create pods" if note.reason == "FailedCreate" else note.reason
        yield Cause(text=f"{what}: {_bare(note.message)}", remedy=remedy_for(note.message))
        return


def _bare(message: str) -> str:
    """Return a refusal without the pod's name, which nobody will ever see again."""
    return _NAMES.sub("", message)


_READERS: Final[Mapping[tuple[str, str], Callable[[Thing, Evidence], Iterator[Cause]]]] = {
    ("", "Pod"): _of_pod,
    ("", "PersistentVolumeClaim"): _of_claim,
    ("autoscaling", "HorizontalPodAutoscaler"): _of_autoscaler,
    ("batch", "Job"): _of_job,
}
