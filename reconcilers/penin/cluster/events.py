"""What users are told of a cluster by Events: every step from one state to the next, once.

Pure: a step is the difference between the status that was and the one that is written now, so a
reconcile that changes nothing tells nothing, and a restarted manager does not repeat itself.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import attrs
from msgspec import UNSET, UnsetType

from informers.meta.conditions import Condition
from reconcilers.penin.api.v1alpha1 import Found, PeninOmegaClusterStatus, Phase
from reconcilers.penin.cluster.services import EVERYTHING

_TITLES: Final = {role.key: role.title for role in EVERYTHING}
_PHASES: Final[dict[Phase, str]] = {
    "Creating": "children are being made",
    "Running": "all services are running and healthy",
    "Updating": "a change is on its way",
    "Terminating": "the cluster is being deleted; its children go with it",
}
_TOLD: Final = ("Degraded", "LedgerReady")


@attrs.frozen
class Told:
    """One Event."""

    reason: str
    message: str
    type_: Literal["Normal", "Warning"] = "Normal"


def steps(
    before: PeninOmegaClusterStatus, after: Found, conditions: Sequence[Condition] = ()
) -> Sequence[Told]:
    """Return what there is to tell of a step."""
    return (
        *_phase(before, after, conditions),
        *_rollout(before, after),
        *_worse(before, conditions),
    )


def _phase(
    before: PeninOmegaClusterStatus, after: Found, conditions: Sequence[Condition]
) -> Iterator[Told]:
    phase = after.phase
    if phase == before.phase or phase is UNSET:
        return
    if phase in _PHASES:
        yield Told(phase, _PHASES[phase])
    elif phase == "Failed":
        ready = next((each.message for each in conditions if each.type == "Ready"), "")
        yield Told("Failed", str(ready), "Warning")


def _rollout(before: PeninOmegaClusterStatus, after: Found) -> Iterator[Told]:
    old = None if before.rollout is UNSET else before.rollout
    new = None if after.rollout is UNSET else after.rollout
    if new is None:
        return
    service = new.service
    is_next = old is None or old.service != service
    if service is not UNSET and new.good is not UNSET and is_next:
        text = f"{_TITLES[service]} is being given revision {new.revision}"
        yield Told("RollingOut", text)
    if old is None:
        return
    if new.failed is not UNSET and old.failed != new.failed:
        text = f"revision {new.failed} did not become ready; going back to {new.revision}"
        yield Told("RollingBack", text, "Warning")
    if old.good is not UNSET and new.good is not UNSET and old.good != new.good:
        yield Told("RolledOut", f"all services run with revision {new.good}")


def _worse(before: PeninOmegaClusterStatus, conditions: Sequence[Condition]) -> Iterator[Told]:
    """Tell what has become wrong; a condition says it as well, an Event says when."""
    known = {each.type: each for each in before.conditions or ()}
    for each in conditions:
        bad = "True" if each.type == "Degraded" else "False"
        if each.type not in _TOLD or each.status != bad or _is_quiet(each.reason):
            continue
        old = known.get(each.type)
        if old is None or (old.status, old.reason) != (each.status, each.reason):
            yield Told(str(each.reason), str(each.message), "Warning")


def _is_quiet(reason: str | UnsetType) -> bool:
    return reason in {"TurnedOff", "Pending"}
