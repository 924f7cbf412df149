"""How far an experiment is follows from what is found, whenever one looks."""

import datetime as dt

import attrs
import pytest

from informers.meta import codec
from reconcilers.penin.api.evidence import ExperimentState
from reconcilers.penin.api.v1alpha1 import PeninOmegaCluster
from reconcilers.penin.cluster.observed import Observed
from reconcilers.penin.cluster.rollout import Seen
from reconcilers.penin.cluster.services import OMEGA_META
from reconcilers.penin.experiment import challenger, progress
from reconcilers.penin.experiment.change import patch
from tests.unit.reconcilers.penin.cluster.world import wanted
from tests.unit.reconcilers.penin.experiment.world import made

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
SETTLED = {
    "phase": "Running",
    "conditions": [{"type": "ConfigApplied", "status": "True", "reason": "Applied"}],
}


def cluster(status=SETTLED, **metadata):
    """Return a cluster that runs as its spec says, unless said otherwise."""
    whole = {"metadata": {"name": "a", **metadata}, "status": status}
    return codec.convert(whole, PeninOmegaCluster)


def pair(**change):
    """Return what both arms are given."""
    experiment = made(**change)
    champion = wanted()
    return challenger.pair(champion, OMEGA_META, patch(experiment.spec, champion.spec))


def arm(settings, *, replicas=2, is_settled=True, trouble=""):
    """Return an arm as it is found."""
    seen = Seen(settings=settings)
    return Observed(replicas=replicas, is_settled=is_settled, seen=seen, trouble=trouble)


def scene(status=None, **changes):
    """Return what is found where nothing stands in the way."""
    both = pair()
    usual = {
        "experiment": made(status=status),
        "cluster": cluster(),
        "pair": both,
        "champion": arm(both.champion.hash),
        "challenger": arm(both.challenger.hash),
    }
    return progress.Scene(**{**usual, **changes})


BLOCKED = {
    "nothing": ({}, None),
    "no cluster": ({"cluster": None}, "ClusterNotFound"),
    "a cluster on its way": ({"cluster": cluster({"phase": "Updating"})}, "ClusterNotRunning"),
    "a cluster gone back": (
        {
            "cluster": cluster(
                {
                    "phase": "Running",
                    "conditions": [{"type": "ConfigApplied", "status": "False", "reason": "A"}],
                }
            )
        },
        "ClusterNotRunning",
    ),
    "no password yet": ({"pair": None}, "ClusterNotRunning"),
    "another revision": ({"champion": arm("other")}, "ClusterNotRunning"),
    "pods not ready": (
        {"champion": arm(pair().champion.hash, is_settled=False)},
        "ClusterNotRunning",
    ),
    "no pods": ({"champion": arm(pair().champion.hash, replicas=0)}, "NoChampion"),
    "another experiment": ({"before": made(name="other")}, "AnotherExperiment"),
    "the same": ({"pair": pair(challenger={"version": "0.9.0"})}, "NothingDifferent"),
}


@pytest.mark.parametrize(("changes", "reason"), BLOCKED.values(), ids=BLOCKED)
def test_what_stands_in_the_way(changes, reason):
    """Each is said, and passes by itself."""
    found = progress.blocked(scene(**changes))

    assert reason == (None if found is None else found.reason)


STARTED = {"phase": "Running", "champion": {"revision": pair().champion.hash}}
ENDED = {
    "nothing": ({}, {}, None),
    "cluster gone": ({}, {"cluster": None}, "ClusterGone"),
    "cluster going": (
        {},
        {"cluster": cluster(deletionTimestamp="2026-01-01T00:00:00Z")},
        "ClusterGone",
    ),
    "champion rolled": ({}, {"champion": arm("other")}, "ChampionChanged"),
    "champion to be rolled": ({}, {"pair": None}, "ChampionChanged"),
    "champion scaled": ({}, {"champion": arm(pair().champion.hash, replicas=9)}, None),
    "champion gone": (
        {},
        {"champion": arm(pair().champion.hash, replicas=0)},
        "ChampionGone",
    ),
    "not ready in time": (
        {"phase": "Starting"},
        {"challenger": arm("", is_settled=False, trouble="quota")},
        "ChallengerNotReady",
    ),
    "ready, and nobody looked for long": ({"phase": "Starting"}, {}, None),
}


@pytest.mark.parametrize(("status", "changes", "reason"), ENDED.values(), ids=ENDED)
def test_what_ends_a_comparison(status, changes, reason):
    """What was measured means nothing any more: the champion stays."""
    found = scene({**STARTED, **status}, **changes)
    decision = progress.ended(found, ExperimentState(elapsed=601.0))

    assert reason == (None if decision is None else decision.reason)
    assert decision is None or decision.verdict == "Inconclusive"


def test_phases_follow_each_other():
    """Ready, then warm, then measured."""
    steps = []
    for phase, elapsed in (("Pending", 0), ("Starting", 0), ("WarmUp", 119), ("WarmUp", 120)):
        found = scene({"phase": phase})
        steps.append(progress.next_phase(found, ExperimentState(elapsed=float(elapsed))))

    assert ["Starting", "WarmUp", "WarmUp", "Running"] == steps
    unready = attrs.evolve(scene({"phase": "Starting"}), challenger=Observed())
    assert "Starting" == progress.next_phase(unready, ExperimentState())


def test_time_is_counted_from_look_to_look():
    """A clock that steps back takes nothing away."""
    state = ExperimentState()
    for seconds in (0, 30, 20, 50):
        state = progress.counted(state, NOON + dt.timedelta(seconds=seconds))

    assert 60.0 == state.elapsed


def test_who_has_begun_goes_on_else_the_oldest():
    """Finished ones, and those on their way out, are nobody's rivals."""
    old = made(name="old", created="2026-01-01T00:00:00Z")
    new = made(name="new", created="2026-01-02T00:00:00Z")
    begun = made(name="begun", created="2026-01-03T00:00:00Z", status={"phase": "WarmUp"})
    over = made(name="over", created="2025-01-01T00:00:00Z", status={"phase": "Finished"})

    assert old is progress.first([new, over, old])
    assert begun is progress.first([new, begun, old])
    assert progress.first([over]) is None


@pytest.mark.parametrize(
    ("phase", "state", "seconds"),
    [
        ("Starting", ExperimentState(elapsed=100.0), 500.0),
        ("WarmUp", ExperimentState(elapsed=100.0), 20.0),
        ("Running", ExperimentState(elapsed=100.0, read=90.0), 20.0),
        ("Running", ExperimentState(elapsed=500.0, read=90.0), 0.05),
    ],
)
def test_it_looks_again_when_something_is_due(phase, state, seconds):
    """Not before, and never at once for ever."""
    waiting = scene(challenger=arm("", is_settled=False))
    assert seconds == progress.look_again(waiting, phase, state)


def test_it_looks_again_at_once_where_pods_are_ready_before_it_started():
    """A manager that died has made them: no change of theirs will call for a look."""
    assert 0.05 == progress.look_again(scene(), "Starting", ExperimentState())
