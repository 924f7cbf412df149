"""Proposals from their beginning to their end, on a real control plane."""

import asyncio

import pytest

from controller.runtime.finalizer import ensure_finalizer
from reconcilers.penin.ledger.entries import ConfigMap
from reconcilers.penin.proposal import reconciler
from reconcilers.penin.proposal.target import OURS
from tests.integration.penin.proposal.world import APPLY, METRICS, WITHIN
from tests.integration.penin.world import made
from tests.kit.eventually import eventually

MORE = {"replicas": {"sigmaGuard": 3}}
pytestmark = pytest.mark.usefixtures("judging")


async def on_trial(world, change=MORE, *, spec=None, **policy):
    """Make a cluster and a proposal, and wait until it is applied."""
    world.cluster(policy=policy, **(spec or {"replicas": {"sigmaGuard": 2}}))
    world.tell()
    name = world.propose(change)
    await world.reaches(name, "Applied")
    return name


async def test_a_change_that_makes_nothing_worse_is_kept(world):
    """It is applied, soaks, and stays; only its field is ours."""
    name = await on_trial(world)
    world.tell()

    assert ("Kept", "GuardsHeld") == await world.ends(name)

    assert 3 == world.spec()["replicas"]["sigmaGuard"]
    assert {OURS} == world.owners("replicas.sigmaGuard")
    assert ["applied", "kept"] == world.decisions()
    assert [] == world.proposal(name)["metadata"].get("finalizers", [])


async def test_a_worse_figure_takes_exactly_the_change_back(world):
    """The field has its value and its owner again; everything else is as it was."""
    name = await on_trial(world)
    before = world.rest.get(world.path)
    world.tell(metrics=METRICS | {"srScore": 0.5})

    assert ("Reverted", "GuardFailed") == await world.ends(name)

    assert before["spec"] | {"replicas": before["spec"]["replicas"] | {"sigmaGuard": 2}} == (
        world.spec()
    )
    assert {"jane/Apply"} == world.owners("replicas.sigmaGuard")
    assert ["applied", "reverted"] == world.decisions()


async def test_a_field_that_was_nobodys_is_nobodys_again(world):
    """A default that a change has moved is the default again, and not ours."""
    name = await on_trial(world, spec={"version": "1.0.0"}, change={"replicas": {"acfaLeague": 2}})
    world.tell(phase="Failed")

    assert ("Reverted", "PhaseFailed") == await world.ends(name)

    assert 1 == world.spec()["replicas"]["acfaLeague"]
    assert set() == world.owners("replicas.acfaLeague")


async def test_a_revert_leaves_what_was_kept_before(world):
    """The second change goes, the first one stays where it was, ours."""
    first = await on_trial(world)
    world.tell()
    await world.ends(first)
    second = world.propose({"replicas": {"acfaLeague": 2}})
    await world.reaches(second, "Applied")
    world.tell(phase="Failed")

    await world.ends(second)

    assert (3, 1) == (
        world.spec()["replicas"]["sigmaGuard"],
        world.spec()["replicas"]["acfaLeague"],
    )
    assert {OURS} == world.owners("replicas.sigmaGuard")


async def test_a_figure_that_is_missing_at_the_end_takes_the_change_back(world):
    """What nobody can tell counts as worse."""
    name = await on_trial(world)
    world.tell(metrics={"srScore": None})

    assert ("Reverted", "GuardUnknown") == await world.ends(name)


async def test_a_change_whose_services_do_not_get_ready_is_taken_back(world):
    """After the time to settle."""
    name = await on_trial(world, settle="1s")
    world.tell(phase="Updating")

    assert ("Reverted", "NotSettled") == await world.ends(name)


@pytest.mark.parametrize("how", ["merge", "apply"])
async def test_a_person_who_changes_the_field_wins(world, how):
    """It is never put back over theirs, and the ledger says so."""
    name = await on_trial(world)

    if how == "merge":
        world.rest.merge(
            f"{world.path}?fieldManager=joe", {"spec": {"replicas": {"sigmaGuard": 4}}}
        )
    else:
        body = made("a", replicas={"sigmaGuard": 4})
        where = f"{world.path}?fieldManager=joe&force=true"
        world.rest.request("PATCH", where, body, content_type=APPLY).ok()
    world.tell(phase="Failed")

    assert ("Superseded", "HumanWins") == await world.ends(name)
    assert 4 == world.spec()["replicas"]["sigmaGuard"]
    assert "joe" in world.proposal(name)["status"]["message"]
    assert "superseded" == world.decisions()[-1]


async def test_a_person_who_claims_the_field_as_it_is_wins_over_a_revert(world):
    """They want it so: a revert would undo what they said."""
    name = await on_trial(world)
    body = made("a", replicas={"sigmaGuard": 3})
    world.rest.request("PATCH", f"{world.path}?fieldManager=joe", body, content_type=APPLY).ok()
    world.tell(phase="Failed")

    assert ("Superseded", "HumanWins") == await world.ends(name)
    assert 3 == world.spec()["replicas"]["sigmaGuard"]


