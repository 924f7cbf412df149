"""What there is to say of a Widget. Pure functions of what was found."""

from msgspec import UNSET

from informers.meta.conditions import Condition
from tests.kit.widget.api import Widget, WidgetStatus


def status(widget: Widget, *, crc: int, ready: int, stamp: str = "") -> WidgetStatus:
    """Return the status without its conditions, which are merged by type."""
    return WidgetStatus(
        observed_generation=widget.metadata.generation,
        ready_children=ready,
        checksum=crc,
        stamp=stamp or UNSET,
    )


def ready(widget: Widget) -> Condition:
    """Return the condition of a Widget whose children are all in place."""
    return Condition(
        type="Ready",
        status="True",
        reason="Reconciled",
        message="every child is up to date",
        observed_generation=widget.metadata.generation,
    )
