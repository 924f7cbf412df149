"""Clusters of PENIN-Ω as tests write them, and how to read what became of them."""

from typing import Any, Final

from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER

WITHIN: Final = 60


def made(name: str = "a", **spec: Any) -> dict[str, Any]:
    """Return a cluster as a user writes it."""
    return {
        "apiVersion": PENIN_OMEGA_CLUSTER.api_version,
        "kind": PENIN_OMEGA_CLUSTER.kind,
        "metadata": {"name": name},
        "spec": spec,
    }


def phase(found: dict[str, Any]) -> str | None:
    """Return the phase, if the status speaks of the newest spec."""
    status = found.get("status", {})
    is_current = status.get("observedGeneration") == found["metadata"]["generation"]
    return status.get("phase") if is_current else None


def is_running(found: dict[str, Any]) -> bool:
    """Whether it is as its newest spec wants it."""
    return phase(found) == "Running"


def condition(found: dict[str, Any], kind: str) -> tuple[str, str]:
    """Return what a condition says."""
    (one,) = (each for each in found["status"]["conditions"] if each["type"] == kind)
    return one["status"], one["reason"]


def message(found: dict[str, Any], kind: str) -> str:
    """Return how a condition says it."""
    (one,) = (each for each in found["status"]["conditions"] if each["type"] == kind)
    return str(one["message"])


def generations(found: dict[str, Any]) -> dict[str, int]:
    """Return how often each was changed by somebody."""
    return {name: each["metadata"]["generation"] for name, each in found.items()}
