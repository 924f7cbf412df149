"""The operator of PENIN-Ω on the real node, installed once for all tests of this folder."""

import contextlib

import pytest

from tests.e2e.install_world import PENIN
from tests.e2e.penin.world import Penin, load_services
from tests.kit.rest import Rest

LINUX = {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}


@pytest.fixture(scope="package")
def operator(real, ask):
    """Have the operator run on the node; it is refused nothing, and afterwards nothing is left."""
    load_services(real)
    with PENIN.installed(real, ask) as audit:
        yield audit


@pytest.fixture
def penin(operator, real, room):
    """Return a cluster that is yet to be made; in the end it is deleted, then its namespace."""
    assert [] == operator.refused()
    with contextlib.closing(Rest(real.kubeconfig)) as rest:
        penin = Penin(rest, room)
        yield penin
        penin.end()


@pytest.fixture
def running(penin):
    """Return a function that makes the cluster and waits until it runs."""

    def make(**more):
        penin.create(**more)
        penin.becomes("Running")
        return penin

    return make


@pytest.fixture
def volume(penin, tmp_path):
    """Return a StorageClass with one volume that heeds fsGroup, which those of the node do not."""
    name = penin.namespace
    spec = {
        "capacity": {"storage": "64Mi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Retain",
        "storageClassName": name,
        "local": {"path": str(tmp_path)},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [LINUX]}]}},
    }
    penin.rest.create("/api/v1/persistentvolumes", {"metadata": {"name": name}, "spec": spec})
    yield name
    penin.end()
    penin.rest.delete(f"/api/v1/persistentvolumes/{name}")
