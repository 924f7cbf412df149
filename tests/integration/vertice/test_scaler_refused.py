"""What the API server, or somebody it asks, does not allow a scaler to write."""

import pytest

from informers.meta.builtin import DEPLOYMENT
from reconcilers.vertice.scaler.reconciler import set_up
from tests.integration.vertice.test_scaler import becomes
from tests.integration.vertice.world import WITHIN
from tests.kit.eventually import eventually
from tests.kit.faults import Match
from tests.kit.hosting import hosted
from tests.kit.rest import MERGE

POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
RULE = {
    "apiGroups": ["apps"],
    "apiVersions": ["v1"],
    "operations": ["UPDATE"],
    "resources": ["deployments/scale"],
}
SCALED = Match(method="PUT", path="/deployments/web/scale")
TOLD = Match(method="PATCH", path="/verticescalers/web/status")
AT_MOST_THREE = "object.spec.replicas <= 3"
ASKED = "has(request.dryRun) && request.dryRun"
WORDS = "three pods are all that was paid for"


@pytest.fixture(params=[AT_MOST_THREE], ids=["at most three"])
async def at_most_three(world, request):
    """Have the API server allow three pods, and wait until it does."""
    name, spaces = f"{world.namespace}.test", {"kubernetes.io/metadata.name": world.namespace}
    world.rest.create(
        POLICIES,
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "matchConstraints": {
                    "resourceRules": [RULE],
                    "namespaceSelector": {"matchLabels": spaces},
                },
                "validations": [{"expression": request.param, "message": WORDS}],
            },
        },
    )
    binding = {"policyName": name, "validationActions": ["Deny"]}
    world.rest.create(
        BINDINGS,
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": binding,
        },
    )
    world.deploy("probe", replicas=1)
    scale = f"{DEPLOYMENT.path(world.namespace, 'probe')}/scale"
    merge = {"spec": {"replicas": 4}}

    def tried():
        return world.rest.request("PATCH", scale, merge, content_type=MERGE).status

    await eventually(tried, equals=422, within=WITHIN)
    yield
    world.rest.delete(f"{BINDINGS}/{name}")
    world.rest.delete(f"{POLICIES}/{name}")


@pytest.mark.usefixtures("host", "at_most_three")
async def test_a_number_that_is_refused_is_told_in_the_words_of_who_refused_it(world, busy):
    """And what is allowed is done as soon as it is asked for."""
    await busy()
    world.create()
    await becomes(lambda: world.condition("AbleToScale"), ("False", "Refused"))
    assert WORDS in world.said("AbleToScale")
    assert world.said("Ready").endswith("; it is tried again in 15 s")
    assert 2 == world.replicas() == world.status()["currentReplicas"]

    world.change(maxReplicas=3)

    await becomes(world.replicas, 3)
    await becomes(lambda: world.condition("AbleToScale"), ("True", "ReadyForNewScale"))
    await becomes(lambda: world.condition("ScaledToZero"), ("False", "InUse"))


@pytest.mark.usefixtures("at_most_three")
async def test_what_is_refused_again_is_not_intended_again(world, proxied, proxy):
    """It is asked without a write first, so a status does not come and go at each look."""
    world.deploy(replicas=1)
    async with hosted(proxied, set_up, namespaces=[world.namespace]):
        world.create(minReplicas=4)
        await becomes(lambda: world.condition("AbleToScale"), ("False", "Refused"))
        assert "originalReplicas" not in world.status()
        proxy.forget()
        world.look()

        await becomes(lambda: len(proxy.seen(SCALED)), 1)
        world.look()
        await becomes(lambda: len(proxy.seen(SCALED)), 2)
        assert all("All" == each.params.get("dryRun") for each in proxy.seen(SCALED))
        assert [] == proxy.seen(TOLD)

        world.change(minReplicas=3)
        await becomes(world.replicas, 3)
        assert 1 == world.status()["originalReplicas"]


@pytest.mark.usefixtures("at_most_three")
@pytest.mark.parametrize(
    "at_most_three", [f"{ASKED} || {AT_MOST_THREE}"], ids=["asked"], indirect=True
)
async def test_what_is_refused_only_in_earnest_is_not_left_intended(world, proxied, proxy):
    """Who waves through what is only asked for has it told and taken back at each look."""
    world.deploy(replicas=1)
    await becomes(world.ready, 1)
    async with hosted(proxied, set_up, namespaces=[world.namespace]):
        world.create(minReplicas=4)
        await becomes(lambda: world.condition("AbleToScale"), ("False", "Refused"))
        proxy.forget()
        world.look()

        # It is intended, and taken back; each by a write.
        await eventually(lambda: len(proxy.seen(TOLD)) >= 2, within=WITHIN)
        written = [each for each in proxy.seen(SCALED) if "dryRun" not in each.params]
        assert len(written) == 1
        await eventually(lambda: "originalReplicas" not in world.status(), within=WITHIN)
        assert 1 == world.replicas()
