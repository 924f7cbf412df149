"""Which status is worth a write: what happened, and what people wait for."""

import pytest
from msgspec.structs import replace

from informers.meta.codec import convert
from reconcilers.vertice.api.scaler import VerticeScalerStatus
from reconcilers.vertice.scaler.status import is_worth_telling

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
