"""What is said of a cluster follows from what was found."""

import datetime as dt

import attrs
import msgspec
import pytest

from informers.meta import codec
from informers.meta.object import ObjectMeta
from reconcilers.penin.api.v1alpha1 import PeninOmegaCluster, PeninOmegaClusterStatus
from reconcilers.penin.cluster import status
from reconcilers.penin.cluster.observed import Deployment, Observed, observe
from reconcilers.penin.cluster.rollout import Plan, Seen

NOW = dt.datetime(2026, 1, 1, 12, 0, 0, tzinfo=dt.UTC)
CLUSTER = PeninOmegaCluster(metadata=ObjectMeta(name="a", generation=3))
SETTINGS = {"sigmaGuard": "g", "omegaMeta": "m"}
READY = Observed(
    replicas=1, ready_replicas=1, pods=1, is_settled=True, seen=Seen(settings="g", settled_for=9.0)
)
ALL_READY = {
    "sigmaGuard": READY,
    "omegaMeta": attrs.evolve(READY, seen=Seen(settings="m", settled_for=9.0)),
}
DOWN = attrs.evolve(READY, ready_replicas=0, is_settled=False, seen=Seen(settings="g"))


def findings(**changes):
    """Return what was found of a cluster that runs, but for these changes."""
    found = status.Findings(
        cluster=CLUSTER,
        plan=Plan(revision="new", settings=SETTINGS),
        observed=ALL_READY,
        wished="new",
        good="new",
        reasons={},
        now=NOW,
    )
    return attrs.evolve(found, **changes)


def was(phase):
    """Return the cluster whose status said this phase."""
    return msgspec.structs.replace(CLUSTER, status=PeninOmegaClusterStatus(phase=phase))


def known(phase, **turn):
    """Return the cluster whose status said this, and that a change was taken back."""
    said = {"phase": phase, "rollout": {"revision": "new", "failed": "newer", **turn}}
    return msgspec.structs.replace(CLUSTER, status=codec.convert(said, PeninOmegaClusterStatus))


NOTHING = dict.fromkeys(ALL_READY, Observed())
ONE_DOWN = ALL_READY | {"sigmaGuard": DOWN}
TAKEN_BACK = Plan(revision="new", settings=SETTINGS, at="sigmaGuard", failed="newer")
BACK_AND_DOWN = {"wished": "newer", "observed": ONE_DOWN, "plan": TAKEN_BACK}
AT_GUARD = Plan(revision="new", settings=SETTINGS, at="sigmaGuard")


@pytest.mark.parametrize(
    ("changes", "phase"),
    [
        ({}, "Running"),
        ({"good": "", "observed": NOTHING, "plan": AT_GUARD}, "Pending"),
        ({"good": "", "observed": ONE_DOWN, "plan": AT_GUARD}, "Creating"),
        ({"good": "old", "observed": ONE_DOWN, "plan": AT_GUARD}, "Updating"),
        ({"plan": attrs.evolve(AT_GUARD, stuck="no image"), "observed": ONE_DOWN}, "Failed"),
        ({"observed": ONE_DOWN, "cluster": was("Running")}, "Running"),
        ({"observed": ONE_DOWN, "cluster": was("Updating")}, "Updating"),
        ({"cluster": was("Updating")}, "Running"),
        ({"cluster": was("Creating"), "refusal": "it is another's"}, "Creating"),
        ({"cluster": was("Running"), "refusal": "it is another's"}, "Running"),
        ({"cluster": was("Running"), **BACK_AND_DOWN}, "Updating"),
        ({"cluster": known("Failed", service="sigmaGuard"), **BACK_AND_DOWN}, "Updating"),
        ({"cluster": was("Updating"), **BACK_AND_DOWN, "observed": ALL_READY}, "Running"),
        ({"cluster": known("Running"), **BACK_AND_DOWN}, "Running"),
        ({"cluster": known("Failed"), **BACK_AND_DOWN}, "Running"),
        (
            {"observed": ALL_READY | {"sigmaGuard": attrs.evolve(DOWN, replicas=3)}},
            "Updating",
        ),
        (
            {"observed": ALL_READY | {"sigmaGuard": attrs.evolve(DOWN, down_for=601.0)}},
            "Failed",
        ),
    ],
    ids=[
        "all is well",
        "nothing could be made",
        "never ready yet",
        "a change is on its way",
        "it is stuck",
        "a pod failed",
        "a change is not quite done",
        "a change is done",
        "a child is refused, and it never was whole",
        "a child is refused later",
        "a change is taken back, and that it was made is not told yet",
        "a change is taken back, and that it was stuck is what was told last",
        "a change is taken back, and all is as it was",
        "a pod failed long after a change was taken back",
        "a service was down for long, after a change was taken back, and is coming",
        "it is scaled",
        "a service is down for long",
    ],
)
def test_the_phase_sums_up(changes, phase):
    """One word for people."""
    assert phase == status.phase(findings(**changes))


