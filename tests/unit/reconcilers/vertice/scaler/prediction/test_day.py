"""A day of looks at one load, with a forecast and without: what it is good for, and what it costs.

Pods take ten minutes to be of use, and look after ten requests each. A load that comes by nine in
the morning is not seen by what is measured before it is there.
"""

import math
import random

import attrs
import pytest
from msgspec import UNSET

from informers.meta.codec import convert
from reconcilers.vertice.api.scaler import VerticeScaler
from reconcilers.vertice.scaler.decision import decide, remembered
from reconcilers.vertice.scaler.groups import SECOND
from reconcilers.vertice.scaler.history import Past
from reconcilers.vertice.scaler.listening import answered, tolerance
from reconcilers.vertice.scaler.prediction.model import Point, Recent
from reconcilers.vertice.scaler.prediction.outlook import Learnt, outlook
from reconcilers.vertice.scaler.prediction.plan import DAY
from reconcilers.vertice.scaler.votes import Absence, Memory, vote
from tests.unit.reconcilers.vertice.scaler.prediction.histories import DAILY, history, learn
from tests.unit.reconcilers.vertice.scaler.test_decision import situation
from tests.unit.reconcilers.vertice.scaler.world import workload

MIDNIGHT = 1_700_006_400
START = 600
LOOK = 60
NINE, FIVE = 9 * 3600, 17 * 3600
SPEC = {
    "target": {"kind": "Deployment", "name": "web"},
    "maxReplicas": 100,
    "metrics": [{"type": "external", "external": {"query": "sum(q)", "target": "10"}}],
    "prediction": {"mode": "Active", "season": "1d", "historyDays": 14},
}
SCALER = convert({"metadata": {"name": "web"}, "spec": SPEC}, VerticeScaler)


def office(moment):
    """Return what people ask for: they come within a quarter of an hour, and go within one."""
    hour = moment % DAY
    there = 1 / (1 + math.exp((NINE - hour) / 180)) - 1 / (1 + math.exp((FIVE - hour) / 180))
    return 50 + 300 * there


@attrs.frozen
class Day:
    """Requests that no pod was there for, in pod minutes; pod minutes in all; and changes."""

    lacking: float
    paid: float
    changes: int


def day(chance, *, foresees):
    """Return how a day went."""
    noisy = {}

    def measured(moment):
        noisy.setdefault(moment, office(moment) * chance.gauss(1, 0.03))
        return noisy[moment]

    model = learn(history(lambda at: [measured(each) for each in at], DAILY, end=MIDNIGHT), DAILY)
    recent, past, replicas = Recent(), Past(), [6] * (START // LOOK + 1)
    recent.correct(model.last_hour)
    lacking, paid, changes = 0.0, 0.0, 0
    for now in range(MIDNIGHT, MIDNIGHT + DAY, LOOK):
        value = measured(now)
        recent.add(Point(now, value), step=300)
        learnt = Learnt(model=model, last_hour=recent.within(now))
        found = _decision(replicas[-1], value, learnt if foresees else None, past, now)
        decision = decide(found)
        past = remembered(found, decision)
        changes += decision.replicas != replicas[-1]
        replicas.append(decision.replicas)
        of_use = min(replicas[-START // LOOK - 1 :])
        lacking += max(0.0, office(now) / 10 - of_use)
        paid += replicas[-1]
    return Day(lacking, paid, changes)


def _decision(current, value, learnt, past, now):
    """Return what a decision follows from at a look."""
    made, metric = workload(current), SCALER.spec.metrics[0]
    figure = answered(metric, made, round(value * 1000), tolerated=tolerance(UNSET))
    said = vote(figure.heard, Absence(), Memory(), now=now * SECOND, window=0)
    predicted = None
    if learnt is not None:
        foreseen = outlook(SCALER, metric, figure, made, learnt, now=now)
        assert "Acting" == foreseen.told.reason, foreseen.told
        predicted = foreseen.replicas
    return situation(
        current, said, most=100, behaviour=None, past=past, now=now * SECOND, predicted=predicted
    )


@pytest.mark.parametrize("seed", range(3))
def test_with_a_forecast_pods_are_there_in_time(seed):
    """A good deal fewer lack, for little more in all, and the number changes no more often."""
    without = day(random.Random(seed), foresees=False)
    foreseen = day(random.Random(seed), foresees=True)
    told = f"seed {seed}: {without} {foreseen}"

    assert foreseen.lacking < without.lacking / 3, told
    assert foreseen.paid < 1.1 * without.paid, told
    assert foreseen.changes < 1.2 * without.changes, told
