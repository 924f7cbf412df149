"""Our answers to the cases that the oracle is asked."""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from reconcilers.vertice.scaler.groups import SECOND, Patience, PodFacts, Sample, grouped
from reconcilers.vertice.scaler.history import Past
from reconcilers.vertice.scaler.normal import DOWN, UP, Behaviour, Bounds
from reconcilers.vertice.scaler.proposals import (
    NoProposal,
    Proposal,
    Tolerance,
    by_average,
    by_utilization,
    by_value,
    by_value_per_pod,
)
from reconcilers.vertice.scaler.rates import Policy, Rules
from reconcilers.vertice.scaler.turn import turn

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
    """Return how many pods there are after each pass, and which passes failed."""
    bounds = Bounds(least=case["min"], most=case["max"])
    behaviour = None
    if case["behaviour"]:
        behaviour = Behaviour(up=_rules(case["up"], UP), down=_rules(case["down"], DOWN))
    current, past = case["start"], Past()
    replicas, failed = list[int](), list[bool]()
    for each in case["passes"]:
        current = current if each["spec"] is None else each["spec"]
        proposals = [
            None
            if value is None
            else by_value(
                current, target, value, ready=each["ready"], tolerance=DEFAULT_TOLERANCE
            ).replicas
            for target, value in zip(case["targets"], each["values"], strict=True)
        ]
        found = turn(current, proposals, bounds, behaviour, past=past, now=each["now"])
        past = found.changed(current, behaviour, now=each["now"])
        is_asked = current and bounds.least <= current <= bounds.most
        failed.append(bool(is_asked and None in proposals))
        current = found.replicas
        replicas.append(current)
    return replicas, failed


def _rules(given: Mapping[str, Any] | None, default: Rules) -> Rules:
    """Return rules with what is not given by default."""
    if given is None:
        return default
    policies = default.policies
    if given["policies"]:
        policies = tuple(
            Policy(type=each["type"], value=each["value"], period=each["period"] * SECOND)
            for each in given["policies"]
        )
    return attrs.evolve(
        default,
        policies=policies,
        window=default.window if given["window"] is None else given["window"] * SECOND,
        select=given["select"] or default.select,
    )
