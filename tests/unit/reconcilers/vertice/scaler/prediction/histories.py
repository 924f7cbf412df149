"""Histories as tests make them up: seasons, noise, walks, and gaps in them."""

import datetime as dt
import math
from array import array

from reconcilers.vertice.api.prediction import Prediction
from reconcilers.vertice.scaler.prediction.learning import learned
from reconcilers.vertice.scaler.prediction.plan import DAY, Plan
from reconcilers.vertice.scaler.reading.matrix import Series

WEEKLY = Prediction()
DAILY = Prediction(season="1d", history_days=14)
END = 1_700_000_100
"""A Tuesday, 22:15 in UTC."""


def plan(wanted=WEEKLY):
    """Return a plan."""
    return Plan.of(wanted)


def history(values, wanted=WEEKLY, *, end=END):
    """Return a history; `values` is a function from moments to numbers."""
    span = plan(wanted).span(dt.datetime.fromtimestamp(end, dt.UTC))
    moments = range(span.first, span.last + 1, span.step)
    return Series(span, array("d", values(moments)))


def learn(values, wanted=WEEKLY):
    """Return the model of a history."""
    found = values if isinstance(values, Series) else history(values, wanted)
    slices = learned(found, plan(wanted))
    while True:
        try:
            next(slices)
        except StopIteration as end:
            return end.value


def load(moment):
    """Return what people ask for: little at night, and half as much at the weekend."""
    weekend = 0.5 if moment // DAY % 7 in {2, 3} else 1
    return weekend * (110 + 90 * math.sin(2 * math.pi * moment / DAY))


def weekly(chance, *, noise=0.05, growth=0.0):
    """Return that, with noise, and more of it each week."""

    def values(moments):
        return [
            max(0.0, load(each) * (1 + growth * (each - END) / (7 * DAY)))
            * max(0.0, 1 + chance.gauss(0, noise))
            for each in moments
        ]

    return values


def white(chance):
    """Return noise around a level."""
    return lambda moments: [max(0.0, chance.gauss(100, 20)) for _ in moments]


def walk(chance):
    """Return a random walk."""

    def values(moments):
        found = [1000.0]
        for _ in moments[1:]:
            found.append(max(0.0, found[-1] + chance.gauss(0, 3)))
        return found

    return values


def noisy_walk(chance):
    """Return a slow walk that is measured badly: whoever smoothes is better than who does not."""

    def values(moments):
        return [max(0.0, each + chance.gauss(0, 40)) for each in walk(chance)(moments)]

    return values


def wandering(chance):
    """Return what wanders off and always comes back."""

    def values(moments):
        found = [0.0]
        for _ in moments[1:]:
            found.append(0.98 * found[-1] + chance.gauss(0, 10))
        return [max(0.0, 200 + each) for each in found]

    return values


def bursts(chance):
    """Return bursts at any time, each as long as another."""

    def values(moments):
        left, found = 0, []
        for _ in moments:
            left = 30 if not left and chance.random() < 0.003 else max(0, left - 1)
            found.append(500.0 if left else 10.0)
        return found

    return values
