"""What is refused, asked about or only tried out, on a real control plane."""

import pytest

from tests.integration.penin.proposal.world import WITHIN
from tests.kit.eventually import eventually

MORE = {"replicas": {"sigmaGuard": 3}}
pytestmark = pytest.mark.usefixtures("judging")


@pytest.mark.parametrize(
    ("change", "policy", "reason"),
    [
        (MORE, {"enabled": False}, "Disabled"),
        ({"replicas": {"sigmaGuard": 9}}, {}, "OutOfBounds"),
        ({"replicas": {"sigmaGuard": 5}}, {}, "StepTooLarge"),
        ({"config": {"caosPlus": {"kappa": 25.0}}}, {}, "NoBound"),
        (MORE, {"fields": ["config.*"]}, "FieldNotAllowed"),
        (
            MORE,
            {
                "freezeWindows": [
                    {
                        "days": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
                        "from": "00:00",
                        "to": "00:00",
                        "zone": "Europe/Berlin",
                    }
                ]
            },
            "Frozen",
        ),
    ],
)
async def test_a_refusal_has_its_reason(world, change, policy, reason):
    """On the proposal and in the ledger; nothing is changed."""
    world.cluster(policy=policy, replicas={"sigmaGuard": 2})
    world.tell()
    before = world.spec()

    assert ("Rejected", reason) == await world.ends(world.propose(change))

    assert before == world.spec()
    (entry,) = world.ledger()
    assert f'"reason":"{reason}"' in entry["data"]["entry"]


async def test_a_proposal_nobody_stamped_is_refused(world):
    """Without the webhook there is no knowing who it is."""
    world.cluster(replicas={"sigmaGuard": 2})
    world.tell()

    assert ("Rejected", "Unattested") == await world.ends(world.propose(MORE, proposer={}))


async def test_a_cluster_that_is_not_there_is_no_cluster(world):
    """There is no ledger either."""
    assert ("Rejected", "NoCluster") == await world.ends(world.propose(MORE))
    assert [] == world.ledger()


async def test_what_the_server_would_refuse_is_not_applied(world):
    """A rule that only the whole object can break is found out by a dry run."""
    bounds = [{"field": "resources.*.memory", "min": "0", "max": "1Ti", "step": "1Ti"}]
    world.cluster(policy={"bounds": bounds})
    world.tell()
    name = world.propose({"resources": {"omegaMeta": {"memory": "1Gi"}}})
    await world.reaches(name, "Applied")
    world.tell()
    await world.ends(name)

    with world.ruled("object.spec.replicas.omegaMeta < 2"):
        await eventually(lambda: world.is_refused({"replicas": {"omegaMeta": 2}}), within=WITHIN)
        bounds = [{"field": "replicas.*", "min": 1, "max": 5, "step": 1}]
        world.rest.merge(world.path, {"spec": {"selfArchitecting": {"bounds": bounds}}})
        world.tell()
        name = world.propose({"replicas": {"omegaMeta": 2}})

        assert ("Rejected", "DryRunRefused") == await world.ends(name)


async def test_a_dry_run_changes_nothing(world):
    """It says what would be."""
    world.cluster(policy={"mode": "DryRun"}, replicas={"sigmaGuard": 2})
    world.tell()

    assert ("DryRun", "WouldBeApplied") == await world.ends(world.propose(MORE))
    assert 2 == world.spec()["replicas"]["sigmaGuard"]


async def test_a_supervised_one_waits_for_a_person(world):
    """Its proposer's own word does not count."""
    world.cluster(policy={"mode": "Supervised"}, replicas={"sigmaGuard": 2})
    world.tell()
    name = world.propose(MORE)
    await world.reaches(name, "AwaitingApproval")

    world.annotate(name, "approved", by=world.proposal(name)["spec"]["proposer"]["username"])
    world.annotate(name, "approved", by="jane")
    await world.reaches(name, "Applied")

    assert ["approved", "applied"] == world.decisions()
    assert '"by":"jane"' in world.ledger()[0]["data"]["entry"]


async def test_a_supervised_one_can_be_denied(world):
    """With the name of who does not want it."""
    world.cluster(policy={"mode": "Supervised"}, replicas={"sigmaGuard": 2})
    world.tell()
    name = world.propose(MORE)
    await world.reaches(name, "AwaitingApproval")

    world.annotate(name, "denied", by="jane")

    assert ("Rejected", "Denied") == await world.ends(name)
    assert "jane" in world.proposal(name)["status"]["message"]


async def test_one_that_waits_too_long_expires(world):
    """A cluster that never settles has no baseline."""
    world.cluster(replicas={"sigmaGuard": 2})
    name = world.propose(MORE, ttl="2s")

    assert ("Expired", "TooLate") == await world.ends(name)


async def test_reverts_make_the_pause_longer_and_mute_the_proposer(world):
    """As the policy says, for that proposer."""
    world.cluster(
        policy={"cooldown": "0s", "mute": {"reverts": 1, "window": "24h"}},
        replicas={"sigmaGuard": 2},
    )
    world.tell()
    name = world.propose(MORE)
    await world.reaches(name, "Applied")
    world.tell(phase="Failed")
    await world.ends(name)
    world.tell()

    assert ("Rejected", "ProposerMuted") == await world.ends(world.propose(MORE))
    jane = {"username": "jane"}
    await world.reaches(world.propose(MORE, proposer=jane), "Applied")


async def test_old_proposals_go(world):
    """What the ledger says of them stays."""
    world.cluster(
        policy={"enabled": False, "history": "1s", "mute": {"reverts": 3, "window": "1s"}}
    )
    world.tell()
    name = world.propose(MORE)

    await world.is_gone(name)

    assert ["rejected"] == world.decisions()


async def test_a_proposal_cannot_be_changed(world):
    """Nor can it be empty, or about anything else than what may change."""
    world.cluster(policy={"mode": "Supervised"})
    name = world.propose(MORE)
    where = f"{world.proposals}/{name}?fieldManager=x"
    patch = {"spec": {"change": {"replicas": {"sigmaGuard": 4}}}}
    content = "application/merge-patch+json"

    answer = world.rest.request("PATCH", where, patch, content_type=content)

    assert (422, True) == (answer.status, "cannot be changed" in answer.body["message"])
    assert 422 == world.attempt({}).status
    assert 400 == world.attempt({"images": {"registry": "evil"}}).status
