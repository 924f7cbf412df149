"""The operator of VÉRTICE on the real node, installed once for all tests of this folder."""

import contextlib
import datetime as dt
from urllib.parse import urlsplit

import pytest

from tests.e2e.vertice.world import OPERATOR, QUICK, Loaded
from tests.kit.cluster import fresh_namespace
from tests.kit.images import ensure
from tests.kit.rest import Rest


@pytest.fixture(scope="package")
def operator(real, ask):
    """Have the operator run on the node; it is refused nothing, and afterwards nothing is left."""
    ensure(real, "penin-service")
    with OPERATOR.installed(real, ask) as audit:
        yield audit


@pytest.fixture
def loaded(operator, real, room, tmp_path):
    """Return a namespace for workloads under a load."""
    assert [] == operator.refused()
    with contextlib.closing(Rest(real.kubeconfig)) as rest:
        yield Loaded.of(rest, room, tmp_path)


@pytest.fixture
def reached(real):
    """Return the address of this machine that pods reach."""
    return urlsplit(real.server).hostname


@pytest.fixture(scope="package", autouse=True)
def clocked(operator, real, tmp_path_factory):
    """Return a namespace with a scaler by the clock, and its edges, which pass meanwhile."""
    assert [] == operator.refused()
    begin = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0) + dt.timedelta(minutes=2)
    edges = begin, begin + dt.timedelta(minutes=1)
    first, last = (f"{edge:%-M %-H} * * *" for edge in edges)
    with contextlib.closing(Rest(real.kubeconfig)) as rest, fresh_namespace(rest) as name:
        loaded = Loaded.of(rest, name, tmp_path_factory.mktemp("clocked"))
        loaded.run()
        entry = {"cron": first, "end": last, "replicas": 3}
        loaded.create(metrics=None, schedule=[entry], behavior=QUICK)
        yield edges, loaded
