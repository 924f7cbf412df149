"""The manager dies between any two of its writes; the next one ends where it would have.

Every run has a namespace of its own, and some runs of a scenario go on side by side. `make test`
takes a sample of the points, `make test-deep` all of them.
"""

from typing import Final

import pytest

from reconcilers.penin.api.proposal import PENIN_PROPOSAL
from tests.integration.penin.crash_world import DEPTHS, Run, Scenario, sweep
from tests.integration.penin.world import made, phase
from tests.kit.hosting import hosted

SPEC: Final = {
    "storage": {"cache": {"type": "redis"}, "wormLedger": {"enabled": True, "size": "1Gi"}},
    "replicas": {"sigmaGuard": 2},
    "rollout": {"progressDeadline": "3s"},
}
NOWHERE: Final = {"nodeSelector": {"no": "such-node"}}
POLICY: Final = {"enabled": True, "settle": "10m", "soak": "10m", "cooldown": "0s", "guards": []}
CHANGE: Final = {"replicas": {"sigmaGuard": 3}}


def _create(run: Run) -> None:
    run.create(**SPEC)


def _upgrade(run: Run) -> None:
    run.rest.merge(run.path, {"spec": {"version": "1.0.0", "replicas": {"omegaMeta": 2}}})


def _get_stuck(run: Run) -> None:
    run.rest.merge(run.path, {"spec": {"placement": NOWHERE, "rollout": {"rollback": True}}})


def _is_back(run: Run) -> bool:
    return run.is_running() and "failed" in run.rest.get(run.path)["status"]["rollout"]


def _delete(run: Run) -> None:
    run.delete()


def _delete_children_first(run: Run) -> None:
    run.delete(propagation="Foreground")


async def _running(run: Run) -> None:
    _create(run)
    await run.becomes(Run.is_running)


def _proposal(run: Run) -> dict:
    return run.rest.get(PENIN_PROPOSAL.path(run.namespace, "more"))


def _propose(run: Run) -> None:
    body = {
        "apiVersion": PENIN_PROPOSAL.api_version,
        "kind": PENIN_PROPOSAL.kind,
        "metadata": {"name": "more"},
        "spec": {
            "cluster": "a",
            "change": CHANGE,
            "proposer": {"username": "system:serviceaccount:default:a", "uid": "1"},
        },
    }
    run.rest.create(PENIN_PROPOSAL.path(run.namespace), body)


async def _on_trial(run: Run) -> None:
    """A change that a proposal made of the cluster is neither kept nor taken back yet."""
    run.create(**{**SPEC, "storage": {}, "selfArchitecting": POLICY})
    await run.becomes(Run.is_running)
    _propose(run)
    await run.becomes(lambda run: _proposal(run).get("status", {}).get("phase") == "Applied")
    await run.becomes(Run.is_running)


def _is_gone_with_trial(run: Run) -> bool:
    found = _proposal(run)
    return (
        run.is_gone()
        and found["status"]["phase"] == "Superseded"
        and not found["metadata"].get("finalizers")
    )


SCENARIOS: Final = {
    "create": ((0, 11, 22, 33, 44, 55), Scenario(act=_create, is_done=Run.is_running)),
    "upgrade": (
        (0, 7, 15, 22, 30, 37),
        Scenario(act=_upgrade, is_done=Run.is_running, before=_running),
    ),
    "rollback": (
        (0, 6, 12, 18, 24, 30),
        Scenario(act=_get_stuck, is_done=_is_back, before=_running),
    ),
    "delete": ((), Scenario(act=_delete, is_done=Run.is_gone, before=_running)),
    "delete, children first": (
        (0, 2),
        Scenario(act=_delete_children_first, is_done=Run.is_gone, before=_running),
    ),
    "delete, a change on trial": (
        (0, 2, 4),
        Scenario(act=_delete, is_done=_is_gone_with_trial, before=_on_trial),
    ),
    "delete, children first, a change on trial": (
        (0, 5, 10),
        Scenario(act=_delete_children_first, is_done=_is_gone_with_trial, before=_on_trial),
    ),
}
"""Each with the sample of points that `make test` takes; a plain deletion needs no write."""


@pytest.fixture
def manage(cluster, family):
    """Return a function that runs all controllers in a run's namespace."""
    set_up = [controller.set_up for controller in family.controllers]
    return lambda run, **more: hosted(cluster, *set_up, namespaces=[run.namespace], **more)


@pytest.mark.parametrize("every", DEPTHS)
@pytest.mark.parametrize("name", SCENARIOS)
async def test_whenever_the_manager_dies_the_next_one_ends_the_same(manage, rest, name, every):
    """Everything in the namespace is as after a run that nothing disturbed."""
    sample, scenario = SCENARIOS[name]

    await sweep(manage, rest, scenario, sample=None if every else sample)


def test_a_cluster_in_deletion_needs_no_manager(rest, path):
    """There is no finalizer: whatever has died, the garbage collector takes the children."""
    found = rest.create(path.rpartition("/")[0], made())

    assert "finalizers" not in found["metadata"]
    assert phase(found) is None
