"""What a Widget should have: its checksum and its ConfigMaps. Pure functions of the Widget.

The checksum folds the name and every spec field in the order of the type, each ended by a zero
byte: booleans as `true` and `false`, numbers decimal, map entries sorted by key. The Go peer of the
benchmarks computes the same, and the harness compares the sums.
"""

import zlib
from collections.abc import Sequence
from typing import Any, Final

from tests.kit.widget.api import Widget, WidgetSpec

CHILD_LABEL: Final = "test.pentad.dev/widget"


def checksum(name: str, spec: WidgetSpec) -> int:
    """CRC-32 of the name and every spec field."""
    fields = [
        name,
        str(spec.size),
        spec.colour,
        str(spec.replicas),
        str(spec.children),
        "true" if spec.enabled else "false",
    ]
    for key in sorted(spec.labels):
        fields += (key, spec.labels[key])
    for item in spec.items:
        fields += (item.name, item.value, str(item.weight))
    fields += (spec.payload, "")
    return zlib.crc32("\0".join(fields).encode())


def children(widget: Widget, *, crc: int) -> Sequence[dict[str, Any]]:
    """Return the ConfigMaps the Widget should own."""
    name = str(widget.metadata.name)
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"{name}-{index}", "labels": {CHILD_LABEL: name}},
            "data": {
                "index": str(index),
                "colour": widget.spec.colour,
                "checksum": str(crc),
            },
        }
        for index in range(widget.spec.children)
    ]
