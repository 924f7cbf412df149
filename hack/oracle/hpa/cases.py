"""Random cases: single decisions of one metric, and sequences of whole passes.

Numbers are drawn where the arithmetic has its edges: ratios near a tolerance, percentages that are
cut, pods of which just one or all are ready, policies whose periods are as long as what passes
between two passes.
"""

import random
from typing import Any, Final

SECOND: Final = 1_000_000_000
NOW: Final = 1_800_000_000 * SECOND
KINDS: Final = (
    "utilization",
    "resource",
    "pods",
    "object",
    "object-average",
    "external",
    "external-average",
)
PER_POD: Final = KINDS[:3]
_PHASES: Final = ("Running",) * 12 + ("Pending", "Failed", "Succeeded", "Unknown")
_READY: Final = ("True",) * 8 + ("False", "False", "Unknown", "")
_TOLERANCES: Final = (0.1, 0.1, 0.0, 0.05, 0.5)
_STEPS: Final = (1, 5, 15, 15, 15, 30, 60, 61, 299, 300, 301)


def single(rng: random.Random) -> dict[str, Any]:
    """Return one decision."""
    kind = rng.choice(KINDS)
    pods = [_pod(rng, number) for number in range(rng.choice((0, 1, 2, 3, 5, 8, 10, 20)))]
    current = max(0, len(pods) + rng.choice((0, 0, 0, -1, 1, 3)))
    target = _target(rng, kind)
    case: dict[str, Any] = {
        "kind": kind,
        "resource": rng.choice(("cpu", "memory")),
        "current": current,
        "shown": max(0, current + rng.choice((0, 0, 0, 1, -1))),
        "target": target,
        "value": _value(rng, target * rng.choice((1, max(1, current)))),
        "down": rng.choice(_TOLERANCES),
        "up": rng.choice(_TOLERANCES),
        "now": NOW,
        "pods": pods,
        "samples": {},
    }
    if kind in PER_POD:
        case["samples"] = _samples(rng, case)
    return case


def _chance(rng: random.Random, probability: float) -> bool:
    return rng.random() < probability


def _pod(rng: random.Random, number: int) -> dict[str, Any]:
    started = NOW - rng.choice((0, 10, 29, 30, 31, 299, 300, 301, 5000)) * SECOND
    pod: dict[str, Any] = {
        "name": f"pod-{number}",
        "phase": rng.choice(_PHASES),
        "deleting": _chance(rng, 0.05),
        "ready": rng.choice(_READY),
        "readyAt": started + rng.choice((0, 5, 29, 30, 31, 100)) * SECOND,
        "started": None if _chance(rng, 0.03) else started,
        "request": None if _chance(rng, 0.01) else rng.choice((100, 250, 1000, 1001, 3)),
    }
    return pod


def _target(rng: random.Random, kind: str) -> int:
    if kind == "utilization":
        return rng.choice((1, 30, 50, 50, 70, 80, 100, 120, 300))
    return rng.choice((1, 7, 100, 500, 1000, 99_999, 1_000_000_000))


def _value(rng: random.Random, wanted: int) -> int:
    """Return a value near to what is wanted, or far from it, or at an edge of it."""
    edge = rng.choice((0, 0.1, 0.45, 0.5, 0.89, 0.9, 0.95, 1, 1.05, 1.1, 1.11, 1.5, 2, 3.3, 10))
    return max(0, int(wanted * edge) + rng.choice((0, 0, 1, -1)))


def _samples(rng: random.Random, case: dict[str, Any]) -> dict[str, Any]:
    samples = {}
    level = _chance(rng, 0.5)
    shared = _value(rng, 1_000_000) / 1_000_000
    for pod in case["pods"]:
        if _chance(rng, 0.12):
            continue
        base = (pod["request"] or 1000) * case["target"] // 100
        wanted = base if case["kind"] == "utilization" else case["target"]
        samples[pod["name"]] = _sample(rng, int(wanted * shared) if level else _value(rng, wanted))
    if _chance(rng, 0.05):
        samples["stranger"] = _sample(rng, _value(rng, 1000))
    return samples


def _sample(rng: random.Random, value: int) -> dict[str, int]:
    return {
        "value": value,
        "at": NOW - rng.choice((0, 10, 30, 60, 300)) * SECOND,
        "window": rng.choice((0, 10, 30, 60)) * SECOND,
    }


def sequence(rng: random.Random) -> dict[str, Any]:
    """Return some passes of one autoscaler."""
    least = rng.choice((1, 1, 2, 3, 10))
    most = least + rng.choice((0, 1, 5, 20, 100, 500))
    targets = [rng.choice((1000, 500, 7000)) for _ in range(rng.choice((1, 1, 2, 3)))]
    has_behaviour = _chance(rng, 0.8)
    now, passes, load = NOW, [], float(rng.randint(least, most))
    for _ in range(rng.randint(20, 60)):
        now += rng.choice(_STEPS) * SECOND + rng.choice((0, 0, 1, -1))
        load = max(0.0, load * rng.choice((1, 1, 1, 0.3, 0.8, 1.2, 1.5, 3)))
        load = min(load, 3.0 * most) if load else float(rng.randint(0, most))
        passes.append(_pass(rng, now, load, targets, most))
    return {
        "kind": "sequence",
        "min": least,
        "max": most,
        "targets": targets,
        "behaviour": has_behaviour,
        "up": _rules(rng) if has_behaviour else None,
        "down": _rules(rng) if has_behaviour else None,
        "start": rng.choice((least, most, 0, 1, most + 3, (least + most) // 2)),
        "passes": passes,
    }


def _pass(
    rng: random.Random, now: int, load: float, targets: list[int], most: int
) -> dict[str, Any]:
    values = [
        None if _chance(rng, 0.08) else int(load * target / rng.randint(1, 8)) for target in targets
    ]
    by_hand = _chance(rng, 0.03)
    return {
        "now": now,
        "spec": rng.choice((0, 1, most, most + 1, most // 2)) if by_hand else None,
        "ready": rng.choice((1, 2, 3, 8, 8, 20)),
        "values": values,
    }


def _rules(rng: random.Random) -> dict[str, Any] | None:
    if _chance(rng, 0.2):
        return None
    policies = [
        {
            "type": rng.choice(("Pods", "Percent")),
            "value": rng.choice((1, 2, 4, 10, 50, 100, 200)),
            "period": rng.choice((1, 15, 30, 60, 300, 1800)),
        }
        for _ in range(rng.randint(1, 3))
    ]
    return {
        "window": rng.choice((None, 0, 15, 30, 60, 300, 600)),
        "select": rng.choice((None, "Max", "Max", "Min", "Min", "Disabled")),
        "policies": policies if _chance(rng, 0.8) else None,
    }
