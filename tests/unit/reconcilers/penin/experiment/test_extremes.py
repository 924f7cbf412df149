"""Pods that tell absurd figures: nothing fails, and nothing that is kept is not a number."""

import math

import pytest

from informers.meta.codec import encode
from reconcilers.penin.api.evidence import ExperimentState, Sums
from reconcilers.penin.api.experiment import PeninExperiment, Primary
from reconcilers.penin.experiment import counters, sequence, status
from reconcilers.penin.experiment.guards import Pods
from reconcilers.penin.experiment.progress import Why
from reconcilers.penin.experiment.reading import reading
from reconcilers.penin.experiment.verdict import Decision, Terms, decide
from reconcilers.penin.metrics.exposition import parse
from tests.unit.reconcilers.penin.experiment.world import made

PRIMARY = Primary(type="histogram", metric="q", minimum_effect=0.1)
PODS = Pods(champion=1, challenger=1)


def read(number: str):
    """Return what is read of a pod whose figures all are this."""
    lines = ("q_sum", "q_count", 'http_requests_total{code="200"}', "http_requests_total")
    return reading(parse("".join(f"{line} {number}\n" for line in lines)), PRIMARY)


@pytest.mark.parametrize("number", ["1e308", "1e200", "1e61", "1e60", "1e-60", "1e-320", "+Inf"])
def test_absurd_figures_are_added_up_or_left_out(number):
    """Of counters that rise from nothing to it."""
    state, terms = ExperimentState(elapsed=1.0), Terms.of(made().spec)
    for figure in ("0", number, "0", number):
        state = counters.measured(
            state, PRIMARY, champion={"a": read(figure)}, challenger={"b": read(figure)}
        )
        decide(terms, state, pods=PODS)

    assert b"null" not in encode(state)


@pytest.mark.parametrize("mean", [0.0, 1.0])
def test_what_is_always_so_may_still_be_otherwise(mean):
    """However often it was counted."""
    count = 1e18
    sums = Sums(batches=9, count=count, total=0.0, shift=mean, weights=count * count)

    assert 0 < sequence.variance(sums, binary=True) < math.inf


def test_what_others_said_is_cut_to_what_a_status_takes():
    """The API server refuses a longer one, again and again."""
    told = "x" * 5000
    experiment: PeninExperiment = made()

    waiting = status.waiting(experiment, Why("Refused", told))
    assert len(waiting.message) == 2048
    over = status.complete(experiment, Decision("Lose", "GuardFailed", told * 10))
    assert len(over.message) == 32768
