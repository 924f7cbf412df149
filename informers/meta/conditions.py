"""Conditions: what a status says about its object, in the form every Kubernetes tool reads.

`Condition` is metav1.Condition. The functions take a tuple of them and return a new one with word
whether anything changed, so that a status is only written when it says something new; the rules are
those of apimachinery's `SetStatusCondition`: the transition time moves when the status does and at
no other time, and the order of conditions never changes.

Time is passed in. A condition computed from desired and observed state carries none, and
`set_condition` stamps it. What a whole set of conditions amounts to is for `kstatus` to say.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from informers.meta.microtime import Time

ConditionStatus: TypeAlias = Literal["True", "False", "Unknown"]
Conditions: TypeAlias = tuple["Condition", ...]


class Condition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that is true, false or unknown of an object."""

    type: Annotated[str, Meta(max_length=316)]
    """What it is about, as in Ready."""
    status: ConditionStatus
    """Whether it holds."""
    reason: Annotated[str, Meta(max_length=1024)]
    """Why, in one word for machines."""
    message: Annotated[str, Meta(max_length=32768)] = ""
    """Why, in a sentence for people."""
    last_transition_time: Time | UnsetType = UNSET
    """When the status last changed."""
    observed_generation: int | UnsetType = UNSET
    """The generation of the spec it speaks of."""


def find_condition(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """The condition of a type."""
    return next((condition for condition in conditions if condition.type == kind), None)


def is_true(conditions: Iterable[Condition], kind: str) -> bool:
    """Whether there is such a condition and it is True."""
    condition = find_condition(conditions, kind)
    return condition is not None and condition.status == "True"


def is_false(conditions: Iterable[Condition], kind: str) -> bool:
    """Whether there is such a condition and it is False; absent is neither."""
    condition = find_condition(conditions, kind)
    return condition is not None and condition.status == "False"


def set_condition(
    conditions: Conditions, wanted: Condition, *, now: dt.datetime
) -> tuple[Conditions, bool]:
    """Put a condition in the place of its type, or at the end; tell whether anything changed.

    A transition is stamped with the time the wanted condition carries, or else with `now`.
    """
    old = find_condition(conditions, wanted.type)
    stamp = _stamp(wanted, Time.of(now))
    if old is None:
        return (*conditions, _stamped(wanted, stamp)), True
    if _says(old) == _says(wanted):
        return conditions, False
    if old.status == wanted.status:
        stamp = _stamp(old, stamp)
    new = _stamped(wanted, stamp)
    return tuple(new if condition is old else condition for condition in conditions), True


def set_conditions(
    conditions: Conditions, wanted: Iterable[Condition], *, now: dt.datetime
) -> tuple[Conditions, bool]:
    """Set several; those of other types stay."""
    changed = False
    for condition in wanted:
        conditions, changed_too = set_condition(conditions, condition, now=now)
        changed = changed or changed_too
    return conditions, changed


def remove_condition(conditions: Conditions, kind: str) -> tuple[Conditions, bool]:
    """Drop the condition of a type; tell whether there was one."""
    kept = tuple(condition for condition in conditions if condition.type != kind)
    return kept, len(kept) != len(conditions)


def _says(condition: Condition) -> tuple[str, str, str, int]:
    """What a condition tells, besides when; no generation counts as 0, as in Go."""
    generation = condition.observed_generation or 0
    return condition.status, condition.reason, condition.message, generation


def _stamp(condition: Condition, otherwise: Time) -> Time:
    time = condition.last_transition_time
    return otherwise if time is UNSET or time.is_zero else time


def _stamped(condition: Condition, time: Time) -> Condition:
    return msgspec.structs.replace(condition, last_transition_time=time)
