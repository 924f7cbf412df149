"""The status says what is known, leaves out what is not, and keeps no more than it needs."""

import datetime as dt

from msgspec import UNSET

from informers.meta import codec
from informers.meta.microtime import Time
from reconcilers.penin.api.evidence import (
    MOST_BUCKETS,
    MOST_PODS,
    ArmState,
    ArmStatus,
    Durations,
    ExperimentTimes,
    PodCounters,
    Sums,
)
from reconcilers.penin.api.experiment import PeninExperimentStatus
from reconcilers.penin.experiment import status
from reconcilers.penin.experiment.progress import Why
from reconcilers.penin.experiment.splitter import Split
from reconcilers.penin.experiment.verdict import Decision
from tests.unit.reconcilers.penin.experiment.test_progress import scene
from tests.unit.reconcilers.penin.experiment.world import arm, made, state

NOON = Time.of(dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC))
SPLIT = Split(replicas=1, reached=20.0)
BEGUN = PeninExperimentStatus(
    champion=ArmStatus(revision="one", replicas=1),
    challenger=ArmStatus(revision="two", replicas=1),
    times=ExperimentTimes(started=NOON),
)


def measured(*arms):
    """Return a status with these sums in it."""
    times = ExperimentTimes(started=NOON, running=NOON)
    return PeninExperimentStatus(
        champion=BEGUN.champion,
        challenger=BEGUN.challenger,
        times=times,
        state=state(*arms),
    )


def test_who_waits_says_why():
    """And nothing else."""
    found = status.waiting(made(), Why("ClusterNotFound", "there is none"))

    assert (
        PeninExperimentStatus(
            observed_generation=1,
            phase="Pending",
            reason="ClusterNotFound",
            message="there is none",
        )
        == found
    )


def test_before_measuring_nothing_is_known():
    """Neither figures nor guards; the weight that is reached is."""
    found = status.under_way(BEGUN, scene(), SPLIT, "WarmUp")

    assert ("WarmUp", "WarmUp") == (found.phase, found.reason)
    assert (UNSET, UNSET, UNSET) == (found.effect, found.guards, found.champion.mean)
    # Two champions that were found and the one challenger that was asked for.
    assert 33.3 == found.weight.reached
    assert (2, 1) == (found.champion.replicas, found.challenger.replicas)


def test_figures_have_their_bounds():
    """Those that are finite: JSON knows no infinity."""
    one, two = arm([(90, 100)] * 40), arm([(95, 100)] * 40)
    found = status.under_way(measured(one, two), scene(), SPLIT, "Running")

    assert (4000, 40, 0.9) == (
        found.champion.samples,
        found.champion.batches,
        round(found.champion.mean, 9),
    )
    assert found.champion.lower < 0.9 < found.champion.upper
    assert found.effect.lower < found.effect.estimate < found.effect.upper
    first = status.under_way(
        measured(arm([(90, 100)]), arm([(95, 100)])), scene(), SPLIT, "Running"
    )
    assert (UNSET, UNSET) == (first.effect.lower, first.champion.upper)


def test_a_finished_one_keeps_its_figures_and_forgets_pods():
    """The sums stay, so that anybody can compute again."""
    pods = {"a": PodCounters(at=1.0)}
    seen = ArmState(pods=pods, primary=Sums(batches=2, count=2.0, total=1.0))
    decision = Decision("Inconclusive", "ChampionChanged", "it was changed")

    found = status.finished(measured(seen, seen), scene(), SPLIT, decision, now=NOON)

    assert ("Finished", "Inconclusive", "ChampionChanged") == (
        found.phase,
        found.verdict,
        found.reason,
    )
    assert NOON == found.times.finished
    assert {} == found.state.champion.pods
    assert seen.primary == found.state.champion.primary


def test_the_largest_status_fits():
    """All pods that are read, all buckets: far below the 1.5 MiB that an object may have."""
    many = tuple(1234567.0 + n / 8 for n in range(MOST_BUCKETS))
    counters = PodCounters(at=1e6, requests=1e9, errors=1e9, timed=1e9, buckets=many)
    kept = Durations(bounds=many, totals=many, squares=many, products=many, batches=2, count=1e9)
    whole = ArmState(pods={f"{'x' * 60}-{n}": counters for n in range(MOST_PODS)}, durations=kept)

    found = status.under_way(measured(whole, whole), scene(), SPLIT, "Running")

    assert len(codec.encode(found)) < 100_000


def test_a_verdict_is_a_condition():
    """For `kubectl wait --for=condition=Complete`."""
    decision = Decision("Win", "BetterThanChampion", "better")

    assert "True" == status.complete(made(), decision).status
    assert "Win: better" == status.complete(made(), decision).message
    assert "False" == status.complete(made(), None).status