def test_a_cluster_that_is_new_is_pending():
    """Until something of it is made, and not Ready so long."""
    found, seen = status.pending(CLUSTER)

    assert ("Pending", 3) == (found.phase, found.observed_generation)
    assert ("False", "Pending") == _short(seen)


def test_a_healthy_cluster_says_so_in_the_printed_words():
    """Reason and message stand in the specification."""
    said = status.ready(findings())

    assert ("True", "AllServicesHealthy") == (said.status, said.reason)
    assert "All services are running and healthy" == said.message
    assert 3 == said.observed_generation


def test_what_is_missing_is_named_with_its_reason():
    """Which service, how many of its pods, and why."""
    said = status.ready(findings(observed=ONE_DOWN, reasons={"sigmaGuard": "no such image"}))

    assert "Σ-Guard: 0 of 1 pods ready (no such image)" == said.message


def test_a_failed_pod_is_no_change_but_a_degradation():
    """So that an alarm can tell the two apart."""
    found = findings(observed=ONE_DOWN, cluster=was("Running"))

    assert ("False", "Settled") == _short(status.progressing(found))
    assert ("True", "PodsNotReady") == _short(status.degraded(found))


def test_a_rollback_is_told_until_the_spec_changes():
    """All is healthy, and yet not what was asked for."""
    found = findings(wished="newer")

    assert ("True", "RolledBack") == _short(status.degraded(found))
    told = "All services are running and healthy with revision new, as newer was taken back"
    assert told == status.ready(found).message
    assert "False" == status.config_applied(found).status


def test_a_way_back_is_a_change_until_all_pods_are_ready():
    """The last part was given its settings; its turn, which has its time, is not over."""
    found = findings(cluster=known("Updating", service="sigmaGuard"), **BACK_AND_DOWN)

    assert ("True", "RollingBack") == _short(status.progressing(found))
    assert "sigmaGuard" == status.status(found).rollout.service


def test_a_new_cluster_that_is_ready_says_that_it_soaks():
    """Else it would be Creating for no reason that anybody can see."""
    said = status.progressing(findings(good=""))
    assert "all services are ready; each soaks for 0s" == said.message


def _short(condition):
    return condition.status, condition.reason


def deployment(*, spec, **found):
    """Return a Deployment of generation 2 with its status."""
    return codec.convert(
        {
            "metadata": {"generation": 2, "annotations": {"penin.ai/settings": "g"}},
            "spec": {"replicas": spec},
            "status": {"observedGeneration": 2} | found,
        },
        Deployment,
    )


