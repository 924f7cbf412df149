"""All components of a cluster, those of its node too."""

from hack.cluster import components
from hack.cluster.components import Component
from hack.cluster.layout import Layout
from hack.cluster.node import parts
from hack.cluster.record import Record


def every(layout: Layout, record: Record) -> tuple[Component, ...]:
    """Return them in the order of their start."""
    control_plane = components.every(layout, record)
    if record.network is None:
        return control_plane
    return (*control_plane, *parts.every(layout, record, record.network))
