"""Which status is worth a write: what happened, and what people wait for."""

import pytest
from msgspec.structs import replace

from informers.meta.codec import convert
from informers.meta.microtime import MicroTime
from reconcilers.vertice.api.scaler import VerticeScalerStatus
from reconcilers.vertice.scaler.decision import decide
from reconcilers.vertice.scaler.groups import SECOND
from reconcilers.vertice.scaler.status import is_worth_telling
from reconcilers.vertice.scaler.told import told
from tests.unit.reconcilers.vertice.scaler.test_decision import NOW, asks, situation
from tests.unit.reconcilers.vertice.scaler.test_told import WEB

TOLD = convert(
    {
        "currentReplicas": 3,
        "desiredReplicas": 3,
        "decision": {
            "at": "2030-01-01T00:00:00.000000Z",
            "current": 3,
            "replicas": 3,
            "bounds": {"least": 1, "most": 9, "by": "spec"},
            "reason": "AsMeasured",
            "message": "",
        },
        "prediction": {
            "metric": "external q",
            "acting": False,
            "reason": "Preview",
            "message": "",
            "forecast": "10",
            "replicas": 3,
        },
    },
    VerticeScalerStatus,
)


@pytest.mark.parametrize(
    ("change", "is_told"),
    [
        ({}, False),
        ({"forecast": "11", "replicas": 4}, False),
        ({"reason": "Acting", "acting": True}, True),
        ({"reason": "NotBetter"}, True),
    ],
    ids=["nothing", "a figure", "it acts now", "it would not any more"],
)
def test_what_is_foreseen_is_news_when_its_reason_changes(change, is_told):
    """Its figures change at every look, and wait for the next minute."""
    after = replace(TOLD, prediction=replace(TOLD.prediction, **change))

    assert is_told == is_worth_telling(TOLD, after, ())


@pytest.mark.parametrize(
    ("seconds", "is_told"),
    [(0, False), (59, False), (60, True), (-1, True), (-(10**9), True)],
    ids=["at once", "soon", "a minute later", "the clock went back", "it was years ahead"],
)
def test_what_is_no_news_is_told_once_a_minute(seconds, is_told):
    """Nor does a clock that was ahead keep it from being told."""
    found = situation(5, asks(5))
    account = told(found, decide(found), target=WEB, generation=1)
    before = VerticeScalerStatus(observed_generation=1, decision=account)
    at = MicroTime(NOW + seconds * SECOND)
    after = replace(before, decision=replace(account, at=at))

    assert is_told == is_worth_telling(before, after, ())
