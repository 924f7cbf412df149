"""What the conditions of a scaler say after a look, and what a line of kubectl shows of it."""

import pytest

from controller.runtime.intent import TargetRef
from informers.meta.codec import convert
from reconcilers.vertice.api.scaler import VerticeScaler
from reconcilers.vertice.scaler.decision import decide
from reconcilers.vertice.scaler.guard import Guard
from reconcilers.vertice.scaler.listening import Figure
from reconcilers.vertice.scaler.memory import Memories
from reconcilers.vertice.scaler.reading.workloads import Scale
from reconcilers.vertice.scaler.schedule import InForce
from reconcilers.vertice.scaler.status import Findings, conditions, unable
from reconcilers.vertice.scaler.told import told
from reconcilers.vertice.scaler.votes import Heard
from tests.unit.reconcilers.vertice.scaler.test_decision import MISSING, asks, situation

WEB = TargetRef("apps", "Deployment", "shop", "web")
CLOCK = "schedule 0 8 * * 1-5 (floor 5)"
HEARD = Figure(heard=Heard(name="cpu", replicas=5), target="70%", current="70%")
UNHEARD = Figure(heard=Heard(name="external q", error="nobody answers"), target="1")
SCALER = convert(
    {
        "metadata": {"name": "web", "namespace": "shop", "generation": 1},
        "spec": {"target": {"kind": "Deployment", "name": "web"}, "maxReplicas": 20},
    },
    VerticeScaler,
)


def said(found, *figures, is_zeroed=False, **more):
    """Return the conditions of a situation, by type: status, reason and message."""
    guard = more.get("guard")
    account = told(
        found, decide(found), target=WEB, generation=1, guard="" if guard is None else guard.why
    )
    scale = Scale(uid="u", version="1", replicas=found.current, shown=found.current, selector="")
    findings = Findings(
        scaler=SCALER,
        scale=scale,
        account=account,
        figures=figures,
        memories=Memories(is_zeroed=is_zeroed),
        in_force=InForce(),
        **more,
    )
    return {each.type: (each.status, each.reason, each.message) for each in conditions(findings)}


def test_ready_says_how_the_decision_came_about():
    """One line of kubectl is enough while all is well."""
    found = said(situation(5, asks(7)), HEARD)

    assert ("True", "AsMeasured", "from 5 to 7 pods: cpu asks for 7") == found["Ready"]
    assert ("True", "Measured", "all that is listened to is heard") == found["ScalingActive"]


@pytest.mark.parametrize("word", ["Paused", "Frozen", "Preview"])
def test_ready_says_that_a_decision_is_held(word):
    """Nothing is wrong, and nothing was done."""
    found = said(situation(5, asks(7)), HEARD, guard=Guard(word, "somebody said so"))

    would = "would go from 5 to 7 pods: cpu asks for 7; held: somebody said so"
    assert ("True", word, would) == found["Ready"]
    assert ("True", "Withheld", "somebody said so") == found["AbleToScale"]


def test_ready_says_who_scales_as_well_and_what_happens_then():
    """Nothing there may be taken for done."""
    rival = "HorizontalPodAutoscaler x"
    guard = Guard("OwnedByAnother", f"{rival} scales the same target")
    found = said(situation(5, asks(7)), HEARD, rival=rival, guard=guard)

    status, reason, message = found["Ready"]
    assert ("False", "OwnedByAnother") == (status, reason)
    assert f"{rival} scales Deployment web, too" in message
    assert f"if that is {rival}, this one goes on from the pods that there are" in message


def test_ready_says_which_metric_cannot_be_read():
    """Also where the clock decides meanwhile."""
    found = said(situation(2, MISSING, least=5, by=CLOCK), UNHEARD)

    assert ("False", "MetricsMissing", "external q: nobody answers") == found["Ready"]
    assert ("True", "BySchedule") == found["ScalingLimited"][:2]


def test_who_listens_to_nothing_hears_nothing():
    """The clock needs no metric."""
    found = said(situation(5, least=5, by=CLOCK))

    assert ("True", "BySchedule", f"stays at 5 pods: by {CLOCK}") == found["Ready"]
    alone = "no metric is listened to: the clock alone decides"
    assert ("True", "NoMetrics", alone) == found["ScalingActive"]


@pytest.mark.parametrize("vote", [asks(7), MISSING])
def test_what_is_not_limited_is_told_without_a_word_of_metrics(vote):
    """It may be that none can be read."""
    found = said(situation(5, vote), HEARD)

    no = "neither a limit, a policy nor the schedule has the last word"
    assert ("False", "WithinLimits", no) == found["ScalingLimited"]


@pytest.mark.parametrize(
    ("found", "is_zeroed", "zeroed"),
    [
        (situation(5, asks(5)), False, ("False", "InUse", "there are pods")),
        (
            situation(0, asks(5)),
            False,
            (
                "False",
                "ScalingDisabled",
                "there are no pods, but it was not this scaler who took the last one",
            ),
        ),
        (
            situation(0, asks(5), least=0, is_zeroed=True),
            True,
            ("True", "Idle", "there are no pods as none were needed; they come back when some are"),
        ),
    ],
    ids=["pods", "others took them", "we took them"],
)
def test_who_took_the_last_pod_is_told(found, is_zeroed, zeroed):
    """One thing at a time."""
    assert zeroed == said(found, HEARD, is_zeroed=is_zeroed)["ScaledToZero"]


@pytest.mark.parametrize(("known", "current"), [(None, None), (4, 4)])
def test_what_cannot_be_done_leaves_the_pods_that_are_known(known, current):
    """A refused change is no reason to forget how many there are."""
    scale = (
        None if known is None else Scale(uid="u", version="1", replicas=9, shown=known, selector="")
    )
    status, found = unable(SCALER, "Refused", "no: ask again", scale)

    assert current == (status.current_replicas or None)
    assert {("False", "Refused", "no: ask again")} == {
        (each.status, each.reason, each.message) for each in found
    }
