"""What the conditions of an object amount to, for tools that know nothing of its kind.

Flux, Argo CD, `kubectl wait` and cli-utils' kstatus all read the same few signs: an object being
deleted is Terminating; one whose status is older than its spec is InProgress; `Reconciling` and
`Stalled` are there only when true; `Ready` decides the rest, and an object without it is Current.
`summarize` reads them as kstatus does for custom resources, and `report` writes them so that it
reads back what was meant: Ready always, with the other two only beside a Ready that is False.
"""

import datetime as dt
import enum
from collections.abc import Iterable
from typing import Protocol

import attrs
from msgspec import UnsetType

from informers.meta.conditions import (
    Condition,
    Conditions,
    ConditionStatus,
    remove_condition,
    set_conditions,
)

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"


class Health(enum.StrEnum):
    """How an object is doing, in kstatus' words."""

    CURRENT = "Current"
    IN_PROGRESS = "InProgress"
    FAILED = "Failed"
    TERMINATING = "Terminating"


class ConditionLike(Protocol):
    """As much of a condition, ours or a built-in kind's, as is read here."""

    @property
    def type(self) -> str:
        """What it is about."""

    @property
    def status(self) -> str:
        """True, False or Unknown; anything else says nothing."""

    @property
    def message(self) -> str | UnsetType:
        """Why, for people."""


@attrs.frozen
class Summary:
    """How an object is doing, and the message of the condition that says so."""

    health: Health
    message: str


def summarize(
    conditions: Iterable[ConditionLike],
    *,
    generation: int | UnsetType,
    observed_generation: int | UnsetType,
    deleting: bool = False,
) -> Summary:
    """Say how an object is doing, from its metadata and status."""
    if deleting:
        return Summary(Health.TERMINATING, "Resource scheduled for deletion")
    known = not isinstance(generation, UnsetType) and not isinstance(observed_generation, UnsetType)
    if known and generation != observed_generation:
        return Summary(
            Health.IN_PROGRESS, f"generation is {generation}, observed is {observed_generation}"
        )
    conditions = tuple(conditions)
    return _abnormal(conditions) or _by_ready(conditions)


def report(
    conditions: Conditions,
    health: Health,
    *,
    reason: str,
    message: str,
    generation: int,
    now: dt.datetime,
) -> tuple[Conditions, bool]:
    """Say in conditions how an object is doing; tell whether that is anything new.

    Terminating is told by the object's deletion timestamp; in conditions it is progress.
    """
    wanted: dict[str, ConditionStatus] = {READY: "True" if health is Health.CURRENT else "False"}
    if health is Health.FAILED:
        wanted[STALLED] = "True"
    elif health is not Health.CURRENT:
        wanted[RECONCILING] = "True"
    removed = False
    for kind in {RECONCILING, STALLED} - wanted.keys():
        conditions, removed_too = remove_condition(conditions, kind)
        removed = removed or removed_too
    conditions, changed = set_conditions(
        conditions,
        [_condition(kind, status, reason, message, generation) for kind, status in wanted.items()],
        now=now,
    )
    return conditions, changed or removed


def _condition(
    kind: str, status: ConditionStatus, reason: str, message: str, generation: int
) -> Condition:
    return Condition(
        type=kind, status=status, reason=reason, message=message, observed_generation=generation
    )


def _abnormal(conditions: Iterable[ConditionLike]) -> Summary | None:
    """The first of the two conditions that exist only to say that something is amiss."""
    meaning = {RECONCILING: Health.IN_PROGRESS, STALLED: Health.FAILED}
    for condition in conditions:
        if condition.status == "True" and condition.type in meaning:
            return Summary(meaning[condition.type], condition.message or "")
    return None


def _by_ready(conditions: Iterable[ConditionLike]) -> Summary:
    for condition in conditions:
        if condition.type == READY and condition.status == "True":
            return Summary(Health.CURRENT, "Resource is Ready")
        if condition.type == READY and condition.status in {"False", "Unknown"}:
            return Summary(Health.IN_PROGRESS, condition.message or "")
    return Summary(Health.CURRENT, "Resource is current")
