"""Verdicts: guards first, then the split, then the primary metric; all else keeps the champion."""

import pytest

from reconcilers.penin.api.evidence import ArmState, PodCounters
from reconcilers.penin.experiment import sequence
from reconcilers.penin.experiment.guards import Pods
from reconcilers.penin.experiment.verdict import Terms, decide, effect_status, sample_ratio
from tests.unit.reconcilers.penin.experiment.world import arm, spec, state

PODS = Pods(champion=4, challenger=1)
HOURS = 3600.0
GUARD = [{"metric": "errorRatio", "margin": 0.02}]


def successes(ratio, *, batches=100, requests=200):
    """Return an arm with so many successes in every batch."""
    return arm(
        [(ratio * requests, requests)] * batches,
        errors=[((1 - ratio) * requests, requests)] * batches,
    )


def came_to(champion, challenger, *, elapsed=2 * HOURS, split=None, **wanted):
    """Return the verdict and its reason, nothing while it goes on."""
    found = state(champion, challenger, elapsed=elapsed)
    if split is not None:
        found = split(found)
    decision = decide(Terms.of(spec(**wanted)), found, pods=PODS)
    return None if decision is None else (decision.verdict, decision.reason)


NOW = {
    "better": ((0.9, 0.95), {}, ("Win", "BetterThanChampion")),
    "worse": ((0.95, 0.9), {}, ("Lose", "WorseThanChampion")),
    "worse, early": ((0.95, 0.9), {"elapsed": 60.0}, ("Lose", "WorseThanChampion")),
    "better, early": ((0.9, 0.95), {"elapsed": 60.0}, None),
    "the same": (
        (0.9, 0.9),
        {"primary": {"minimumEffect": 0.1}},
        ("Inconclusive", "NoRelevantDifference"),
    ),
    "the same, early": ((0.9, 0.9), {"primary": {"minimumEffect": 0.1}, "elapsed": 60.0}, None),
    "not told apart yet": ((0.9, 0.9), {"primary": {"minimumEffect": 0.001}}, None),
    "not told apart in time": (
        (0.9, 0.9),
        {"primary": {"minimumEffect": 0.001}, "elapsed": 24 * HOURS},
        ("Inconclusive", "DeadlineReached"),
    ),
    "too few": ((0.9, 0.95), {"minimumSamples": 10**6}, None),
    "too few in time": (
        (0.9, 0.95),
        {"minimumSamples": 10**6, "elapsed": 24 * HOURS},
        ("Inconclusive", "TooFewSamples"),
    ),
    "a guard fails": ((0.95, 0.85), {"guards": GUARD}, ("Lose", "GuardFailed")),
    "a guard fails before there is enough": (
        (0.95, 0.85),
        {"guards": GUARD, "minimumSamples": 10**6, "elapsed": 60.0},
        ("Lose", "GuardFailed"),
    ),
    "guards pass": ((0.9, 0.95), {"guards": GUARD}, ("Win", "BetterThanChampion")),
}


@pytest.mark.parametrize(("ratios", "wanted", "verdict"), NOW.values(), ids=NOW)
def test_what_it_comes_to(ratios, wanted, verdict):
    """Of requests that succeed."""
    assert verdict == came_to(*map(successes, ratios), **wanted)


def test_a_guard_without_data_keeps_the_champion():
    """However good the primary metric is."""
    champion, challenger = (ArmState(primary=successes(ratio).primary) for ratio in (0.9, 0.95))

    assert came_to(champion, challenger, guards=GUARD) is None
    assert ("Inconclusive", "GuardDataMissing") == came_to(
        champion, challenger, guards=GUARD, elapsed=24 * HOURS
    )


def test_a_guard_in_doubt_keeps_the_champion():
    """Non-inferiority has to be shown, not only not refuted."""
    better = [
        ArmState(primary=arm([(mean * 10, 10)] * 100).primary, errors=errors)
        for mean, errors in ((1.0, few(5)), (2.0, few(5)))
    ]
    wanted = {
        "guards": GUARD,
        "primary": {"type": "histogram", "metric": "d", "minimumEffect": 0.1},
        "minimumSamples": 100,
    }

    assert came_to(*better, **wanted) is None
    assert ("Inconclusive", "GuardUndecided") == came_to(*better, **wanted, elapsed=24 * HOURS)


