"""Every name of an expression is looked up, and a wrong one stops the generator."""

import pytest

from hack.gen.errors import GenerationError
from hack.gen.observability import promql

KNOWN = {
    "a_total": ("job", "who"),
    "b": ("job", "who", "what"),
    "h_bucket": ("job", "le"),
    "h_sum": ("job",),
}


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("b", {"b"}),
        ("time() - b", {"b"}),
        ('sum by (who) (rate(a_total{job=~"x|y"}[5m])) / 3e2 > 0.5', {"a_total"}),
        ("max by (who) (b) - on (who) sum by (who) (a_total offset 1h)", {"a_total", "b"}),
        (
            "histogram_quantile(0.9, sum by (job, le) (rate(h_bucket[$__rate_interval])))",
            {"h_bucket"},
        ),
        ('absent(b{what="a_total"}) or b == bool 1', {"b"}),
        ("sum by (job) (max by (job, who) (b))", {"b"}),
        ("b * on (job) group_left (what) h_sum", {"b", "h_sum"}),
        ("1 + 2", set()),
    ],
)
def test_series_are_found(expression, named):
    """Functions, words, labels, numbers, ranges and texts are none."""
    assert named == promql.series(expression, KNOWN)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("rate(c_total[5m])", "nobody tells 'c_total'"),
        ("h", "nobody tells 'h'"),
        ('b{wher="x"}', "'b' has no label 'wher'.*it has job, who, what"),
        ('b{job="x",wher!~"y"}', "no label 'wher'"),
        ("sum by (what) (a_total)", "'a_total' has no label 'what'"),
        ("sum by (what) (b) / sum by (what) (a_total)", "'a_total' has no label 'what'"),
        ("sum by (job) (sum by (who) (h_sum))", "'h_sum' has no label 'who'"),
        ("b / on (nothing) a_total", "no label 'nothing'"),
        ("sum without (job) (b)", "'without' keeps labels"),
        ("b / ignoring (job) b", "'ignoring' keeps labels"),
        ("smu(b)", "'smu' is not known"),
        ("sum by (job) (b", "a parenthesis is missing"),
    ],
)
def test_a_wrong_name_is_told_with_the_expression(expression, says):
    """And with what there is instead."""
    with pytest.raises(GenerationError, match=says) as raised:
        promql.series(expression, KNOWN)

    assert expression == raised.value.where


@pytest.mark.parametrize(
    ("expression", "left"),
    [
        ("b", {"job", "who", "what"}),
        ("rate(a_total[5m])", {"job", "who"}),
        ("sum by (who) (b) / sum by (who) (a_total)", {"who"}),
        ("sum(b)", {"job", "who", "what"}),
    ],
)
def test_labels_that_are_left(expression, left):
    """Those it is summed up by; else all that there may be."""
    assert left == promql.output_labels(expression, KNOWN)


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("b", 'b{job="$j"}'),
        ('b{who="a_total"} + b[5m]', 'b{job="$j",who="a_total"} + b{job="$j"}[5m]'),
        ("sum by (b) (a_total)", "sum by (b) (a_total)"),
    ],
)
def test_a_matcher_is_added_to_each_series(expression, chosen):
    """To those that have one to be added, beside those they have."""
    found = promql.select(expression, {"b": 'job="$j"'})

    assert chosen == found or expression == "sum by (b) (a_total)"
