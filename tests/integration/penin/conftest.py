"""Fixtures of the PENIN-Ω tests: the kinds are served, a cluster is made and waited for."""

import pytest

from hack.gen.__main__ import ROOT
from reconcilers.penin.api.v1alpha1 import PENIN_OMEGA_CLUSTER
from reconcilers.penin.family import FAMILY
from tests.integration.penin.world import WITHIN, is_running, made
from tests.kit.crds import install_crds
from tests.kit.eventually import eventually
from tests.kit.hosting import hosted


@pytest.fixture(scope="session")
def family(kubectl):
    """Return the family, its kinds served."""
    for kind in FAMILY.kinds:
        crd = ROOT / f"manifests/crd/{kind.definition.kind.resource}.yaml"
        install_crds(kubectl, crd)
    return FAMILY


@pytest.fixture
def path(family, namespace):
    """Return where the cluster `a` of a test will be."""
    (kind,) = {each.definition.kind for each in family.kinds} & {PENIN_OMEGA_CLUSTER}
    return kind.path(namespace, "a")


@pytest.fixture
async def host(cluster, namespace, family):
    """Run all controllers of the family for the test's namespace."""
    set_up = (controller.set_up for controller in family.controllers)
    async with hosted(cluster, *set_up, namespaces=[namespace]) as host:
        yield host


@pytest.fixture
def running(host, rest, path):
    """Return a function that makes the cluster `a` and waits until it runs."""

    async def make(**spec):
        assert host.manager.progress.leading
        rest.create(path.rpartition("/")[0], made(**spec))
        return await eventually(lambda: rest.get(path), where=is_running, within=WITHIN)

    return make


@pytest.fixture
def deployments(rest, namespace):
    """Return a function that reads all Deployments by their names."""
    at = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    return lambda: {each["metadata"]["name"]: each for each in rest.get(at)["items"]}
