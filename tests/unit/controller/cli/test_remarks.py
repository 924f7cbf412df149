"""What is said beside the verdict: of pauses, of other conditions, of what is below."""

import pytest

from controller.cli.causes import Evidence
from controller.cli.story import tell
from tests.unit.controller.cli.made import NOW, condition, printed, thing, tree, unschedulable


@pytest.mark.parametrize(
    ("root", "remark"),
    [
        (
            thing("PeninOmegaCluster", "a", annotations={"pentad.dev/paused": "true"}),
            "it is paused",
        ),
        (
            thing("PeninOmegaCluster", "a", generation=3, status={"observedGeneration": 2}),
            "the manager has not seen the newest change yet (generation 3, seen 2)",
        ),
    ],
    ids=["paused", "unseen"],
)
def test_remarks(root, remark):
    """What is good to know before anything else is read."""
    assert remark in printed(root)


def test_a_change_of_what_is_paused_waits_for_the_end_of_the_pause():
    """Not for a manager that may not run: it has said that it leaves the object alone."""
    why = "nothing is changed or repaired until the annotation pentad.dev/paused goes: Ana"
    status = {
        "observedGeneration": 2,
        "conditions": [
            condition("Ready", "True", seconds=90),
            condition("Paused", "True", "PausedByAnnotation", why),
        ],
    }
    root = thing(
        "PeninOmegaCluster",
        "a",
        generation=3,
        annotations={"pentad.dev/paused": "true"},
        status=status,
    )
    waits = "Paused: generation 3 waits for the end of the pause, the status speaks of 2"

    expected = f"""\
PeninOmegaCluster/a is not ready: {waits}
  it is paused for 30s: {why}
  to resume: kubectl annotate peninaomegaclusters.penin.ai a -n default pentad.dev/paused-"""
    assert expected == printed(root)


def test_a_pause_that_nobody_confirms_explains_no_unseen_change():
    """Then the manager may well be down."""
    root = thing(
        "PeninOmegaCluster",
        "a",
        generation=3,
        annotations={"pentad.dev/paused": "true"},
        status={"observedGeneration": 2},
    )

    assert "is it running?" in printed(root)


@pytest.mark.parametrize(
    ("said", "remarks"),
    [
        (
            condition("LedgerReady", "False", "StorageClassCannotChange", "take it back"),
            ["LedgerReady is False: StorageClassCannotChange: take it back"],
        ),
        (
            condition("Degraded", "True", "RolledBack", "change the spec"),
            ["Degraded is True: RolledBack: change the spec"],
        ),
        (condition("Degraded", "False", "AsExpected", "nothing is wrong"), []),
        (condition("Progressing", "False", "Settled", "no change is on its way"), []),
        (condition("LedgerReady", "False", "TurnedOff", "it is not wanted"), []),
        (condition("LedgerReady", "True", "Bound", "claim a-ledger: 10Gi"), []),
        (condition("Paused", "False", "Resumed", "it is looked after again"), []),
    ],
    ids=lambda each: f"{each['type']}-{each['reason']}" if isinstance(each, dict) else "",
)
def test_what_is_wrong_with_something_ready_is_told(said, remarks):
    """Its other conditions may know of more than Ready; what is as wanted is left out."""
    root = thing(
        "PeninOmegaCluster", "a", status={"conditions": [condition("Ready", "True"), said]}
    )

    assert remarks == tell(tree(root), Evidence(), now=NOW).remarks


@pytest.mark.parametrize(
    ("said", "remarks"),
    [
        (condition("ScaledToZero", "True", "Idle", "none were needed"), []),
        (condition("ScalingLimited", "True", "BySchedule", "2 to 10 pods"), []),
        (condition("ScalingLimited", "True", "AtMinimum", "2 pods"), []),
        (
            condition("ScalingLimited", "True", "AtMaximum", "20 pods"),
            ["ScalingLimited is True: AtMaximum: 20 pods"],
        ),
    ],
    ids=lambda each: each["reason"] if isinstance(each, dict) else "",
)
def test_a_scaler_that_does_as_it_was_told_is_well(said, remarks):
    """Its clock and its limits are what people wrote; that more is wanted is worth a word."""
    root = thing("VerticeScaler", "a", status={"conditions": [condition("Ready", "True"), said]})

    assert remarks == tell(tree(root), Evidence(), now=NOW).remarks


def test_what_the_verdict_says_is_no_remark():
    """A cluster whose pods are missing says so in Degraded as well."""
    said = [
        condition("Ready", "False", "ServicesNotReady", "Σ-Guard: 0 of 1"),
        condition("Degraded", "True", "PodsNotReady", "Σ-Guard: 0 of 1"),
    ]
    root = thing("PeninOmegaCluster", "a", status={"conditions": said})

    assert [] == tell(tree(root), Evidence(), now=NOW).remarks


def test_of_kinds_of_others_false_may_be_good_news():
    """Nothing is known of their conditions, but for Degraded."""
    said = [condition("MemoryPressure", "False", "x"), condition("Degraded", "True", "y")]

    remarks = tell(
        tree(thing("ConfigMap", status={"conditions": said})), Evidence(), now=NOW
    ).remarks

    assert ["Degraded is True: y"] == remarks


def test_children_that_are_not_ready_below_one_that_is():
    """They are told, too."""
    root = thing("PeninOmegaCluster", "a", status={"conditions": [condition("Ready", "True")]})

    found = printed(root, unschedulable("p", owner="PeninOmegaCluster/a"))

    assert "objects below it that are not ready all the same: 1" in found
    assert "1. Pod/p has no node" in found
