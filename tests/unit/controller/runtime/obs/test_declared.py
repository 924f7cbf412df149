"""Figures are declared as data, and told by their declarations alone."""

import subprocess
import sys

import pytest

from controller.runtime.obs.declared import counter, gauge, histogram
from controller.runtime.obs.figures import FamilyCollector, spread, told
from controller.runtime.obs.registry import RUNTIME


@pytest.mark.parametrize(
    ("declare", "name"),
    [
        (counter, "requests"),
        (gauge, "requests_total"),
        (gauge, "Requests"),
        (gauge, "requests__now"),
        (gauge, ""),
        (histogram, "seconds_total"),
    ],
    ids=str,
)
def test_a_name_that_misleads_is_refused(declare, name):
    """Counters, and no others, end in _total; names are plain."""
    with pytest.raises(ValueError, match=r"_total|a-z"):
        declare(name, "What it is.")


def test_series_are_what_can_be_asked_for():
    """A histogram is three of them, one with its bounds."""
    assert {"c_total": ("a",)} == counter("c_total", "C.", "a").series
    assert {"g": ()} == gauge("g", "G.").series
    assert {
        "h_bucket": ("a", "le"),
        "h_sum": ("a",),
        "h_count": ("a",),
    } == histogram("h", "H.", "a").series


@pytest.mark.parametrize("declare", [counter, gauge], ids=["counter", "gauge"])
def test_what_is_told_is_what_was_declared(declare):
    """Name, help and labels of a family are those of its declaration."""
    declared = declare("x_total" if declare is counter else "x", "What it is.", "a", "b")
    family = told(declared, [(("1", "2"), 3.0)])

    (sample,) = family.samples
    assert (declared.name, {"a": "1", "b": "2"}, 3.0) == sample[:3]
    assert ("What it is.", declared.type) == (family.documentation, family.type)


def test_durations_are_told_in_growing_buckets():
    """Each bucket counts those before it; the last one is all."""
    family = spread(histogram("h", "H.", "a"), (1, 2), [(("x",), [3, 0, 4], 9.5)])

    values = {(s.name, s.labels.get("le")): s.value for s in family.samples}
    assert {
        ("h_bucket", "1"): 3,
        ("h_bucket", "2"): 3,
        ("h_bucket", "+Inf"): 7,
        ("h_count", None): 7,
        ("h_sum", None): 9.5,
    } == values


def test_a_family_tells_what_its_reader_returns_now():
    """It is asked at each scrape; what it does not tell any more has no series."""
    declared, now = gauge("g", "G.", "name"), {("a",): 1.0, ("b",): 2.0}
    collector = FamilyCollector(lambda: [(declared, now.items())])

    def names():
        return [
            sample.labels["name"] for family in collector.collect() for sample in family.samples
        ]

    assert ["a", "b"] == names()
    del now["a",]
    assert ["b"] == names()


def test_every_figure_of_the_runtime_has_a_name_of_its_own():
    """No two declarations share a series."""
    series = [name for declared in RUNTIME for name in declared.series]

    assert len(series) == len({*series})
    assert all(name.startswith("pentad_") for name in series)


def test_declaring_loads_no_prometheus_client():
    """Families declare figures in modules that are imported when the manager starts."""
    program = (
        "import sys; import controller.runtime.registration, reconcilers.penin.cluster.gauges; "
        "assert 'prometheus_client' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