def few(requests):
    """Return errors among so few requests that they say nothing."""
    return arm([], errors=[(0, requests)] * 2).errors


def test_lower_may_be_better():
    """Then the signs are turned, but for the difference that the status shows."""
    arms = [arm([(mean * 10, 10)] * 100) for mean in (2.0, 1.0)]
    primary = {"type": "histogram", "metric": "d", "minimumEffect": 0.1, "direction": "Lower"}
    wanted = {"primary": primary, "minimumSamples": 100}

    assert ("Win", "BetterThanChampion") == came_to(*arms, **wanted)
    assert ("Lose", "WorseThanChampion") == came_to(*arms[::-1], **wanted)
    shown = effect_status(Terms.of(spec(**wanted)), state(*arms))
    assert -1.0 == pytest.approx(shown.estimate)


def divided(share, *, batches=100):
    """Return a split in which the challenger has a fifth of the pods and this of the requests."""

    def split(found):
        sums = found.split
        for _ in range(batches):
            sums = sequence.add(sums, share * 1000, 1000)
        champion, challenger = found.champion, found.challenger
        return type(found)(
            elapsed=found.elapsed,
            champion=ArmState(
                primary=champion.primary, errors=champion.errors, pod_seconds=4 * HOURS
            ),
            challenger=ArmState(
                primary=challenger.primary, errors=challenger.errors, pod_seconds=HOURS
            ),
            split=sums,
        )

    return split


@pytest.mark.parametrize(
    ("share", "tolerance", "verdict"),
    [
        (0.2, 0, ("Win", "BetterThanChampion")),
        (0.21, 10, ("Win", "BetterThanChampion")),
        (0.21, 0, ("Inconclusive", "SampleRatioMismatch")),
        (0.3, 10, ("Inconclusive", "SampleRatioMismatch")),
        (0.1, 10, ("Inconclusive", "SampleRatioMismatch")),
    ],
)
def test_arms_that_see_other_requests_cannot_be_compared(share, tolerance, verdict):
    """A challenger has a fifth of the pods, and should have a fifth of the requests."""
    arms = successes(0.9), successes(0.95)

    assert verdict == came_to(*arms, split=divided(share), sampleRatioTolerance=tolerance)


def test_a_splitter_may_promise_another_share():
    """Where a mesh divides, pods do not tell."""
    found = divided(0.5)(state(successes(0.9), successes(0.95)))

    assert "Passed" == sample_ratio(found, tolerance=0.1, share=0.5).result
    assert "Failed" == sample_ratio(found, tolerance=0.1).result


def test_chi_square_is_chi_square():
    """For independent requests and no tolerance, the textbook's of one degree of freedom."""
    found = sample_ratio(divided(0.21, batches=50)(state(ArmState(), ArmState())), tolerance=0.0)

    observed, expected = (10_500, 39_500), (10_000, 40_000)
    textbook = sum((o - e) ** 2 / e for o, e in zip(observed, expected, strict=True))
    assert textbook == pytest.approx(found.chi_square, rel=0.04)


def test_each_comparison_has_its_part_of_alpha():
    """The primary metric and every limit of a guard the same; what is counted needs none."""
    both = {"metric": "errorRatio", "maximum": 0.1, "margin": 0.02}
    terms = Terms.of(spec(guards=[both, {"metric": "restarts", "maximum": 0}], alpha=0.06))

    assert 0.02 == terms.alpha


@pytest.mark.parametrize(
    ("champion", "challenger", "wanted", "words"),
    [
        (0.9, 0.95, {}, "better: 0.95 against the champion's 0.9, a benefit of 0.05"),
        (0.95, 0.85, {"guards": GUARD}, "errorRatio of the challenger is 0.15: more than 0.02"),
    ],
)
def test_the_reason_has_the_figures(champion, challenger, wanted, words):
    """Nobody has to look them up to believe it."""
    found = state(successes(champion), successes(challenger), elapsed=2 * HOURS)

    assert words in decide(Terms.of(spec(**wanted)), found, pods=PODS).message


def test_restarts_are_a_defeat():
    """One is one too many where the maximum is 0."""
    crashed = ArmState(restarts=1, pods={"a": PodCounters(at=0.0)})
    guards = [{"metric": "restarts", "maximum": 0}]

    assert ("Lose", "GuardFailed") == came_to(ArmState(), crashed, guards=guards, elapsed=1.0)
