"""A challenger is the champion with the change in it, and a label of its own."""

from pathlib import Path

import pytest
import yaml

from reconcilers.penin.cluster import desired
from reconcilers.penin.cluster.services import OMEGA_META
from reconcilers.penin.experiment import challenger
from reconcilers.penin.experiment.change import is_in, merged, patch
from reconcilers.penin.experiment.splitter import ReplicaSplitter, Wish
from tests.unit.reconcilers.penin.cluster.world import wanted
from tests.unit.reconcilers.penin.experiment.world import spec

GOLDEN = Path(__file__).with_name("challenger.yaml")


def children(change, *, replicas=1):
    """Return the children of a challenger, and what both arms are given."""
    champion = wanted()
    pair = challenger.pair(champion, OMEGA_META, patch(spec(challenger=change), champion.spec))
    made = challenger.children(
        champion, OMEGA_META, pair.challenger, replicas=replicas, deadline=60.0
    )
    return pair, made


def test_the_whole_challenger():
    """As it is applied, to the letter."""
    change = {"version": "1.0.0", "config": {"caosPlus": {"kappa": 25.0}}}
    _, made = children(change, replicas=2)

    assert list(yaml.safe_load_all(GOLDEN.read_text())) == made


def test_nothing_but_the_change_differs():
    """And what tells the two apart."""
    pair, _ = children({"resources": {"cpu": "2"}})
    champion, other = pair.champion.template, pair.challenger.template

    assert {"penin.ai/track": "champion"}.items() <= champion["metadata"]["labels"].items()
    assert {"penin.ai/track": "challenger"}.items() <= other["metadata"]["labels"].items()
    (one,), (two,) = (each["spec"]["containers"] for each in (champion, other))
    assert {"resources"} == {key for key in one if one[key] != two[key]}
    assert pair.champion.config == pair.challenger.config


def test_neither_workload_selects_the_others_pods():
    """But the Service of the champion selects both."""
    pair, (_, workload) = children({"version": "1.0.0"})
    champion = desired.deployment(wanted(), OMEGA_META, pair.champion, replicas=1)
    front = desired.service(wanted(), OMEGA_META)["spec"]["selector"].items()

    ours = workload["spec"]["selector"]["matchLabels"].items()
    theirs = champion["spec"]["selector"]["matchLabels"].items()
    assert not ours <= pair.champion.template["metadata"]["labels"].items()
    assert not theirs <= pair.challenger.template["metadata"]["labels"].items()
    assert front <= pair.champion.template["metadata"]["labels"].items()
    assert front <= pair.challenger.template["metadata"]["labels"].items()


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"version": "1.0.0"}, True),
        ({"version": "0.9.0"}, False),
        ({"resources": {"cpu": "250m"}}, False),
        ({"resources": {"cpu": "1"}}, True),
        ({"config": {"caosPlus": {"kappa": 20.0}}}, False),
        ({"config": {"caosPlus": {"kappa": 25.0}}}, True),
        ({"config": {}}, False),
    ],
    ids=str,
)
def test_a_change_of_nothing_is_seen(change, differs):
    """The name of its settings alone makes no difference."""
    assert differs == children(change)[0].differs


def test_a_promotion_makes_the_champion_what_was_tried():
    """The same image, settings and resources, by the cluster's own rendering."""
    change = {
        "version": "1.0.0",
        "config": {"caosPlus": {"kappa": 25.0}},
        "resources": {"memory": "1Gi"},
    }
    pair, _ = children(change)
    before = wanted()
    body = patch(spec(challenger=change), before.spec)
    after = type(before)(
        cluster="a",
        spec=merged(before.spec, body),
        secrets={},
        configs={},
        redis_password=before.redis_password,
    )
    promoted = desired.parts(after)["omegaMeta"]

    assert pair.challenger.config == promoted.config
    assert pair.challenger.template["spec"]["containers"] == promoted.template["spec"]["containers"]
    assert is_in(after.spec, body)
    assert not is_in(before.spec, body)


@pytest.mark.parametrize(
    ("champions", "weight", "replicas", "reached"),
    [
        (1, 20, 1, 50),
        (4, 20, 1, 20),
        (10, 20, 3, 23),
        (9, 10, 1, 10),
        (3, 50, 3, 50),
        (100, 1, 1, 1),
    ],
)
def test_whole_pods_come_near_the_weight(champions, weight, replicas, reached):
    """The champion keeps its pods; there is one challenger at least."""
    wish = Wish(address="a-omega-meta", port=8010, champions=champions, weight=weight)

    split = ReplicaSplitter().desired(wish)

    assert (replicas, reached) == (split.replicas, round(split.reached))
    assert (None, False, ()) == (split.share, split.sticky, tuple(split.objects))
