"""What is told of a forecast, and when it may act; the first thing that is missing has the word."""

import attrs
import pytest
from msgspec import UNSET

from informers.meta.codec import convert
from reconcilers.vertice.api.scaler import VerticeScaler
from reconcilers.vertice.scaler.listening import answered, tolerance, unheard
from reconcilers.vertice.scaler.prediction.forecasts import place_of
from reconcilers.vertice.scaler.prediction.outlook import Learnt, outlook
from reconcilers.vertice.scaler.prediction.plan import DAY
from reconcilers.vertice.scaler.prediction.score import Score
from tests.unit.reconcilers.vertice.scaler.prediction.test_model import (
    MIDNIGHT,
    QUIET,
    hour,
    model,
)
from tests.unit.reconcilers.vertice.scaler.world import workload

CPU = {"type": "cpu", "target": {"averageUtilization": 70}}
QUERY = {"type": "external", "external": {"query": "sum(q)", "target": "10"}}
PEAK = model({15: 80})
KNOWN = Learnt(model=PEAK, last_hour=QUIET)


def scaler(*metrics, **prediction):
    """Return a scaler that foresees what its query will be."""
    spec = {
        "target": {"kind": "Deployment", "name": "web"},
        "maxReplicas": 20,
        "metrics": list(metrics) or [QUERY],
        "prediction": {"mode": "Active", **prediction},
    }
    return convert({"metadata": {"name": "web", "namespace": "ns"}, "spec": spec}, VerticeScaler)


def seen(learnt=KNOWN, *, pods=2, error="", now=MIDNIGHT, **prediction):
    """Return what is foreseen at a look that found an answer of 10, or an error."""
    found, made = scaler(**prediction), workload(pods)
    metric = found.spec.metrics[0]
    figure = (
        unheard(metric, error)
        if error
        else answered(metric, made, 10_000, tolerated=tolerance(UNSET))
    )
    return outlook(found, metric, figure, made, learnt, now=now)


def test_a_forecast_that_may_act_asks_for_pods():
    """As many as its most would ask for if it were the answer."""
    found = seen()

    assert 8 == found.replicas
    told = found.told
    assert (True, "Acting", "80", 8) == (told.acting, told.reason, told.forecast, told.replicas)
    assert "2023-11-15T00:15:00Z" == str(told.at)
    assert (0.5, 1, 2, 2, 9) == (
        told.score,
        told.error,
        told.naive_error,
        told.plain_error,
        told.points,
    )
    assert "80 is foreseen: 8 pods, unless more are asked for" == told.message


WORSE = attrs.evolve(PEAK, score=Score(error=5, naive=6, plain=5.2, points=9))
AS_LAST_WEEK = attrs.evolve(PEAK, score=Score(error=5, naive=5, plain=6, points=9))


@pytest.mark.parametrize(
    ("found", "reason", "words"),
    [
        (lambda: seen(mode="Preview"), "Preview", "8 pods; it would act with prediction.mode Act"),
        (
            lambda: seen(Learnt(model=WORSE, last_hour=QUIET)),
            "NotBetter",
            "its error of 5 is not a tenth below the 5.2 of a guess that knows no seasons",
        ),
        (
            lambda: seen(Learnt(model=AS_LAST_WEEK, last_hour=QUIET)),
            "NotBetter",
            "not a tenth below the 5 of the same time a season before, so it is only told",
        ),
        (lambda: seen(pods=0), "NoPods", "wakes no workload"),
        (lambda: seen(error="no answer"), "MetricMissing", "cannot be read: no answer"),
        (
            lambda: seen(Learnt(model=PEAK, last_hour=hour(1, 2))),
            "MetricMissing",
            "there are not 3 measurements of the last hour",
        ),
        (lambda: seen(Learnt()), "Learning", "is being read"),
        (lambda: seen(Learnt(lack="for 2 days")), "NotEnoughHistory", "for 2 days"),
        (lambda: seen(Learnt(failure="refused")), "HistoryUnreadable", "cannot be read: refused"),
        (
            lambda: seen(attrs.evolve(KNOWN, failure="refused"), now=MIDNIGHT + DAY),
            "HistoryUnreadable",
            "refused",
        ),
    ],
    ids=[
        "a preview",
        "a guess is as good",
        "last week is as good",
        "no pods",
        "no answer",
        "no last hour",
        "no model yet",
        "too little",
        "never read",
        "read too long ago",
    ],
)
def test_what_may_not_act_says_why(found, reason, words):
    """And asks for nothing, whatever it foresees."""
    outlook = found()

    assert (reason, False, None) == (outlook.told.reason, outlook.told.acting, outlook.replicas)
    assert words in outlook.told.message


def test_what_may_not_act_is_foreseen_all_the_same():
    """So that it can be judged."""
    for found in (seen(mode="Preview"), seen(Learnt(model=WORSE, last_hour=QUIET)), seen(pods=0)):
        assert ("80", 8) == (found.told.forecast, found.told.replicas)


def test_while_a_history_cannot_be_read_the_last_model_goes_on():
    """For a day; that it is an old one is said."""
    found = seen(attrs.evolve(KNOWN, failure="refused"), now=MIDNIGHT)

    assert "Acting" == found.told.reason
    assert found.told.message.endswith("; the history could not be read again: refused")


def test_what_is_too_long_for_a_status_is_cut():
    """A server may complain at length."""
    assert 512 == len(seen(Learnt(failure="x" * 1024)).told.message)


@pytest.mark.parametrize(
    ("metrics", "prediction", "place"),
    [((CPU, QUERY), {}, 1), ((QUERY, CPU, QUERY), {"metric": 2}, 2), ((CPU,), {}, None)],
    ids=["the only query", "the named one", "none, in a spec of before the rule"],
)
def test_which_metric_is_foreseen(metrics, prediction, place):
    """The one that is named, or the only one that has a history."""
    assert place == place_of(scaler(*metrics, **prediction))
