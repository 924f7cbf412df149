"""The definition of a Widget and its checksum, which three programs share."""

import msgspec
import pytest

from hack.bench import widget
from hack.bench.widget import Population, checksum, manifest, name_of, spec_of
from tests.kit.widget import desired
from tests.kit.widget.api import WidgetSpec


def test_checksum_of_a_known_widget():
    """The definition is fixed by one value, so no peer can drift with the harness."""
    spec = {"size": 1, "colour": "red", "replicas": 0, "children": 2, "enabled": True}
    spec |= {"labels": {"b": "2", "a": "1"}, "payload": "p"}
    spec |= {"items": [{"name": "n", "value": "v", "weight": 3}]}
    assert 0x679DDF33 == checksum("widget-000000", spec)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", 2),
        ("colour", "other"),
        ("replicas", 9),
        ("children", 4),
        ("enabled", False),
        ("labels", {}),
        ("items", []),
        ("payload", ""),
    ],
    ids=str,
)
def test_every_field_moves_the_checksum(field, value):
    """A peer that skips any field computes something else."""
    spec = spec_of(0, size=1, children=3)
    assert checksum("w", spec) != checksum("w", spec | {field: value})


@pytest.mark.parametrize("index", [0, 1, 999_999], ids=str)
def test_typed_and_untyped_checksums_agree(index):
    """The typed reconciler and the harness compute the same."""
    spec = spec_of(index, size=7, children=10)
    typed = msgspec.convert(spec, WidgetSpec)
    assert checksum(name_of(index), spec) == desired.checksum(name_of(index), typed)


def test_population_knows_the_sum_of_its_widgets():
    """The expected sum follows each change of a size."""
    population = Population.of("ns", 3)
    before = population.checksum()
    population.sizes[1] = 77
    changed = checksum(name_of(1), spec_of(1, size=77, children=0))
    original = checksum(name_of(1), spec_of(1, size=1, children=0))
    assert before + changed - original == population.checksum()


def test_manifest_carries_the_finalizer_only_when_asked():
    """Scenarios that let the peer add it start without."""
    with_it = manifest(1, namespace="ns", size=1)["metadata"]
    without = manifest(1, namespace="ns", size=1, finalizer=False)["metadata"]
    assert [widget.FINALIZER] == with_it["finalizers"]
    assert "finalizers" not in without
