"""A scale that no role lets the operator write: told once, asked for without a write until then."""

from pathlib import Path

import attrs
import pytest
import yaml

from reconcilers.vertice.scaler.reconciler import set_up
from tests.integration.vertice.test_scaler import becomes
from tests.integration.vertice.world import WITHIN
from tests.kit.eventually import eventually
from tests.kit.faults import Match
from tests.kit.hosting import hosted

ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles"
BINDINGS = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings"
GROUPS = [
    "",
    "autoscaling",
    "coordination.k8s.io",
    "events.k8s.io",
    "keda.sh",
    "metrics.k8s.io",
    "vertice.io",
]
USUAL = (
    {"apiGroups": GROUPS, "resources": ["*"], "verbs": ["*"]},
    {"apiGroups": ["apps"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
)
GRANT = {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["get", "update"]}
SCALED = Match(method="PUT", path="/deployments/web/scale")
TOLD = Match(method="PATCH", path="/verticescalers/web/status")


@attrs.frozen
class Limited:
    """The way to the cluster of an account with roles, and who gives it more of them."""

    kubeconfig: Path
    world: object

    def grant(self, name, *rules):
        """Let the account do so much more."""
        space = self.world.namespace
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name}
        subject = {"kind": "ServiceAccount", "name": "operator", "namespace": space}
        self.world.rest.create(
            ROLES.format(space), {"metadata": {"name": name}, "rules": list(rules)}
        )
        self.world.rest.create(
            BINDINGS.format(space),
            {"metadata": {"name": name}, "roleRef": role, "subjects": [subject]},
        )


@pytest.fixture
def limited(world, proxied, tmp_path):
    """Return the way to the cluster of an account that may write no scale."""
    config = yaml.safe_load(proxied.kubeconfig.read_text())
    for each in config["users"]:
        each["user"]["as"] = f"system:serviceaccount:{world.namespace}:operator"
    path = tmp_path / "limited.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    account = Limited(path, world)
    account.grant("usual", *USUAL)
    return account


async def test_what_no_role_grants_is_told_and_asked_for_without_a_write(world, limited, proxy):
    """A status does not come and go at each look; once it is granted, it is done."""
    world.deploy(replicas=1)
    await becomes(world.ready, 1)
    async with hosted(limited, set_up, namespaces=[world.namespace]):
        world.create(minReplicas=4)
        await becomes(lambda: world.condition("AbleToScale"), ("False", "Forbidden"))
        remedy = "the operator may not update deployments.apps/scale, which Deployment web needs"
        assert world.said("AbleToScale").startswith(remedy)
        assert "originalReplicas" not in world.status()
        proxy.forget()

        for looks in (1, 2, 3):
            world.look()
            await eventually(lambda n=looks: len(proxy.seen(SCALED)) >= n, within=WITHIN)
        assert all("All" == each.params.get("dryRun") for each in proxy.seen(SCALED))
        assert [] == proxy.seen(TOLD)
        assert 1 == world.replicas()

        limited.grant("scale", GRANT)
        world.look()
        await becomes(world.replicas, 4)
        assert 1 == world.status()["originalReplicas"]
