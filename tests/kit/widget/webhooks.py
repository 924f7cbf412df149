"""Admission of Widgets: pure functions on the wire type."""

from tests.kit.widget.api import Widget


def refuse_huge(widget: Widget) -> str:
    """Return why the Widget is refused; empty when it is not."""
    return "size is at most 1000000" if widget.spec.size > 1_000_000 else ""


def default_labels(widget: Widget) -> dict[str, str]:
    """Return the labels a Widget gets when it has none."""
    return dict(widget.spec.labels) or {"tier": "none"}
