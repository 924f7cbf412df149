"""What a Widget should have follows from its spec alone."""

from hack.bench.widget import checksum as harness_checksum
from hack.bench.widget import spec_of
from informers.meta import codec
from informers.meta.object import ObjectMeta
from tests.kit.widget.api import Widget, WidgetSpec
from tests.kit.widget.desired import checksum, children


def test_the_checksum_is_the_one_the_benchmarks_expect():
    """The typed spec folds to the same number as the harness computes from plain JSON."""
    for index in range(8):
        spec = spec_of(index, size=index, children=2)

        expected = harness_checksum("w", spec)
        assert expected == checksum("w", codec.convert(spec, WidgetSpec))


def test_every_field_counts():
    """No two specs that differ in one field have the same sum."""
    specs = [
        WidgetSpec(size=1),
        WidgetSpec(size=2),
        WidgetSpec(size=1, colour="red"),
        WidgetSpec(size=1, replicas=2),
        WidgetSpec(size=1, children=1),
        WidgetSpec(size=1, enabled=False),
        WidgetSpec(size=1, labels={"a": "b"}),
        WidgetSpec(size=1, payload="x"),
    ]

    assert len(specs) == len({checksum("w", spec) for spec in specs})


def test_children_are_numbered_and_carry_the_colour():
    """Names are deterministic, so that applying twice makes nothing twice."""
    widget = Widget(metadata=ObjectMeta(name="w"), spec=WidgetSpec(size=1, children=2))

    first, second = children(widget, crc=7)

    assert ["w-0", "w-1"] == [first["metadata"]["name"], second["metadata"]["name"]]
    assert first["data"] == {"index": "0", "colour": "grey", "checksum": "7"}
    assert second["metadata"]["labels"] == {"test.pentad.dev/widget": "w"}
