"""Thousands of simulated experiments, looked at after every reading: how often verdicts are wrong.

Each is judged by `decide` itself, from sums as the reconciler keeps them. The seeds are fixed, so
the figures are the same on every machine.
"""

import random
from collections import Counter

import pytest
from msgspec.structs import replace

from reconcilers.penin.api.evidence import ArmState, ExperimentState, Sums
from reconcilers.penin.experiment import sequence
from reconcilers.penin.experiment.guards import Pods
from reconcilers.penin.experiment.verdict import Terms, decide
from tests.unit.reconcilers.penin.experiment.world import Binomial, spec

RUNS = 2000
LOOKS = 150
ALPHA = 0.05
PODS = Pods(champion=4, challenger=1)
AT_ONCE = {"minimumDuration": "0s", "maximumDuration": "1000h", "minimumSamples": 100}
"""No look is spared by waiting."""


def simulated(terms, draw, *, runs=RUNS, looks=LOOKS, seed=1):
    """Count the verdicts; `draw` makes both arms' (total, count), champion first."""
    rng = random.Random(seed)
    verdicts = Counter()
    for _ in range(runs):
        champion = challenger = Sums()
        decision = None
        for look in range(1, looks + 1):
            one, two = draw(rng)
            champion, challenger = sequence.add(champion, *one), sequence.add(challenger, *two)
            found = ExperimentState(
                elapsed=30.0 * look,
                champion=ArmState(primary=champion, errors=failures(champion, terms)),
                challenger=ArmState(primary=challenger, errors=failures(challenger, terms)),
            )
            decision = decide(terms, found, pods=PODS)
            if decision is not None:
                break
        verdicts["open" if decision is None else decision.verdict] += 1
    return verdicts


def failures(sums, terms):
    """Return the errors that belong to these successes, where a guard looks at them."""
    if not terms.checks or not sums.batches:
        return Sums()
    shift = 1 - sums.shift
    return replace(sums, total=-sums.total, products=-sums.products, shift=shift)


def successes(champion, challenger, *, requests=(400, 100)):
    """Return a draw of successes, from how likely an error is in each arm."""
    one, two = (
        Binomial.of(number, chance)
        for number, chance in zip(requests, (champion, challenger), strict=True)
    )
    return lambda rng: (
        (requests[0] - one.draw(rng), requests[0]),
        (requests[1] - two.draw(rng), requests[1]),
    )


def bursts(rng):
    """Draw successes of requests that fail together: one interval in ten is a bad one."""
    return tuple(
        (number - sum(rng.random() < chance for _ in range(number)), number)
        for number in (20, 10)
        for chance in ((0.3 if rng.random() < 0.1 else 0.01),)
    )


def durations(rng):
    """Draw sums of exponential durations: four for the champion, one for the challenger."""
    return (rng.gammavariate(4, 1), 4), (rng.expovariate(1), 1)


def gauges(rng):
    """Draw readings of four pods and of one."""
    return (4 * rng.gauss(0.85, 0.05), 4), (rng.gauss(0.85, 0.1), 1)


GUARDS = [{"metric": "errorRatio", "margin": 0.02}]
SAME = {
    "successes": ({"primary": {"minimumEffect": 0.003}}, successes(0.02, 0.02)),
    "successes, with a guard": (
        {"primary": {"minimumEffect": 0.003}, "guards": GUARDS},
        successes(0.02, 0.02),
    ),
    "few successes": (
        {"primary": {"minimumEffect": 0.02}},
        successes(0.02, 0.02, requests=(40, 10)),
    ),
    "bursts": ({"primary": {"minimumEffect": 0.05}}, bursts),
    "durations": (
        {"primary": {"type": "histogram", "metric": "d", "minimumEffect": 0.25}},
        durations,
    ),
    "gauges": ({"primary": {"type": "gauge", "metric": "g", "minimumEffect": 0.02}}, gauges),
}


@pytest.mark.parametrize(("wanted", "draw"), SAME.values(), ids=SAME)
def test_no_difference_is_rarely_taken_for_one(wanted, draw):
    """Of 2,000 A/A runs at most alpha end with Win or Lose, though each is judged at every look."""
    terms = Terms.of(spec(**wanted, **AT_ONCE, alpha=ALPHA))

    verdicts = simulated(terms, draw, seed=20260101)

    wrong = verdicts["Win"] + verdicts["Lose"]
    print(f"seed 20260101: {wrong} of {RUNS} A/A runs were told apart: {dict(verdicts)}")
    assert RUNS == verdicts.total()
    assert wrong <= ALPHA * RUNS


TRIED = {
    "better": (0.03, 0.02, "Win"),
    "worse": (0.02, 0.03, "Lose"),
    "far worse": (0.02, 0.2, "Lose"),
}


@pytest.mark.parametrize(("champion", "challenger", "verdict"), TRIED.values(), ids=TRIED)
def test_the_minimum_effect_is_found(champion, challenger, verdict):
    """Within 15,000 requests to the challenger, in 90 % of the runs and more."""
    wanted = {"primary": {"minimumEffect": 0.01}, "guards": GUARDS}
    terms = Terms.of(spec(**wanted, **AT_ONCE, alpha=ALPHA))

    verdicts = simulated(terms, successes(champion, challenger), runs=400, seed=7)

    print(f"seed 7: {verdicts[verdict]} of 400 runs end with {verdict}: {dict(verdicts)}")
    assert verdicts[verdict] >= 0.9 * 400
