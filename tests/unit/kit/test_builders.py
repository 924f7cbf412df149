"""What the builders make is what a user could send."""

from informers.meta import codec
from tests.kit.builders import widget
from tests.kit.widget.api import WIDGET, Widget


def test_the_least_widget_is_one():
    """It says what it is, and has the one field of the spec that has no default."""
    made = codec.convert(widget(), Widget)

    assert (WIDGET.api_version, WIDGET.kind) == (made.api_version, made.kind)
    assert ("w", 1) == (made.metadata.name, made.spec.size)


def test_a_test_says_what_it_wants_else():
    """Fields of the spec are added, or take the place of the least."""
    made = codec.convert(widget("a", size=3, children=2), Widget)

    assert ("a", 3, 2) == (made.metadata.name, made.spec.size, made.spec.children)