LATE = {
    "type": "Progressing",
    "status": "False",
    "reason": "ProgressDeadlineExceeded",
    "message": "it has timed out progressing",
}
ALL = {"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}


@pytest.mark.parametrize(
    ("found", "is_settled"),
    [
        (ALL, True),
        (ALL | {"observedGeneration": 1}, False),
        (ALL | {"updatedReplicas": 1}, False),
        (ALL | {"replicas": 3}, False),
        (ALL | {"availableReplicas": 1}, False),
    ],
    ids=["all", "not seen yet", "an old pod", "one too many", "one not available"],
)
def test_a_part_is_settled_when_all_its_pods_are_new_and_available(found, is_settled):
    """And its controller has seen what was asked of it."""
    assert is_settled == observe(deployment(spec=2, **found), now=NOW).is_settled


@pytest.mark.parametrize(
    ("found", "is_touched"),
    [
        (ALL | {"observedGeneration": 1}, True),
        (ALL | {"observedGeneration": 1, "availableReplicas": 1}, False),
        (ALL, False),
    ],
    ids=["a moment ago", "and one was down", "long ago"],
)
def test_a_part_is_touched_while_its_status_is_of_the_spec_before(found, is_touched):
    """If all was well until then."""
    assert is_touched == observe(deployment(spec=2, **found), now=NOW).seen.is_touched


def test_a_part_that_is_not_there_has_no_settings():
    """It has nothing to lose."""
    assert Observed() == observe(None, now=NOW)


def test_a_part_that_takes_too_long_is_stuck():
    """As its own controller says, in whose words the user reads it."""
    found = observe(deployment(spec=2, **ALL | {"updatedReplicas": 1}, conditions=[LATE]), now=NOW)

    assert "it has timed out progressing" == found.seen.stuck
    assert not observe(deployment(spec=2, **ALL, conditions=[LATE]), now=NOW).seen.stuck


def test_what_was_late_before_a_change_says_nothing_of_the_change():
    """Its controller has not looked at it yet."""
    before = ALL | {"observedGeneration": 1, "updatedReplicas": 1}

    assert not observe(deployment(spec=2, **before, conditions=[LATE]), now=NOW).seen.stuck


def test_how_long_a_part_is_ready_is_counted_from_its_last_pod():
    """For a rollout that waits a while."""
    done = {
        "type": "Progressing",
        "status": "True",
        "reason": "NewReplicaSetAvailable",
        "lastUpdateTime": "2026-01-01T11:59:30Z",
    }

    assert 30.0 == observe(deployment(spec=2, **ALL, conditions=[done]), now=NOW).seen.settled_for


def rolled(**rollout):
    """Return the cluster whose status said this of its rollout."""
    said = codec.convert({"rollout": rollout}, PeninOmegaClusterStatus)
    return msgspec.structs.replace(CLUSTER, status=said)


CHANGING = {
    "good": "old",
    "plan": Plan(revision="new", settings=SETTINGS, at="sigmaGuard"),
    "observed": ALL_READY | {"sigmaGuard": DOWN},
}
BEFORE = "2026-01-01T11:59:00Z"


@pytest.mark.parametrize(
    ("before", "since"),
    [
        ({}, "2026-01-01T12:00:00Z"),
        ({"revision": "new", "service": "sigmaGuard", "since": BEFORE}, BEFORE),
        ({"revision": "old", "service": "sigmaGuard", "since": BEFORE}, "2026-01-01T12:00:00Z"),
        ({"revision": "new", "service": "redis", "since": BEFORE}, "2026-01-01T12:00:00Z"),
    ],
    ids=["the first", "the same turn", "another revision", "another part"],
)
def test_the_turn_of_a_part_has_a_beginning(before, since):
    """It stays while it is the same part's turn for the same revision."""
    found = status.status(findings(cluster=rolled(**before), **CHANGING))

    assert (since, "sigmaGuard") == (str(found.rollout.since), found.rollout.service)


def test_pods_that_scaling_waits_for_are_not_wrong():
    """A change explains them; pods that fail later are."""
    more = attrs.evolve(DOWN, replicas=2, ready_replicas=1, pods=1)
    observed = ALL_READY | {"sigmaGuard": more}

    assert "False" == status.degraded(findings(observed=observed)).status
    assert "True" == status.degraded(findings(observed=ALL_READY | {"sigmaGuard": DOWN})).status
