"""A PeninExperiment on a real control plane: pods played by fake nodes, figures served by HTTP."""

import pytest

from reconcilers.penin.api.experiment import PENIN_EXPERIMENT, PROMOTE
from reconcilers.penin.cluster import reconciler as clusters
from reconcilers.penin.experiment.setup import set_up
from reconcilers.penin.metrics import reconciler as metrics
from tests.integration.penin.experiment_world import experiment, serving
from tests.integration.penin.world import WITHIN, condition, is_running, made
from tests.kit.eventually import eventually
from tests.kit.hosting import hosted

CHALLENGER = "a-omega-meta-challenger"


@pytest.fixture
async def pages():
    """Serve the figures of both arms."""
    async with serving() as found:
        yield found


@pytest.fixture
def managed(cluster, namespace, pages):
    """Return a function that runs all controllers as long as its block lasts."""

    def experiments(runtime):
        return set_up(runtime, address=pages.address)

    def figures(runtime):
        return metrics.set_up(runtime, address=pages.figures)

    def manage():
        set_ups = clusters.set_up, experiments, figures
        return hosted(cluster, *set_ups, namespaces=[namespace], reaches_pods=True)

    return manage


@pytest.fixture
async def host(managed):
    """Run all controllers."""
    async with managed() as found:
        yield found


@pytest.fixture
async def running(host, rest, path):
    """Make the cluster `a` and wait until it runs."""
    assert host.manager.progress.leading
    rest.create(path.rpartition("/")[0], made())
    return await eventually(lambda: rest.get(path), where=is_running, within=WITHIN)


@pytest.fixture
def begin(rest, namespace, family):
    """Return a function that makes an experiment and says how to read it."""
    assert PENIN_EXPERIMENT in {kind.definition.kind for kind in family.kinds}

    def make(name="e", **spec):
        at = PENIN_EXPERIMENT.path(namespace, name)
        rest.create(at.rpartition("/")[0], experiment(name, **spec))
        return lambda: rest.get(at)

    return make


def reason(found):
    """Return what an experiment says of itself."""
    return found.get("status", {}).get("reason")


def promoted(found):
    """Return what it says of its promotion, nothing while it says nothing."""
    conditions = found.get("status", {}).get("conditions", [])
    return next((each["reason"] for each in conditions if each["type"] == "Promoted"), "")


async def until(read, wanted, what=reason):
    """Wait for what an experiment says."""
    return await eventually(read, where=lambda found: what(found) == wanted, within=WITHIN)


@pytest.mark.usefixtures("running")
async def test_the_status_of_the_cluster_is_the_champions(begin, rest, path):
    """A challenger's figures are not the cluster's, nor are its troubles."""
    read = begin()
    await until(read, "Running")
    # Any change of the spec calls for a reading at once.
    rest.merge(path, {"spec": {"rollout": {"history": 4}}})

    def is_new(found):
        said = found["status"].get("conditions", [])
        return any(
            (each["type"], each["observedGeneration"])
            == ("MetricsAvailable", found["metadata"]["generation"])
            for each in said
        )

    found = await eventually(lambda: rest.get(path), where=is_new, within=WITHIN)
    assert "Running" == read()["status"]["reason"]
    assert 0.9 == found["status"]["metrics"]["srScore"]


@pytest.mark.usefixtures("running")
async def test_a_better_challenger_wins_and_a_person_promotes_it(
    begin, pages, rest, path, deployments
):
    """The verdict has the figures; the cluster's spec gets what differed, and rolls it out."""
    pages.champion.errors = 30
    read = begin()

    await until(read, "Running")
    assert 1 == deployments()[CHALLENGER]["spec"]["replicas"]
    found = await until(read, "WaitsForApproval", promoted)

    assert ("Finished", "Win") == (found["status"]["phase"], found["status"]["verdict"])
    assert 0.7 == pytest.approx(found["status"]["champion"]["mean"], abs=0.01)
    assert 1.0 == found["status"]["challenger"]["mean"]
    assert ("True", "BetterThanChampion") == condition(found, "Complete")
    await eventually(lambda: CHALLENGER in deployments(), equals=False)

    metadata = {"annotations": {PROMOTE: "true"}}
    rest.merge(PENIN_EXPERIMENT.path(found["metadata"]["namespace"], "e"), {"metadata": metadata})
    await until(read, "Promoted", promoted)

    image = "ghcr.io/danielgonzagat/penin-omega-meta:1.0.0"
    assert {"services": {"omegaMeta": image}} == {
        "services": rest.get(path)["spec"]["images"]["services"]
    }
    await eventually(lambda: images(deployments), where=lambda found: image in found)
    await eventually(lambda: rest.get(path), where=is_running, within=WITHIN)


def images(deployments):
    """Return what runs."""
    return {
        each["spec"]["template"]["spec"]["containers"][0]["image"]
        for each in deployments().values()
    }


@pytest.mark.deep
@pytest.mark.usefixtures("running")
async def test_it_is_promoted_by_itself_where_that_is_asked_for(begin, pages, rest, path):
    """Only the fields that differ are written."""
    before = rest.get(path)["spec"]
    pages.champion.errors = 30
    change = {"config": {"caosPlus": {"kappa": 25.0}}}
    read = begin(challenger=change, promotion="Automatic")

    await until(read, "Promoted", promoted)

    after = rest.get(path)["spec"]
    assert 25.0 == after["config"]["caosPlus"].pop("kappa")
    assert 20.0 == before["config"]["caosPlus"].pop("kappa")
    assert before == after


