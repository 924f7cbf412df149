"""The manager dies in an experiment, from its start to its end, and in deleting one under way."""

from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import pytest

from reconcilers.penin.api.experiment import PENIN_EXPERIMENT
from reconcilers.penin.cluster import reconciler as clusters
from reconcilers.penin.experiment.setup import set_up
from tests.integration.penin.crash_world import DEPTHS, Run, Scenario, sweep
from tests.integration.penin.experiment_world import experiment, serving
from tests.kit.hosting import hosted

ENDLESS: Final = {"minimumSamples": 10**9, "minimumDuration": "10m"}
CHANGE: Final = {"config": {"caosPlus": {"kappa": 25.0}}}


def _path(run: Run) -> str:
    return PENIN_EXPERIMENT.path(run.namespace, "e")


def _start(run: Run, **spec) -> None:
    body = experiment("e", challenger=CHANGE, **spec)
    run.rest.create(PENIN_EXPERIMENT.path(run.namespace), body)


def _try_and_promote(run: Run) -> None:
    _start(run, promotion="Automatic")


def _try(run: Run) -> None:
    _start(run)


def _status(run: Run) -> dict:
    return run.rest.get(_path(run)).get("status", {})


def _said(run: Run, kind: str) -> str:
    """Return the reason of a condition of the experiment."""
    found = _status(run).get("conditions", ())
    return next((each["reason"] for each in found if each["type"] == kind), "")


def _is_promoted(run: Run) -> bool:
    return _said(run, "Promoted") == "Promoted" and _is_calm(run)


def _is_lost(run: Run) -> bool:
    return _said(run, "Promoted") == "NotWon" and _is_calm(run)


def _is_calm(run: Run) -> bool:
    """Whether the cluster runs, and no challenger is left."""
    return run.is_running() and not run.challengers()


async def _running(run: Run) -> None:
    run.create()
    await run.becomes(Run.is_running)


async def _comparing(run: Run) -> None:
    """An experiment that would go on for long."""
    await _running(run)
    _start(run, **ENDLESS)
    await run.becomes(lambda run: _status(run).get("phase") == "Running")


def _delete_the_experiment(run: Run) -> None:
    run.rest.request("DELETE", f"{_path(run)}?propagationPolicy=Foreground").ok()


def _is_deleted(run: Run) -> bool:
    return run.rest.request("GET", _path(run)).status == 404 and _is_calm(run)


def _delete_the_cluster(run: Run) -> None:
    run.delete(propagation="Foreground")


def _is_pointless(run: Run) -> bool:
    return run.is_gone() and _status(run)["reason"] == "ClusterGone" and _said(run, "Promoted")


SCENARIOS: Final = {
    "won and promoted": (
        (0, 25, 50, 75),
        "champion",
        Scenario(act=_try_and_promote, is_done=_is_promoted, before=_running),
    ),
    "lost": (
        (0, 25, 50),
        "challenger",
        Scenario(act=_try, is_done=_is_lost, before=_running),
    ),
    "deleted": (
        (),
        "champion",
        Scenario(act=_delete_the_experiment, is_done=_is_deleted, before=_comparing),
    ),
    "its cluster is deleted": (
        (0, 5, 10),
        "champion",
        Scenario(act=_delete_the_cluster, is_done=_is_pointless, before=_comparing),
    ),
}
"""Each with the sample of points that `make test` takes, and with the arm whose requests fail."""


@pytest.fixture
def managing(cluster, family):
    """Return a function that runs the controllers while the pods of an arm serve bad figures."""
    assert PENIN_EXPERIMENT in {kind.definition.kind for kind in family.kinds}

    @asynccontextmanager
    async def manage(worse, run, **more):
        async with serving() as pages:
            getattr(pages, worse).errors = 30

            def experiments(runtime):
                return set_up(runtime, address=pages.address)

            set_ups, where = (clusters.set_up, experiments), [run.namespace]
            async with hosted(
                cluster, *set_ups, namespaces=where, reaches_pods=True, **more
            ) as host:
                yield host

    return manage


@pytest.mark.parametrize("every", DEPTHS)
@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_next_manager_ends_the_experiment_the_same(managing, rest, name, every):
    """The same verdict, the same spec, and no challenger that nobody wants."""
    sample, worse, scenario = SCENARIOS[name]

    await sweep(partial(managing, worse), rest, scenario, sample=None if every else sample)
