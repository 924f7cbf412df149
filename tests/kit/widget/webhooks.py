"""Admission of Widgets: what a family's webhooks look like."""

from typing import Final

from msgspec.structs import replace

from controller.runtime.webhook.admission import Admission, Denied
from informers.errors import Cause
from tests.kit.widget.api import Widget

MOST: Final = 1_000_000


def refuse_huge(request: Admission[Widget]) -> list[str]:
    """Refuse Widgets that are too large; warn of those that nearly are."""
    size = request.object.spec.size
    if size > MOST:
        text = f"size is at most {MOST}"
        raise Denied(
            text, causes=[Cause(reason="FieldValueInvalid", message=text, field="spec.size")]
        )
    return [f"size {size} is close to its limit of {MOST}"] if size > MOST * 0.9 else []


def default_labels(request: Admission[Widget]) -> Widget:
    """Give a Widget without labels the least there should be."""
    widget = request.object
    if widget.spec.labels:
        return widget
    return replace(widget, spec=replace(widget.spec, labels={"tier": "none"}))
