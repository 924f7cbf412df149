"""Which changes are worth a look."""

import msgspec
import pytest

from controller.runtime.predicate import (
    any_of,
    appeared_or_went,
    labels_changed,
    none_of,
    spec_changed,
)
from informers.snapshot import seal
from informers.store import Change


def thing(**meta):
    """Return an object with this metadata."""
    base = {"name": "a", "resourceVersion": "1", "generation": 1}
    return seal(msgspec.json.encode({"metadata": base | meta}))


@pytest.mark.parametrize(
    ("meta", "passes"),
    [
        ({"resourceVersion": "2"}, False),
        ({"generation": 2}, True),
        ({"labels": {"a": "b"}}, True),
        ({"annotations": {"a": "b"}}, True),
        ({"finalizers": ["x"]}, True),
        ({"deletionTimestamp": "2030-01-01T00:00:00Z"}, True),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_status_alone_is_no_change_of_the_spec(meta, passes):
    """Everything that people can change is."""
    assert passes == spec_changed(Change("a", thing(), thing(**meta)))


def test_objects_without_generations_always_pass():
    """A ConfigMap has none, so nothing says that only its status changed."""
    assert spec_changed(Change("a", thing(generation=0), thing(generation=0, uid="x")))


def test_what_comes_and_goes_and_resyncs_passes():
    """A resync is asked for; it is not for a predicate to prevent it."""
    held = thing()
    for change in (Change("a", None, held), Change("a", held, None)):
        assert spec_changed(change)
        assert labels_changed(change)
        assert appeared_or_went(change)
    assert spec_changed(Change("a", held, held))
    assert not labels_changed(Change("a", held, held))


@pytest.mark.parametrize(
    ("answers", "any_", "none"),
    [((), False, True), ((True, False), True, False), ((False, False), False, True)],
)
def test_predicates_combine(answers, any_, none):
    """One is enough for any_of, and one too many for none_of."""
    change = Change("a", None, thing())
    made = [lambda _, answer=answer: answer for answer in answers]

    assert (any_, none) == (any_of(*made)(change), none_of(*made)(change))