async def test_another_edit_begins_the_soak_anew(world):
    """The services have to be ready with the newest spec for the whole of it."""
    name = await on_trial(world, soak="2s")
    world.tell()
    await world.reaches(name, "Applied", "Soaking")
    world.rest.merge(world.path, {"spec": {"version": "1.0.0"}})
    world.tell(phase="Updating")
    await world.reaches(name, "Applied", "Settling")
    world.tell()

    assert ("Kept", "GuardsHeld") == await world.ends(name)
    status = world.proposal(name)["status"]
    assert world.rest.get(world.path)["metadata"]["generation"] == status["settledGeneration"]


async def test_deleting_a_proposal_on_trial_takes_it_back(world):
    """It holds on until the change is undone."""
    name = await on_trial(world, soak="60s")

    world.rest.delete(f"{world.proposals}/{name}")

    await world.is_gone(name)
    assert 2 == world.spec()["replicas"]["sigmaGuard"]
    assert ["applied", "reverted"] == world.decisions()


@pytest.mark.parametrize("switch", ["policy", "object"])
async def test_a_switch_takes_back_what_is_on_trial(world, switch, namespace):
    """Whoever stops the loop gets what people had set."""
    name = await on_trial(world, soak="60s")

    if switch == "policy":
        world.rest.merge(world.path, {"spec": {"selfArchitecting": {"enabled": False}}})
    else:
        body = {"metadata": {"name": "penin-stop"}, "data": {"reason": "an incident"}}
        world.rest.create(f"/api/v1/namespaces/{namespace}/configmaps", body)

    reason = "Disabled" if switch == "policy" else "Stopped"
    assert ("Reverted", reason) == await world.ends(name)
    assert 2 == world.spec()["replicas"]["sigmaGuard"]
    assert ("Rejected", reason) == await world.ends(world.propose(MORE))


async def test_a_stop_beside_the_operator_stops_every_cluster(world, rest, home, judging):
    """One object, no restart; without it the loop goes on."""
    body = {"metadata": {"name": "penin-stop"}}
    rest.create(f"/api/v1/namespaces/{home}/configmaps", body)
    world.cluster(replicas={"sigmaGuard": 2})
    world.tell()

    assert ("Rejected", "Stopped") == await world.ends(world.propose(MORE))

    rest.delete(f"/api/v1/namespaces/{home}/configmaps/penin-stop")
    seen = judging.runtime.lister(ConfigMap)
    await eventually(lambda: seen.snapshot(f"{home}/penin-stop") is None)
    await world.reaches(world.propose(MORE), "Applied")


async def test_one_is_on_trial_at_a_time(world):
    """The second waits for the end of the first, then has its turn."""
    first = await on_trial(world)
    second = world.propose({"replicas": {"acfaLeague": 2}})
    await world.reaches(second, "Pending", "Queued")
    world.tell()
    await world.ends(first)

    await world.reaches(second, "Applied")


async def test_a_way_back_that_is_refused_is_told_and_tried_again(world):
    """Nothing else is applied to the cluster meanwhile, so people have to learn of it."""
    name = await on_trial(world)
    with world.ruled("object.spec.replicas.sigmaGuard > 2"):
        await eventually(lambda: world.is_refused({"replicas": {"sigmaGuard": 2}}), within=WITHIN)
        world.tell(phase="Failed")

        await world.reaches(name, "Applied", "RevertRefused")
        assert "change the fields yourself" in world.proposal(name)["status"]["message"]

    assert "Reverted" == (await world.ends(name))[0]
    assert 2 == world.spec()["replicas"]["sigmaGuard"]


async def test_a_deleted_cluster_ends_what_is_on_trial(world):
    """Nothing is put back into what is gone; the proposal can be deleted."""
    name = await on_trial(world, soak="60s")

    world.rest.delete(world.path)

    assert ("Superseded", "ClusterGone") == await world.ends(name)
    world.rest.delete(f"{world.proposals}/{name}")
    await world.is_gone(name)


async def test_without_room_in_the_ledger_nothing_is_changed(world, rest, namespace):
    """What cannot be recorded is not done; it is once there is room."""
    world.cluster(replicas={"sigmaGuard": 2})
    world.tell()
    quota = {"metadata": {"name": "full"}, "spec": {"hard": {"count/configmaps": "0"}}}
    quotas = f"/api/v1/namespaces/{namespace}/resourcequotas"
    rest.create(quotas, quota)
    await world.is_enforced(f"{quotas}/full")
    name = world.propose(MORE)

    await world.reaches(name, "Pending", "LedgerUnwritable")
    assert 2 == world.spec()["replicas"]["sigmaGuard"]


async def test_of_two_that_may_be_applied_one_is(world, monkeypatch):
    """The other learns of it while it is being prepared, and waits."""
    is_applied = asyncio.Event()

    async def slow(client, kind, snapshot, name):
        found = await ensure_finalizer(client, kind, snapshot, name)
        if snapshot.meta.name == slower:
            await is_applied.wait()
        return found

    monkeypatch.setattr(reconciler, "ensure_finalizer", slow)
    world.cluster(policy={"soak": "10m"}, replicas={"sigmaGuard": 2})
    slower, faster = world.propose({"replicas": {"acfaLeague": 2}}), world.propose(MORE)
    for name in (slower, faster):
        await world.reaches(name, "Pending", "ClusterNotSettled")

    world.tell()
    await world.reaches(faster, "Applied")
    is_applied.set()

    await world.reaches(slower, "Pending", "Queued")
    assert ["applied"] == world.decisions()
