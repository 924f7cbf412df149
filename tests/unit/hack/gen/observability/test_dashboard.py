"""A dashboard shows what is told, all of it, and nothing else."""

import json

import attrs
import pytest

from controller.runtime.obs.declared import counter, gauge, histogram
from hack.gen.errors import GenerationError
from hack.gen.observability.dashboard import (
    EMPTY,
    Dashboard,
    Panel,
    Query,
    Row,
    Variable,
    levels,
    quantiles,
    rates,
)
from hack.gen.observability.files import DASHBOARDS
from hack.gen.observability.sources import Source

SOURCE = Source(
    declared=(
        counter("done_total", "Done.", "who"),
        gauge("left", "Left.", "who"),
        histogram("took_seconds", "Took.", "who"),
    ),
    matcher='job=~"$job"',
)
DONE = Panel(title="Done", text="Done.", queries=(rates("done_total", "who"),))
LEFT = Panel(title="Left", text="Left.", queries=(levels("left", "who", legend="left"),))
TOOK = Panel(title="Took", text="Took.", queries=quantiles("took_seconds", "who"), empty="no work.")
DASHBOARD = Dashboard(
    name="d",
    title="D",
    sources=(SOURCE,),
    variables=(Variable(name="job", label="job", series="left"),),
    rows=(Row(title="One", panels=(DONE, LEFT, TOOK, DONE)),),
    unshown={},
)


def made(dashboard=DASHBOARD):
    """Return the page as Grafana reads it."""
    return json.loads(dashboard.json(description="made"))


def test_queries_carry_the_choices_of_the_page():
    """Each series is narrowed by the variables; legends name labels that are left."""
    targets = [target for panel in made()["panels"] for target in panel.get("targets", ())]

    assert {
        'sum by (who) (rate(done_total{job=~"$job"}[$__rate_interval]))': "{{who}}",
        'max by (who) (left{job=~"$job"})': "{{who}} left",
        "histogram_quantile(0.5, sum by (who, le) "
        '(rate(took_seconds_bucket{job=~"$job"}[$__rate_interval])))': "{{who}} median",
        "histogram_quantile(0.99, sum by (who, le) "
        '(rate(took_seconds_bucket{job=~"$job"}[$__rate_interval])))': "{{who}} p99",
    } == {target["expr"]: target["legendFormat"] for target in targets}


def test_a_panel_that_may_be_empty_says_why():
    """In its description; others say nothing of it."""
    described = {panel["title"]: panel.get("description") for panel in made()["panels"]}

    assert (f"Took. {EMPTY}no work.", "Left.") == (described["Took"], described["Left"])


def test_panels_do_not_overlap():
    """Rows are as wide as the page, and a panel that does not fit goes below."""
    taken = [
        (x, y)
        for panel in made()["panels"]
        for at in (panel["gridPos"],)
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]

    assert len(taken) == len({*taken})
    assert max(x for x, _ in taken) < 24


def test_a_figure_without_a_panel_is_told():
    """A new figure is shown, or named with the reason why not."""
    fewer = attrs.evolve(DASHBOARD, rows=(Row(title="One", panels=(DONE, TOOK)),))

    with pytest.raises(GenerationError, match="left without a panel"):
        made(fewer)
    made(attrs.evolve(fewer, unshown={"left": "nobody asks"}))
    with pytest.raises(GenerationError, match="'left' is excused and needs no excuse"):
        made(attrs.evolve(DASHBOARD, unshown={"left": "nobody asks"}))
    with pytest.raises(GenerationError, match="'other' is excused"):
        made(attrs.evolve(DASHBOARD, unshown={"other": "it is gone"}))


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (Query(expr="right", legend=""), "nobody tells 'right'"),
        (Query(expr="sum by (whom) (left)", legend=""), "no label 'whom'"),
        (Query(expr="sum by (who) (left)", legend="{{job}}"), "its result has no label 'job'"),
    ],
    ids=["series", "label", "legend"],
)
def test_a_panel_cannot_name_what_nobody_tells(query, says):
    """Neither a figure, nor a label of it, nor one that is summed up."""
    wrong = attrs.evolve(LEFT, queries=(query,))
    more = attrs.evolve(DASHBOARD, rows=(Row(title="One", panels=(DONE, LEFT, TOOK, wrong)),))

    with pytest.raises(GenerationError, match=says):
        made(more)


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.name)
def test_titles_are_unique(dashboard):
    """A panel can be told from all others of its page by its title."""
    titles = [panel.title for row in dashboard.rows for panel in row.panels]

    assert len(titles) == len({*titles})
