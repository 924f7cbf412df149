"""Which changes are worth a look.

A predicate is a pure function of a change and reads metadata only; nothing is decoded for a change
that it turns down. Several given to one source must all agree. A predicate that raises lets the
change through: a needless look is cheap, a lost change is not (T44).
"""

from collections.abc import Callable

from informers.store import Change

Predicate = Callable[[Change], bool]


def any_of(*predicates: Predicate) -> Predicate:
    """Whatever at least one of them lets through."""
    return lambda change: any(predicate(change) for predicate in predicates)


def none_of(*predicates: Predicate) -> Predicate:
    """Whatever none of them lets through."""
    return lambda change: not any(predicate(change) for predicate in predicates)


def spec_changed(change: Change) -> bool:
    """Everything but changes of status alone: appeared, went, new generation, new metadata.

    Right for the kind a controller is `for_`: its own status writes do not call it again.
    Annotations count, since people steer with them.
    """
    old, new = change.old, change.new
    if old is None or new is None or old is new:
        return True
    before, now = old.meta, new.meta
    if (before.generation, before.labels, before.finalizers, before.deletion_timestamp) != (
        now.generation,
        now.labels,
        now.finalizers,
        now.deletion_timestamp,
    ):
        return True
    return not now.generation or old.annotations != new.annotations


def labels_changed(change: Change) -> bool:
    """Appeared, went, or other labels than before."""
    old, new = change.old, change.new
    return old is None or new is None or old.labels != new.labels


def appeared_or_went(change: Change) -> bool:
    """Nothing in between."""
    return change.old is None or change.new is None
