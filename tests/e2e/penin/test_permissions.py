"""What the shipped roles grant is what a cluster that has everything, and then nothing, takes.

One test leads a cluster through all that the operator does for its users, so that it says the same
alone, in `make e2e` and beside every scenario; that nothing is refused is held for all of them, by
their fixtures.
"""

import pytest
import yaml

from reconcilers.penin.api.experiment import PENIN_EXPERIMENT
from reconcilers.penin.api.proposal import PENIN_PROPOSAL
from reconcilers.penin.ledger.desired import ROLE, ROLE_BINDING
from tests.e2e.install_world import PENIN
from tests.e2e.penin.world import PATIENCE, REDIS, SMALL
from tests.kit.audit import Audit, Grant, unexplained
from tests.kit.eventually import eventually_blocking
from tests.kit.foreign import SERVICE_MONITOR, serving

pytestmark = pytest.mark.timeout(420)
REFLECTION = "a-sr-omega-infinity"
WRITER = "a-ledger-writer"
UNUSED = {
    Grant("secrets", "update"): "the webhooks' certificates rotate after weeks",
}
"""What the operator is granted and does not do within minutes, and why."""
UNUSED_BY_REFLECTION = {
    Grant("peninproposals.penin.ai", "watch"): "the stand-in proposes; what came of it, people ask",
}
POLICY = {
    "enabled": True,
    "fields": ["config.caosPlus.maxBoost"],
    "bounds": [{"field": "config.caosPlus.maxBoost", "min": "0", "max": "1", "step": "1"}],
    "settle": "90s",
    "soak": "1s",
    "cooldown": "0s",
    "guards": [],
    "history": "1s",
    "mute": {"window": "1s"},
}
NOTHING = {
    "replicas": {"sigmaGuard": 1},
    "autoScaling": {"enabled": False},
    "networkPolicy": {"enabled": False},
    "observability": {"serviceMonitor": False},
    "selfArchitecting": {"enabled": False},
    "storage": {"cache": {"enabled": False}, "wormLedger": {"enabled": False}},
}


@pytest.fixture
def monitored(operator, ask):
    """Have ServiceMonitors served, once the operator is there."""
    with serving(ask, [SERVICE_MONITOR]):
        yield operator


def everything(volume):
    """Return the spec of a cluster that has all there is."""
    return {
        "replicas": {"sigmaGuard": 2},
        "autoScaling": {
            "enabled": True,
            "minReplicas": 1,
            "maxReplicas": 2,
            "services": ["acfaLeague"],
        },
        "networkPolicy": {"enabled": True},
        "observability": {"serviceMonitor": True},
        "selfArchitecting": POLICY,
        "images": {"services": {"redis": REDIS}},
        "rollout": {"progressDeadline": "60s", "history": 1},
        "storage": {
            "cache": {"type": "redis", "resources": SMALL},
            "wormLedger": {
                "enabled": True,
                "size": "64Mi",
                "storageClass": volume,
                "deletionPolicy": "Delete",
            },
        },
    }


def propose(penin):
    """Have the cluster propose what is refused, and forgotten, and then what is kept."""
    refused = proposed(penin, "more", {"budgetDailyUsd": 7})
    eventually_blocking(
        lambda: penin.rest.request("GET", refused).status, equals=404, within=PATIENCE
    )
    kept = proposed(penin, "boost", {"caosPlus": {"maxBoost": 0.9}})
    eventually_blocking(
        lambda: penin.rest.get(kept).get("status", {}).get("phase"), equals="Kept", within=PATIENCE
    )
    assert 0.9 == penin.now()["spec"]["config"]["caosPlus"]["maxBoost"]


def proposed(penin, name, config):
    """Have SR-Ω∞ propose a change of settings; return the path of the proposal."""
    body = {
        "apiVersion": PENIN_PROPOSAL.api_version,
        "kind": PENIN_PROPOSAL.kind,
        "metadata": {"name": name},
        "spec": {"cluster": "a", "change": {"config": config}, "rationale": "a bottleneck"},
    }
    penin.post("sr-omega-infinity", "propose", body)
    return PENIN_PROPOSAL.path(penin.namespace, name)


def experiment(penin):
    """Begin an experiment and take it back."""
    body = {
        "apiVersion": PENIN_EXPERIMENT.api_version,
        "kind": PENIN_EXPERIMENT.kind,
        "metadata": {"name": "e"},
        "spec": {
            "cluster": "a",
            "service": "omegaMeta",
            "challenger": {"config": {"evolution": {"seed": 54321}}},
            "primary": {"type": "successRatio", "direction": "Higher", "minimumEffect": 0.05},
        },
    }
    penin.rest.create(PENIN_EXPERIMENT.path(penin.namespace), body)
    path = PENIN_EXPERIMENT.path(penin.namespace, "e")
    eventually_blocking(
        lambda: penin.rest.get(path), where=lambda found: "status" in found, within=PATIENCE
    )
    penin.rest.delete(path)


def bound(name, documents):
    """Return the role that a binding of this name gives, and the binding."""
    (binding,) = (
        each for each in documents if "roleRef" in each and each["metadata"]["name"] == name
    )
    given = binding["roleRef"]["name"]
    (role,) = (each for each in documents if "rules" in each and each["metadata"]["name"] == given)
    return role, binding


def test_nothing_is_granted_in_vain(monitored, penin, running, volume, real):
    """The operator, the ledger-writer and SR-Ω∞ do all that their roles allow, but for a table."""
    home = f"system:serviceaccount:{penin.namespace}"
    others = {name: Audit(real.audit_log, user=f"{home}:{name}") for name in (WRITER, REFLECTION)}
    running(**everything(volume))
    experiment(penin)
    propose(penin)
    shipped = list(yaml.safe_load_all(PENIN.manifest.read_text()))
    made = [
        each
        for kind in (ROLE, ROLE_BINDING)
        for each in penin.rest.get(kind.path(penin.namespace))["items"]
    ]
    penin.change(**NOTHING)
    penin.becomes("Running", lambda found: found["status"]["readyServices"] == "4/4")

    eventually_blocking(
        lambda: unexplained(monitored, shipped), equals=UNUSED.keys(), within=PATIENCE
    )
    for name, unused in ((WRITER, {}), (REFLECTION, UNUSED_BY_REFLECTION)):
        assert unused.keys() == unexplained(others[name], bound(name, [*shipped, *made])), name
