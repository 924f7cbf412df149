"""Pages of metrics: what is read of them, and what is not believed."""

import pytest

from reconcilers.penin.metrics.exposition import UnreadablePageError, parse

PAGE = """\
# TYPE penin_alpha gauge
penin_alpha 0.7828
# TYPE penin_gate_fail_total counter
penin_gate_fail_total{gate="ece"} 2
penin_gate_fail_total{gate="bias"} 3
penin_sr_score NaN
penin_cycle_duration_seconds_bucket{le="+Inf"} 7
"""


def test_numbers_are_found_by_name_and_labels():
    """All of a name, or those with some labels."""
    page = parse(PAGE)

    assert [0.7828] == page.values("penin_alpha")
    assert [2.0] == page.values("penin_gate_fail_total", gate="ece")
    assert 5.0 == page.total("penin_gate_fail_total")
    assert [7.0] == page.values("penin_cycle_duration_seconds_bucket", le="+Inf")


@pytest.mark.parametrize("name", ["penin_sr_score", "penin_caos_plus"])
def test_what_is_no_number_is_absent(name):
    """Not a number, or not told."""
    page = parse(PAGE)

    assert [] == page.values(name)
    assert page.total(name) is None


@pytest.mark.parametrize("number", ["1e308", "-1e61", "1e-320", "+Inf", "-Inf"])
def test_what_no_figure_can_be_is_absent(number):
    """Two of them could not be added up, and the median of them is not a number."""
    page = parse(f'a{{b="c"}} {number}\na{{b="d"}} {number}\n')

    assert [] == page.values("a")
    assert page.total("a") is None


@pytest.mark.parametrize("text", ["<html>", 'a{b="c} 1', "a{ 1", "a", "a{b=c} 1"])
def test_what_cannot_be_read_is_refused(text):
    """With the reason, and never by another error."""
    with pytest.raises(UnreadablePageError, match="not in Prometheus' text format"):
        parse(text + "\n")
