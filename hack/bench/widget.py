"""The Widgets of the benchmark and what every peer must compute from them.

A Widget is about 1.9 KB of JSON as the API server lists it, managed fields included, with one
field of each shape that real specifications use. The checksum folds every one of them, so a peer
that did not read the typed object cannot answer; it costs one CRC-32 in any language.

`Population` is the harness's own model of the Widgets in one namespace: what is in the spec now,
and therefore the sum every peer has to report. It does no I/O.
"""

import zlib
from collections.abc import Mapping
from typing import Any, Final

import attrs

GROUP: Final = "test.pentad.dev"
VERSION: Final = "v1alpha1"
PLURAL: Final = "widgets"
KIND: Final = "Widget"
FINALIZER: Final = f"{GROUP}/bench"
CHILD_LABEL: Final = f"{GROUP}/widget"

_COLOURS: Final = ("amber", "blue", "crimson", "denim", "emerald")
_PAYLOAD: Final = "The payload stands for configuration text that only grows. " * 9


def name_of(index: int) -> str:
    """Return the Widget's name; its last six digits are the index all peers count by."""
    return f"widget-{index:06d}"


def spec_of(index: int, *, size: int, children: int) -> dict[str, Any]:
    """Return the spec of a Widget: every field set, no two Widgets alike."""
    return {
        "size": size,
        "colour": _COLOURS[index % len(_COLOURS)],
        "replicas": index % 7,
        "children": children,
        "enabled": index % 2 == 0,
        "labels": {
            "tier": "backend",
            "team": f"team-{index % 11}",
            "region": "north",
            "zone": f"zone-{index % 3}",
        },
        "items": [
            {"name": f"item-{n}", "value": f"value-{index}-{n}", "weight": n * 10} for n in range(3)
        ],
        "payload": _PAYLOAD,
    }


def manifest(
    index: int, *, namespace: str, size: int, children: int = 0, finalizer: bool = True
) -> dict[str, Any]:
    """Return a Widget as its user would apply it."""
    metadata: dict[str, Any] = {
        "name": name_of(index),
        "namespace": namespace,
        "labels": {"app.kubernetes.io/name": "bench"},
    }
    if finalizer:
        metadata["finalizers"] = [FINALIZER]
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": KIND,
        "metadata": metadata,
        "spec": spec_of(index, size=size, children=children),
    }


def checksum(name: str, spec: Mapping[str, Any]) -> int:
    """CRC-32 of the name and every spec field in the order of the type, each ended by a zero byte.

    Booleans are `true` and `false`, numbers decimal, text UTF-8, map entries sorted by key.
    """
    fields = [
        name,
        str(spec["size"]),
        spec["colour"],
        str(spec["replicas"]),
        str(spec.get("children", 0)),
        "true" if spec["enabled"] else "false",
    ]
    labels = spec.get("labels", {})
    for key in sorted(labels):
        fields += (key, labels[key])
    for item in spec.get("items", ()):
        fields += (item["name"], item["value"], str(item["weight"]))
    fields += (spec.get("payload", ""), "")
    return zlib.crc32("\0".join(fields).encode())


@attrs.define(kw_only=True)
class Population:
    """The Widgets of one namespace: `sizes` is the one field the harness changes."""

    namespace: str
    children: int = 0
    finalizer: bool = True
    sizes: list[int] = attrs.field(factory=list)

    @classmethod
    def of(
        cls, namespace: str, count: int, *, children: int = 0, finalizer: bool = True
    ) -> "Population":
        """Return a fresh population of `count` Widgets."""
        return cls(namespace=namespace, children=children, finalizer=finalizer, sizes=[1] * count)

    def __len__(self) -> int:
        return len(self.sizes)

    def manifest(self, index: int) -> dict[str, Any]:
        """Return one Widget as it is to be created."""
        return manifest(
            index,
            namespace=self.namespace,
            size=self.sizes[index],
            children=self.children,
            finalizer=self.finalizer,
        )

    def checksum(self) -> int:
        """Sum of all Widgets' checksums: what a peer that has seen everything reports."""
        return sum(
            checksum(name_of(index), spec_of(index, size=size, children=self.children))
            for index, size in enumerate(self.sizes)
        )
