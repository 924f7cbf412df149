"""The manifests that guides show are taken by a real API server, as a reader would apply them."""

import re

import pytest
import yaml

from hack.gen.__main__ import ROOT
from reconcilers.vertice.api.scaler import VERTICE_SCALER
from tests.integration.vertice.world import WITHIN, scaler
from tests.kit.eventually import eventually

GUIDES = [ROOT / "docs/guide/vertice-scaler.md", ROOT / "docs/guide/vertice-migrating.md"]
POLICY = "ValidatingAdmissionPolicy"
KEDA = "keda.sh/"
PROMETHEUS = "http://prometheus-operated.monitoring:9090"


def manifests(guide):
    """Return the objects that a page shows; a part of one has no kind."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", guide.read_text(), re.DOTALL | re.MULTILINE)
    found = [each for block in blocks for each in yaml.safe_load_all(block)]
    return [each for each in found if "kind" in each]


def applicable():
    """Return the objects of the pages whose definitions are there; KEDA's are not."""
    found = [each for guide in GUIDES for each in manifests(guide)]
    return [each for each in found if not each["apiVersion"].startswith(KEDA)]


def of_kind(prefix):
    """Return those of a kind, or of kinds that begin alike."""
    return [each for each in applicable() if each["kind"].startswith(prefix)]


@pytest.mark.parametrize("body", applicable(), ids=lambda each: each["kind"])
@pytest.mark.usefixtures("scalers")
def test_what_a_page_shows_is_taken(kubectl, namespace, body):
    """No field of it is unknown, and no rule refuses it."""
    text = yaml.safe_dump(body)
    place = [] if body["kind"].startswith(POLICY) else ["-n", namespace]

    told = kubectl("apply", "--dry-run=server", "--validate=strict", *place, "-f", "-", stdin=text)

    assert "created (server dry run)" in told


def test_each_pair_is_shown_whole():
    """What is migrated has its scaler of the same name and limits."""
    shown = manifests(GUIDES[1])
    old = [each for each in shown if each["kind"] != VERTICE_SCALER.kind]
    new = [each for each in shown if each["kind"] == VERTICE_SCALER.kind]

    assert ["HorizontalPodAutoscaler", "ScaledObject"] == [each["kind"] for each in old]
    for theirs, ours in zip(old, new, strict=True):
        spec = theirs["spec"]
        most = spec.get("maxReplicas", spec.get("maxReplicaCount"))
        assert theirs["metadata"]["name"] == ours["metadata"]["name"]
        assert spec["scaleTargetRef"]["name"] == ours["spec"]["target"]["name"]
        assert most == ours["spec"]["maxReplicas"]


@pytest.fixture
def policy(kubectl, namespace):
    """Apply the policy of the guide, to the test's namespace alone."""
    policy, binding = of_kind(POLICY)
    chosen = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    for each in (policy, binding):
        each["metadata"]["name"] = f"{each['metadata']['name']}-{namespace}"
    binding["spec"] |= {"policyName": policy["metadata"]["name"], "matchResources": chosen}
    text = yaml.safe_dump_all([policy, binding])
    kubectl("apply", "-f", "-", stdin=text)
    yield
    kubectl("delete", "-f", "-", stdin=text)


@pytest.mark.usefixtures("policy")
async def test_the_policy_of_the_guide_allows_one_address(world):
    """Another one is refused in its words, also where it only begins like the one."""

    def tried(address):
        path = f"{VERTICE_SCALER.path(world.namespace)}?dryRun=All"
        return world.rest.request("POST", path, scaler(prometheus={"address": address}))

    await eventually(lambda: tried("http://127.0.0.1:9090").status, equals=422, within=WITHIN)

    assert "scalers may not ask http://127.0.0.1:9090" in str(tried("http://127.0.0.1:9090").body)
    assert 422 == tried(f"{PROMETHEUS}.example").status
    assert 422 == tried(f"{PROMETHEUS}@example").status
    assert 201 == tried(PROMETHEUS).status
    assert (
        201
        == world.rest.request(
            "POST", f"{VERTICE_SCALER.path(world.namespace)}?dryRun=All", scaler()
        ).status
    )
