"""Who proposes, by real tokens, through the real webhook server."""

import asyncio

import pytest

from hack.gen.emitter import emit
from hack.gen.rbac import lent_roles
from reconcilers.penin.family import FAMILY
from reconcilers.penin.proposal.access import PROPOSER
from reconcilers.penin.webhooks.proposals import WEBHOOKS
from tests.integration.penin.proposal.world import SERVICE_ACCOUNT, WITHIN
from tests.integration.webhook_world import serving
from tests.kit.eventually import eventually

MORE = {"replicas": {"sigmaGuard": 3}}


@pytest.fixture
async def served(cluster, world):
    """Serve the family's webhooks until the test ends, and wait until they are in force."""
    world.cluster(policy={"mode": "Supervised"}, replicas={"sigmaGuard": 2})
    async with serving(cluster, WEBHOOKS):
        forged = {"proposer": {"username": SERVICE_ACCOUNT}}

        async def status():
            answer = await asyncio.to_thread(world.attempt, MORE, dry_run=True, **forged)
            return answer.status

        await eventually(status, equals=422, within=WITHIN)
        yield


@pytest.fixture
def account(kubectl, namespace, world):
    """Return a function that proposes with a token of a ServiceAccount that may propose."""
    kubectl("apply", "-f", "-", stdin=emit(lent_roles(FAMILY), header="The role."))
    group = f"--group=system:serviceaccounts:{namespace}"
    kubectl("-n", namespace, "create", "rolebinding", "p", f"--clusterrole={PROPOSER}", group)

    def attempt(name, **spec):
        kubectl("-n", namespace, "create", "serviceaccount", name)
        token = kubectl("-n", namespace, "create", "token", name).strip()
        return world.attempt(MORE, token=token, proposer={}, **spec)

    return attempt


@pytest.mark.usefixtures("served")
async def test_sr_omega_infinity_proposes_for_its_cluster(account, namespace):
    """Its name and uid stand in the proposal."""
    answer = await asyncio.to_thread(account, "a-sr-omega-infinity")

    proposer = answer.ok()["spec"]["proposer"]
    assert f"system:serviceaccount:{namespace}:a-sr-omega-infinity" == proposer["username"]
    assert proposer["uid"]


@pytest.mark.usefixtures("served")
async def test_another_service_may_not(account):
    """Though RBAC would let it."""
    answer = await asyncio.to_thread(account, "a-omega-meta")

    assert 403 == answer.status
    assert "may not propose for a" in answer.body["message"]


@pytest.mark.usefixtures("served")
async def test_a_forged_proposer_is_refused(world):
    """With the field, and who asks instead."""
    answer = await asyncio.to_thread(world.attempt, MORE)

    assert (422, "spec.proposer") == (
        answer.status,
        answer.body["details"]["causes"][0]["field"],
    )


@pytest.mark.usefixtures("served", "judging")
async def test_a_person_approves_of_what_another_proposes(world, account):
    """And is named in the ledger; a forged name is refused."""
    answer = await asyncio.to_thread(account, "a-sr-omega-infinity")
    name = answer.ok()["metadata"]["name"]
    world.tell()
    await world.reaches(name, "AwaitingApproval")

    forged = await asyncio.to_thread(world.say, name, "approved", by="joe")
    approved = await asyncio.to_thread(world.say, name, "approved")

    assert (422, 200) == (forged.status, approved.status)
    await world.reaches(name, "Applied")
    approver = approved.body["metadata"]["annotations"]["penin.ai/approval-by"]
    assert f'"by":"{approver}"' in world.ledger()[0]["data"]["entry"]


def test_without_a_manager_nobody_proposes():
    """What is generated fails closed."""
    assert {"Fail"} == {webhook.failure_policy for webhook in WEBHOOKS}
    assert {("CREATE", "UPDATE")} == {webhook.operations for webhook in WEBHOOKS}
