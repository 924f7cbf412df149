"""A Widget's status says what was found, of which generation."""

from msgspec import UNSET

from informers.meta.object import ObjectMeta
from tests.kit.widget.api import Widget, WidgetSpec
from tests.kit.widget.status import ready, status

WIDGET = Widget(metadata=ObjectMeta(name="w", generation=3), spec=WidgetSpec(size=1))


def test_the_status_speaks_of_the_generation_it_was_found_at():
    """Observed generation is that of the Widget the children were made for."""
    found = status(WIDGET, crc=7, ready=2)

    assert (3, 7, 2) == (found.observed_generation, found.checksum, found.ready_children)
    assert found.stamp is UNSET


def test_the_condition_carries_no_time():
    """When it changed is for the status writer to say, so that equal findings are equal."""
    condition = ready(WIDGET)

    assert ("Ready", "True", 3) == (
        condition.type,
        condition.status,
        condition.observed_generation,
    )
    assert condition.last_transition_time is UNSET
