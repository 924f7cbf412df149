"""The single fields of a change."""

import pytest

from informers.meta import codec
from reconcilers.penin.api.proposal import Change
from reconcilers.penin.proposal import fields


def change(**content):
    """Return a change as a user writes it."""
    return codec.convert(content, Change)


def test_a_change_is_its_leaves():
    """Only what is named, with its value as it is written."""
    made = change(replicas={"acfaLeague": 2}, resources={"omegaMeta": {"cpu": "750m"}})

    assert {"replicas.acfaLeague": 2, "resources.omegaMeta.cpu": "750m"} == fields.leaves(made)


def test_leaves_become_a_tree_again():
    """With nothing beside them."""
    tree = {"config": {"caosPlus": {"kappa": 25.0}}, "replicas": {"omegaMeta": 2}}

    assert tree == fields.nested(dict(fields.flat(tree)))


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("replicas.*", "replicas.sigmaGuard", True),
        ("replicas.*", "replicas", False),
        ("config.*", "config.caosPlus.kappa", True),
        ("resources.*.cpu", "resources.omegaMeta.cpu", True),
        ("resources.*.cpu", "resources.omegaMeta.memory", False),
        ("replicas.sigmaGuard", "replicas.sigmaGuard", True),
        ("replicas.sigma", "replicas.sigmaGuard", False),
        ("*", "config.budgetDailyUsd", True),
    ],
)
def test_patterns(pattern, path, fits):
    """A star is one name, at the end all below."""
    assert fits == fields.covers(pattern, path)


def test_the_most_exact_pattern_counts():
    """Fewer stars first, then more names."""
    patterns = ["*", "config.*", "config.caosPlus.*", "config.caosPlus.kappa"]

    assert "config.caosPlus.kappa" == fields.most_exact(patterns, "config.caosPlus.kappa")
    assert "config.caosPlus.*" == fields.most_exact(patterns, "config.caosPlus.maxBoost")
    assert "config.*" == fields.most_exact(patterns, "config.budgetDailyUsd")
    assert fields.most_exact(patterns[1:], "replicas.omegaMeta") is None


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        ("1000m", 1, True),
        ("1Gi", "1024Mi", True),
        (2, 3, False),
        (20.0, 20, True),
        (None, 1, False),
    ],
)
def test_amounts_are_compared_as_such(one, other, are_same):
    """However they are written."""
    assert are_same == fields.same(one, other)
