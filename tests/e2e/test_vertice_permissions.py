"""VÉRTICE lives on its generated roles alone: nothing refused, nothing granted in vain.

The manager runs under its own ServiceAccount and token, and scalers go through all that they do for
their users. What was asked is read from the API server's audit log.
"""

import contextlib
import functools
import sys

import pytest

from informers.meta.builtin import DEPLOYMENT, STATEFUL_SET
from reconcilers.vertice.api.scaler import VERTICE_SCALER, VerticeScaler
from reconcilers.vertice.scaler.reading.kinds import REPLICA_SET
from tests.e2e.account_world import HOME, RBAC, USER, account, applied
from tests.integration.vertice.world import World, deployment, serve
from tests.kit.audit import Audit, Grant, unexplained
from tests.kit.cluster import fresh_namespace, kubectl_of
from tests.kit.eventually import eventually_blocking
from tests.kit.foreign import serving
from tests.kit.rest import Rest

ROLES = ("manager", "runtime.yaml", "vertice.yaml")
KEDA = ("keda.sh/v1alpha1", "ScaledObject")
PROGRAM = [sys.executable, "-m", "controller", "manager", "--families=vertice"]
FLOOR = {"cron": "* * * * *", "replicas": 2}
UNUSED = {Grant("events", "patch"): "nothing is told twice"}
PATIENCE = 60


@pytest.fixture
def served(own_cluster):
    """Return a cluster that serves scalers, what pods use, and KEDA's kind."""
    cluster = own_cluster(fake_nodes=1)
    kubectl = kubectl_of(cluster)
    serve(kubectl)
    with serving(kubectl, [KEDA]):
        yield cluster


@pytest.fixture
def rest(served):
    """Return an administrator."""
    with contextlib.closing(Rest(served.kubeconfig)) as found:
        yield found


@pytest.fixture
def kubeconfig(served, rest, tmp_path):
    """Return the manager's own."""
    return account(rest, served, tmp_path)


@pytest.fixture
def roles(kubeconfig, served):
    """Apply the roles, which are for the namespace of the manager; return what is in them."""
    assert kubeconfig.is_file()
    with applied(kubectl_of(served), *((RBAC / each, ()) for each in ROLES)) as found:
        yield found


def becomes(rest, path, replicas):
    """Wait until a workload is to have so many pods."""
    look = functools.partial(rest.get, path)
    eventually_blocking(
        look, where=lambda found: found["spec"]["replicas"] == replicas, within=PATIENCE
    )


def live(world):
    """Scale all three kinds, by all that can be listened to, and give the pods back."""
    for kind in (DEPLOYMENT, STATEFUL_SET, REPLICA_SET):
        name, path = kind.kind.lower(), kind.path(world.namespace)
        world.rest.create(path, deployment(name, replicas=1, kind=kind.kind))
        target = {"kind": kind.kind, "name": name}
        world.create(name, target=target, metrics=None, schedule=[FLOOR])
        becomes(world.rest, f"{path}/{name}", 2)
    world.deploy("heard", replicas=1)
    world.create(
        "heard",
        target={"kind": "Deployment", "name": "heard"},
        restoreReplicas=True,
        schedule=[FLOOR],
        metrics=[
            {"type": "cpu", "target": {"averageUtilization": 50}},
            {"type": "custom", "custom": {"name": "hits"}, "target": {"averageValue": "1"}},
            {"type": "external", "external": {"query": "up", "target": "1"}},
        ],
        prometheus={
            "address": "http://127.0.0.1:1",
            "auth": {"bearerToken": {"name": "none", "key": "token"}},
        },
    )
    becomes(world.rest, DEPLOYMENT.path(world.namespace, "heard"), 2)
    path = VERTICE_SCALER.path(world.namespace, "heard")
    world.rest.delete(path)
    eventually_blocking(lambda: world.rest.request("GET", path).status, equals=404, within=PATIENCE)
    assert 1 == world.replicas("heard")


@pytest.mark.timeout(300)
def test_the_roles_are_enough_and_nothing_in_them_is_in_vain(
    served, rest, kubeconfig, roles, start
):
    """All that scalers do, as the account that the roles are bound to."""
    audit = Audit(served.audit_log, user=USER)
    manager = start(
        f"--kubeconfig={kubeconfig}", f"--lease-namespace={HOME}", "--namespaces=", program=PROGRAM
    )
    with fresh_namespace(rest) as namespace:
        live(World(VerticeScaler, rest, namespace))

    eventually_blocking(lambda: unexplained(audit, roles), equals=UNUSED.keys(), within=PATIENCE)
    assert 0 == manager.stop(), manager.text()
    assert [] == audit.refused()
