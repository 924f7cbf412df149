"""The four figures: whose word counts, and what several pods come to."""

from msgspec import UNSET

from reconcilers.penin.api.v1alpha1 import MetricsStatus
from reconcilers.penin.metrics.exposition import parse
from reconcilers.penin.metrics.figures import figures, missing


def pages(*values, name="penin_alpha"):
    """Return a page for each value."""
    return [parse(f"{name} {value}\n") for value in values]


def test_a_figure_comes_from_the_service_whose_it_is():
    """Whatever the others tell."""
    found = figures({"omegaMeta": pages(0.5), "sigmaGuard": pages(0.9)})

    assert 0.5 == found.alpha


def test_another_service_stands_in():
    """When that one tells nothing."""
    reflected = pages(0.8668, name="penin_sr_score")

    found = figures({"srOmegaInfinity": [], "omegaMeta": reflected})

    assert 0.8668 == found.sr_score


def test_of_several_pods_the_median_counts():
    """One that is stuck does not bend it."""
    assert 0.5 == figures({"omegaMeta": pages(0.5, 0.4, 100.0)}).alpha


def test_figures_have_four_digits():
    """So that noise is no change of the status."""
    assert 0.7828 == figures({"omegaMeta": pages(0.782834567)}).alpha


def test_what_nobody_tells_is_absent():
    """And said to be."""
    found = figures({"omegaMeta": pages(0.5)})

    assert UNSET is found.caos_plus
    assert ["penin_delta_linf", "penin_caos_plus", "penin_sr_score"] == missing(found)
    assert MetricsStatus() == figures({})
