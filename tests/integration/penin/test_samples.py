"""Every sample of the family is taken by the API server as it stands, and does what it says."""

from pathlib import Path

import pytest
import yaml

from hack.gen.__main__ import ROOT
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER
from tests.integration.penin.world import WITHIN, is_running
from tests.kit.eventually import eventually

SAMPLES = sorted((ROOT / "manifests/samples/penin").glob("*.yaml"))
FRAGMENTS = sorted((ROOT / "manifests/samples/penin/fragments").glob("*.yaml"))
GOLDEN = ROOT / "tests/unit/reconcilers/penin/cluster/golden"


def documents(sample: Path):
    """Return the objects of a sample."""
    return [*yaml.safe_load_all(sample.read_text())]


@pytest.fixture
def where(sample, kubectl, namespace):
    """Return the flags that say where a sample goes; a namespace that it names is there."""
    (named,) = {each["metadata"].get("namespace") for each in documents(sample)}
    if named is None:
        yield ("-n", namespace)
        return
    if named != "default":
        kubectl("create", "namespace", named)
    yield ()
    if named != "default":
        kubectl("delete", "namespace", named, "--wait=false")


@pytest.mark.usefixtures("family")
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_sample_is_taken(sample, kubectl, where):
    """With every field known."""
    kubectl("apply", "--validate=strict", *where, "-f", str(sample))

    kubectl("delete", "--wait=false", *where, "-f", str(sample))


def wanted(found, said):
    """Whether an object says what a fragment says, whatever else it says."""
    if not isinstance(said, dict):
        return found == said
    return all(name in found and wanted(found[name], each) for name, each in said.items())


def without(found, said):
    """Return what an object says apart from what a fragment says."""
    return {
        name: without(each, said[name]) if isinstance(said.get(name), dict) else each
        for name, each in found.items()
        if name not in said or isinstance(said[name], dict)
    }


@pytest.mark.usefixtures("family")
@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda path: path.name)
def test_a_fragment_is_merged_into_a_cluster_that_exists(fragment, kubectl, namespace):
    """It changes what it names and nothing else."""
    base = str(ROOT / "manifests/samples/penin/cluster-dev.yaml")
    kubectl("apply", "-n", namespace, "-f", base)
    read = ("get", "penin", "penin-dev", "-n", namespace, "-o", "yaml")
    before = yaml.safe_load(kubectl(*read))

    kubectl("patch", *read[1:5], "--type=merge", f"--patch-file={fragment}")

    after = yaml.safe_load(kubectl(*read))
    (said,) = documents(fragment)
    assert wanted(after, said)
    assert wanted(before["spec"], without(after["spec"], said["spec"]))


@pytest.mark.parametrize("children", sorted(GOLDEN.glob("*")), ids=lambda path: path.name)
def test_all_that_a_sample_makes_is_taken(children, kubectl, namespace):
    """Every child of it, NetworkPolicies among them, by a dry run with every field known."""
    flags = ("--dry-run=server", "--validate=strict", "-n", namespace)

    said = kubectl("apply", *flags, "-f", str(children))

    assert len([*children.iterdir()]) == len(said.splitlines())


MAKES = {
    "autoscaling": "horizontalpodautoscaler.autoscaling/penin-autoscaling-sigma-guard",
    "ledger": "persistentvolumeclaim/penin-ledger-ledger",
    "monitoring": "networkpolicy.networking.k8s.io/penin-monitored",
    "placement": "poddisruptionbudget.policy/penin-placed-sigma-guard",
    "private-registry": "deployment.apps/penin-private-redis",
    "protected": "deployment.apps/penin-protected-sigma-guard",
    "rollback": "deployment.apps/penin-rollback-sigma-guard",
    "secrets": "deployment.apps/penin-with-secrets-redis",
}


@pytest.mark.parametrize(("name", "child"), MAKES.items(), ids=MAKES)
async def test_a_sample_of_a_feature_runs(name, child, host, kubectl, rest, path, namespace):
    """It becomes Running as it stands, and has what it is the sample of."""
    assert host.manager.progress.leading
    sample = ROOT / f"manifests/samples/penin/{name}.yaml"
    kubectl("apply", "-n", namespace, "-f", str(sample))
    (cluster,) = (
        each["metadata"]["name"]
        for each in documents(sample)
        if each["kind"] == PENIN_OMEGA_CLUSTER.kind
    )
    at = f"{path.rpartition('/')[0]}/{cluster}"

    await eventually(lambda: rest.get(at), where=is_running, within=WITHIN)

    listed = kubectl("get", "hpa,pvc,pdb,netpol,deploy", "-n", namespace, "-o", "name")
    assert child in listed.split()