@pytest.mark.usefixtures("running")
async def test_a_failed_guard_is_a_defeat_at_once(begin, pages, deployments):
    """Whatever the primary metric says, and long before its samples are enough."""
    pages.challenger.errors = 60
    guards = [{"metric": "errorRatio", "margin": 0.05}]
    read = begin(guards=guards, minimumSamples=10**9, minimumDuration="10m")

    found = await until(read, "GuardFailed")

    assert "Lose" == found["status"]["verdict"]
    assert "Failed" == found["status"]["guards"][0]["result"]
    assert ("False", "NotWon") == condition(await until(read, "NotWon", promoted), "Promoted")
    await eventually(lambda: CHALLENGER in deployments(), equals=False)


@pytest.mark.usefixtures("running")
async def test_without_data_the_champion_stays(begin, pages):
    """A challenger whose figures cannot be had proves nothing."""
    pages.challenger.served = False
    guards = [{"metric": "errorRatio", "margin": 0.05}]

    found = await until(begin(guards=guards, maximumDuration="2s"), "GuardDataMissing")

    assert "Inconclusive" == found["status"]["verdict"]


@pytest.mark.usefixtures("running")
async def test_a_changed_champion_ends_the_comparison(begin, rest, path):
    """What was measured of the old one says nothing of the new one."""
    read = begin()
    await until(read, "Running")

    rest.merge(path, {"spec": {"config": {"caosPlus": {"kappa": 25.0}}}})

    found = await until(read, "ChampionChanged")
    assert "Inconclusive" == found["status"]["verdict"]
    await eventually(lambda: rest.get(path), where=is_running, within=WITHIN)


@pytest.mark.usefixtures("running")
async def test_one_at_a_time(begin, rest, deployments):
    """The second one waits until the first is gone, with its pods."""
    first, second = begin("first"), begin("second")
    await until(first, "Running")
    assert "first" in (await until(second, "AnotherExperiment"))["status"]["message"]
    holder = deployments()[CHALLENGER]["metadata"]["ownerReferences"][0]["uid"]

    rest.delete(PENIN_EXPERIMENT.path(first()["metadata"]["namespace"], "first"))

    await until(second, "Running")
    assert holder != deployments()[CHALLENGER]["metadata"]["ownerReferences"][0]["uid"]


@pytest.mark.usefixtures("host")
async def test_it_waits_for_its_cluster(begin, rest, path):
    """And begins as soon as that runs."""
    read = begin()
    await until(read, "ClusterNotFound")

    rest.create(path.rpartition("/")[0], made())

    await until(read, "Running")


@pytest.mark.usefixtures("running")
async def test_a_challenger_that_does_not_start_is_given_up(begin, deployments):
    """It fits on no node; the champion is not touched."""
    huge = {"resources": {"cpu": "900"}}

    found = await until(begin(challenger=huge, progressDeadline="2s"), "ChallengerNotReady")

    assert "Unschedulable" in found["status"]["message"]
    await eventually(lambda: CHALLENGER in deployments(), equals=False)


@pytest.mark.usefixtures("running")
async def test_a_challenger_that_is_refused_later_ends_as_well(begin, rest, namespace, deployments):
    """It was deleted, and a quota keeps it from being made again: its time goes on."""
    read = begin(maximumDuration="10s", minimumDuration="5s", warmUp="1s")
    await until(read, "Running")
    at = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    quotas = f"/api/v1/namespaces/{namespace}/resourcequotas"
    hard = {"count/deployments.apps": "0"}
    rest.create(quotas, {"metadata": {"name": "q"}, "spec": {"hard": hard}})
    await eventually(lambda: "used" in rest.get(f"{quotas}/q").get("status", {}))

    rest.delete(f"{at}/{CHALLENGER}")

    found = await eventually(
        read, where=lambda found: found["status"]["phase"] == "Finished", within=WITHIN
    )
    assert "Inconclusive" == found["status"]["verdict"]
    assert CHALLENGER not in deployments()


async def test_a_new_manager_goes_on_with_the_same_numbers(managed, begin, rest, path, pages):
    """All that was counted is in the status."""
    pages.champion.errors = pages.challenger.errors = 10
    async with managed():
        rest.create(path.rpartition("/")[0], made())
        read = begin()
        found = await eventually(read, where=lambda f: batches(f) > 1, within=WITHIN)
    before = read()["status"]
    assert found["status"]["times"]["running"] == before["times"]["running"]

    async with managed():
        after = await eventually(
            read, where=lambda f: batches(f) > before["challenger"]["batches"], within=WITHIN
        )

    assert before["times"] == after["status"]["times"]
    ((requests, _),) = pages.challenger.counters.values()
    # All requests but those of the first reading, which says where the counter stands; the last
    # reading may have come after the status was read.
    wanted = requests - 2 * pages.challenger.rate, requests - pages.challenger.rate
    assert after["status"]["challenger"]["samples"] in wanted
    assert 0.9 == pytest.approx(after["status"]["challenger"]["mean"])


def batches(found):
    """Return in how many intervals the challenger was measured."""
    return found.get("status", {}).get("challenger", {}).get("batches", 0)


@pytest.mark.usefixtures("running")
async def test_whose_name_is_taken_waits(begin, rest, namespace):
    """A workload of that name that belongs to nobody of ours is not touched."""
    labels = {"a": "b"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "a", "image": "nowhere.invalid/a:1"}]},
    }
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": CHALLENGER,
            "ownerReferences": [
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "name": "kube-root-ca.crt",
                    "uid": rest.get(f"/api/v1/namespaces/{namespace}/configmaps/kube-root-ca.crt")[
                        "metadata"
                    ]["uid"],
                    "controller": True,
                }
            ],
        },
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
    }
    rest.create(f"/apis/apps/v1/namespaces/{namespace}/deployments", body)

    found = await until(begin(), "NameTaken")

    assert "Pending" == found["status"]["phase"]
