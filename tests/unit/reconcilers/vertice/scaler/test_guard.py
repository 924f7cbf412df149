"""What keeps a decision from being carried out, and which of several is told."""

import datetime as dt

import pytest

from controller.runtime.intent import Intent, TargetRef
from informers.meta.codec import convert
from reconcilers.vertice.api.scaler import VerticeScalerSpec
from reconcilers.vertice.scaler.guard import Guard, guarding

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
FREEZE = Intent(
    target=TargetRef("apps", "Deployment", "shop", "web"),
    holder="failover",
    why="a replica is promoted",
    renewed=NOW,
    until=NOW + dt.timedelta(minutes=1),
)
FROZEN = Guard("Frozen", "failover asked to leave it alone: a replica is promoted")
PREVIEW = Guard("Preview", "spec.preview is on")


def paused(direction):
    """Return the guard that a pause is."""
    return Guard("Paused", f"spec.pause is {direction}")


@pytest.mark.parametrize(
    ("spec", "change", "given", "guard"),
    [
        ({}, 1, {}, None),
        ({"pause": "Up"}, 1, {}, paused("Up")),
        ({"pause": "Up"}, -1, {}, None),
        ({"pause": "Down"}, -1, {}, paused("Down")),
        ({"pause": "Both"}, -1, {}, paused("Both")),
        ({"pause": "Both", "preview": True}, 1, {"frozen": FREEZE}, paused("Both")),
        ({"preview": True}, 1, {"frozen": FREEZE}, FROZEN),
        ({"preview": True}, 1, {}, PREVIEW),
        ({"pause": "Both", "preview": True}, 0, {"frozen": FREEZE}, None),
        (
            {"pause": "Both"},
            0,
            {"rival": "HorizontalPodAutoscaler x"},
            Guard("OwnedByAnother", "HorizontalPodAutoscaler x scales the same target"),
        ),
    ],
)
def test_what_holds_a_change_is_told(spec, change, given, guard):
    """Where there is nothing to change, only who scales as well is worth a word."""
    least = {"target": {"kind": "Deployment", "name": "web"}, "maxReplicas": 9}
    wanted = convert({**least, **spec}, VerticeScalerSpec)

    assert guard == guarding(wanted, change, **{"rival": "", "frozen": None, **given})
