"""Our answers to the cases that the oracle is asked."""

from collections.abc import Mapping
from typing import Any, Final

import attrs
from msgspec import UNSET, UnsetType

from informers.meta.codec import convert
from reconcilers.vertice.api.behavior import Behavior
from reconcilers.vertice.scaler import settings
from reconcilers.vertice.scaler.decision import Situation, decide, remembered, spans
from reconcilers.vertice.scaler.groups import Patience, PodFacts, Sample, grouped
from reconcilers.vertice.scaler.history import Past
from reconcilers.vertice.scaler.memory import Memories
from reconcilers.vertice.scaler.proposals import (
    NoProposal,
    Proposal,
    Tolerance,
    by_average,
    by_utilization,
    by_value,
    by_value_per_pod,
)
from reconcilers.vertice.scaler.schedule import limits
from reconcilers.vertice.scaler.votes import Absence, Heard, Memory, Vote, vote

DEFAULT_TOLERANCE: Final = Tolerance()
FAILED: Final = "failed"


def decided(case: Mapping[str, Any]) -> Proposal | None:
    """Return what one metric asks for, None if it says nothing."""
    try:
        return _decided(case)
    except NoProposal:
        return None


def _decided(case: Mapping[str, Any]) -> Proposal:
    kind, target = case["kind"], case["target"]
    tolerance = Tolerance(down=case["down"], up=case["up"])
    if kind.endswith("-average"):
        return by_value_per_pod(case["shown"], target, case["value"], tolerance=tolerance)
    pods = [_pod(each) for each in case["pods"]]
    if kind in {"object", "external"}:
        return _by_value(case, pods, tolerance)
    if not pods:
        raise NoProposal("it has no pods")
    samples = {name: Sample(**each) for name, each in case["samples"].items()}
    is_cpu = kind != "pods" and case["resource"] == "cpu"
    groups = grouped(pods, samples, is_cpu=is_cpu, now=case["now"], patience=Patience())
    if kind != "utilization":
        return by_average(case["current"], target, samples, groups=groups, tolerance=tolerance)
    requests = {each["name"]: each["request"] for each in case["pods"]}
    if None in requests.values():
        raise NoProposal("a pod asks for nothing")
    return by_utilization(
        case["current"], target, samples, requests=requests, groups=groups, tolerance=tolerance
    )


def _by_value(case: Mapping[str, Any], pods: list[PodFacts], tolerance: Tolerance) -> Proposal:
    ready = sum(each.is_serving for each in pods)
    found = by_value(
        case["current"], case["target"], case["value"], ready=ready, tolerance=tolerance
    )
    if not pods and case["current"] and not tolerance.holds(found.ratio):
        raise NoProposal("it has no pods")
    return found


def _pod(each: Mapping[str, Any]) -> PodFacts:
    return PodFacts(
        name=each["name"],
        phase=each["phase"],
        is_deleting=each["deleting"],
        ready=each["ready"],
        ready_at=each["readyAt"],
        started_at=each["started"],
    )


def played(case: Mapping[str, Any]) -> tuple[list[int], list[bool]]:
    """Return how many pods there are after each pass, and which passes failed.

    What is played is what a reconciler does: a first look, then decisions and what is remembered.
    """
    current, past = case["start"], None
    replicas, failed = list[int](), list[bool]()
    for each in case["passes"]:
        current = current if each["spec"] is None else each["spec"]
        situation = _situation(case, each, current)
        if past is None:
            memories = Memories().resumed(current, None, spans=spans(situation), now=each["now"])
            past = memories.past
        situation = attrs.evolve(situation, past=past)
        decision = decide(situation)
        past = remembered(situation, decision)
        is_asked = current and case["min"] <= current <= case["max"]
        failed.append(bool(is_asked and None in each["values"]))
        current = decision.replicas
        replicas.append(current)
    return replicas, failed


def _situation(case: Mapping[str, Any], each: Mapping[str, Any], current: int) -> Situation:
    return Situation(
        current=current,
        ready=each["ready"],
        limits=limits(case["min"], case["max"], None),
        votes=tuple(
            _vote(current, target, value, each["ready"])
            for target, value in zip(case["targets"], each["values"], strict=True)
        ),
        behaviour=settings.behaviour(_behavior(case)),
        past=Past(),
        now=each["now"],
    )


def _vote(current: int, target: int, value: int | None, ready: int) -> Vote:
    """Return what one metric says; a value that is None could not be read."""
    if value is None:
        heard = Heard(name="", error=FAILED)
    else:
        found = by_value(current, target, value, ready=ready, tolerance=DEFAULT_TOLERANCE)
        heard = Heard(name="", replicas=found.replicas, ratio=found.ratio)
    return vote(heard, Absence(), Memory(), now=0, window=0)


def _behavior(case: Mapping[str, Any]) -> Behavior | UnsetType:
    """Return the behaviour as a spec has it; nulls are what is not given."""
    if not case["behaviour"]:
        return UNSET
    rules = {"scaleUp": _rules(case["up"]), "scaleDown": _rules(case["down"])}
    return convert(rules, Behavior)


def _rules(given: Mapping[str, Any] | None) -> dict[str, Any]:
    named = {"window": "stabilizationWindow", "select": "selectPolicy", "policies": "policies"}
    return {named[key]: value for key, value in (given or {}).items() if value is not None}
