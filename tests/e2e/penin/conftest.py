"""The operator of PENIN-Ω on the real node, installed once for all tests of this folder."""

import contextlib

import pytest

from tests.e2e.penin.world import HOME, OPERATOR, Penin, operated
from tests.kit.audit import Audit
from tests.kit.rest import Rest


@pytest.fixture(scope="package")
def operator(real, ask):
    """Have the operator run on the node; it is refused nothing, and afterwards nothing is left."""
    audit = Audit(real.audit_log, user=f"system:serviceaccount:{HOME}:{OPERATOR}")
    with operated(real, ask):
        yield audit
        assert [] == audit.refused()


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
